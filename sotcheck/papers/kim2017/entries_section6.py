"""Sec. VI on trial: transfer matrices, the series in h_R, interface magnetism, arbitrary layers beneath."""

from __future__ import annotations

from functools import partial

from sotcheck.exact import transfer
from sotcheck.papers.kim2017 import beneath
from sotcheck.papers.kim2017 import section6 as eq
from sotcheck.papers.kim2017.old import Definition, Equation, Statement, register
from sotcheck.trial.grounds import GENERAL

#: Not small: what holds at finite h_R is no expansion.
INTERFACES = tuple(iface.with_(h_R=0.4) for iface in GENERAL)
Tried = partial(Equation, interfaces=INTERFACES)

WAVES = r"\sum_\sigma (e^{ik_z z} %s_\sigma^R \xi_\sigma + e^{-ik_z z} %s_\sigma^L \xi_\sigma)"
BLOCKS = (
    r"\begin{pmatrix} ik_z + i\hat K_z - \hat\kappa & ik_z - i\hat K_z - \hat\kappa \\"
    r" ik_z - i\hat K_z + \hat\kappa & ik_z + i\hat K_z + \hat\kappa \end{pmatrix}"
)
BELOW = r"M_{0\to L}^{-1} \begin{pmatrix} 1 \\ 0 \end{pmatrix}"
BELOW_D = r"M_{0\to d}^{-1} \begin{pmatrix} 1 \\ 0 \end{pmatrix}"
EQ_44 = (
    r"\begin{pmatrix} 1 & -1 \\ 1 & 1 \end{pmatrix}"
    r"\begin{pmatrix} \hat m_i^{(0)} \\ \hat m_r^{(0)} \end{pmatrix}"
    r" = 2ik_z \begin{pmatrix} 1 & 1 \\ 1 & 1 \end{pmatrix} " + BELOW_D
)
EQ_46A = r"\hat r_{ex}^{(n)} = 2ik_z \hat G (\hat\kappa_R \hat G)^n"

register(
    Tried(
        number="37a",
        says="Waves in the normal metal run with wave number k_z both ways.",
        quantity="[psi(z+d) + psi(z-d)] / psi(z) at z < 0",
        exact=transfer.in_normal_metal,
        transcribed=eq.eq37a,
        tex=r"\psi^0(z<0) = \frac{e^{ik_x x + ik_y y}}{\sqrt V} " + WAVES.replace("%s", "a"),
    ),
    Tried(
        number="37b",
        says="Waves beneath the interface run with wave number k_z both ways.",
        quantity="[psi(z+d) + psi(z-d)] / psi(z) at z > 0",
        exact=transfer.in_ferromagnet,
        transcribed=eq.eq37b,
        tex=r"\psi^0(z>0) = \frac{e^{ik_x x + ik_y y}}{\sqrt V} " + WAVES.replace("%s", "b"),
        corrected=eq.eq37b_corrected,
        corrected_tex=r"\psi^0(z>0) = \frac{e^{ik_x x + ik_y y}}{\sqrt V} "
        r"\sum_\sigma (e^{ik_z^\sigma z} b_\sigma^R \xi_\sigma + e^{-ik_z^\sigma z} b_\sigma^L \xi_\sigma)",
        kind="marks",
        off_by="a swapped symbol: k_z for k_z^sigma, the wave numbers beneath, as (38b) has them",
    ),
    Definition(
        number="38a",
        says="The transfer matrix M_0 takes the amplitudes above the interface to those beneath.",
        tex=r"\begin{pmatrix} \hat b^R \\ \hat b^L \end{pmatrix} = M_0"
        r" \begin{pmatrix} \hat a^R \\ \hat a^L \end{pmatrix}",
        why="defines M_0; (38b) is what can be tried",
    ),
    Tried(
        number="38b",
        says="The inverse of the interface's transfer matrix.",
        quantity="amplitudes at z = -0 per amplitude at z = +0, all elements, finite h_R",
        exact=transfer.transfer,
        transcribed=eq.eq38b,
        tex=r"M_0^{-1} = \frac{1}{2ik_z} " + BLOCKS,
    ),
    Definition(
        number="39",
        says="The transfer matrix through whatever lies beneath.",
        tex=r"\begin{pmatrix} \hat c^R \\ \hat c^L \end{pmatrix} = M_{0\to L}"
        r" \begin{pmatrix} \hat b^R \\ \hat b^L \end{pmatrix}",
        why="defines M_{0->L}, in a basis that is left open",
    ),
    Tried(
        number="40",
        says="An incident and a reflected wave become a transmitted one, with nothing coming from beneath.",
        quantity="reflected and transmitted amplitudes, a film of F on N, finite h_R",
        exact=transfer.through_film,
        transcribed=eq.eq40,
        tex=r"\begin{pmatrix} \hat\psi_t \\ 0 \end{pmatrix} = M_{0\to L} M_0"
        r" \begin{pmatrix} \hat\psi_i \\ \hat\psi_r \end{pmatrix}",
    ),
    Tried(
        number="41",
        says="The inverse relation defines m_i and m_r, and the reflection matrix is -m_r / m_i.",
        quantity="reflected and transmitted amplitudes, a film of F on N, finite h_R",
        exact=transfer.through_film,
        transcribed=eq.eq41,
        tex=r"\begin{pmatrix} \hat\psi_i \\ \hat\psi_r \end{pmatrix} = \frac{1}{2ik_z} "
        + BLOCKS
        + BELOW
        + r" \hat\psi_t \equiv \frac{1}{2ik_z}"
        r" \begin{pmatrix} \hat m_i \\ -\hat m_r \end{pmatrix} \hat\psi_t",
    ),
    Tried(
        number="42",
        says="The Rashba term between spin states along the magnetization.",
        quantity="jump of the slope at z = 0 that comes with h_R, between spins along m",
        exact=transfer.rashba_potential,
        transcribed=eq.eq42,
        tex=r"(\hat\kappa_R)_{\sigma\sigma'} = h_R\,"
        r"\xi_\sigma^\dagger \hat\sigma\cdot(\mathbf k\times\mathbf z) \xi_{\sigma'}",
    ),
    Tried(
        number="43a",
        says="m_i and m_r without the Rashba term.",
        quantity="m_i and m_r, a film of F on N, h_R = 0",
        exact=transfer.unperturbed_m,
        transcribed=eq.eq43a,
        tex=r"\begin{pmatrix} \hat m_i^{(0)} \\ \hat m_r^{(0)} \end{pmatrix} ="
        r" \begin{pmatrix} ik_z + i\hat K_z - \hat\kappa_0 & ik_z - i\hat K_z - \hat\kappa_0 \\"
        r" -ik_z + i\hat K_z - \hat\kappa_0 & -ik_z - i\hat K_z - \hat\kappa_0 \end{pmatrix} " + BELOW,
    ),
    Tried(
        number="43b",
        says="What the Rashba term adds to m_i and m_r.",
        quantity="change of m_i and m_r, a film of F on N, finite h_R",
        exact=transfer.change_of_m,
        transcribed=eq.eq43b,
        tex=r"\begin{pmatrix} \hat m_i^{(1)} \\ \hat m_r^{(1)} \end{pmatrix} ="
        r" -\hat\kappa_R \begin{pmatrix} 1 & 1 \\ 1 & 1 \end{pmatrix} " + BELOW,
    ),
    Tried(
        number="44",
        says="A combination of m_i and m_r: the difference, first row.",
        quantity="m_i - m_r, a film of F on N, h_R = 0",
        exact=transfer.difference_of_m,
        transcribed=eq.eq44_difference,
        tex=EQ_44,
    ),
    Tried(
        number="44",
        says="A combination of m_i and m_r: the sum, second row.",
        quantity="m_i + m_r, a film of F on N, h_R = 0",
        exact=transfer.sum_of_m,
        transcribed=eq.eq44_sum,
        tex=EQ_44,
        corrected=eq.eq44_sum_corrected,
        corrected_tex=r"\hat m_i^{(0)} + \hat m_r^{(0)} ="
        r" 2 \begin{pmatrix} i\hat K_z - \hat\kappa_0 & -i\hat K_z - \hat\kappa_0 \end{pmatrix} " + BELOW,
        kind="content",
        off_by="a sign: with -1 for the lower right 1 on the left both rows are the difference, which (45)"
        " needs and the right-hand side is; the sum is another quantity, from (43a)",
    ),
    Tried(
        number="45",
        says="The changes of m_i and m_r are equal and follow from the unperturbed difference.",
        quantity="change of m_i and of m_r, a film of F on N, finite h_R",
        exact=transfer.change_of_m,
        transcribed=eq.eq45,
        tex=r"\hat m_i^{(1)} = \hat m_r^{(1)} ="
        r" -\frac{1}{2ik_z} \hat\kappa_R (\hat m_i^{(0)} - \hat m_r^{(0)})",
    ),
    *(
        Tried(
            number="46a",
            says=f"The contribution of order {n} in h_R to the extended reflection matrix.",
            quantity=f"coefficient of h_R^{n} in r_ex, all elements",
            exact=transfer.order(n),
            transcribed=formula,
            tex=EQ_46A,
        )
        for n, formula in enumerate(beneath.ORDERS, 1)
    ),
    Tried(
        number="46a",
        says="The first order projected to open channels is that of the scattering matrix.",
        quantity="dr/dh_R at h_R = 0, projected, all elements",
        exact=transfer.projected,
        transcribed=eq.eq46a_projected,
        tex=r"\hat r^{(1)} = 2ik_z \hat G \hat\kappa_R \hat G \hat 1",
        order="h_R^2",
    ),
    Tried(
        number="46b",
        says="G is the Green function at the interface, by which the order n = 0 of (46a) is 1 + r_ex.",
        quantity="psi(0) per unit jump of the slope at z = 0, h_R = 0, all elements",
        exact=transfer.green,
        transcribed=eq.eq46b,
        tex=r"\hat G = \frac{1}{2ik_z} (1 + \hat r_{ex}^{(0)})",
    ),
    Tried(
        number="47",
        says="The reflection matrix with interface magnetism from the one without, to all orders in u_m.",
        quantity="r_ex, h_R = 0, all elements",
        exact=transfer.reflection_at_zero,
        transcribed=eq.eq47,
        tex=r"\hat r_{ex} = \hat r_{ex}^{u_m=0} - \frac{1 + \hat r_{ex}^{u_m=0}}"
        r"{2ik_z u_m^{-1} \hat\sigma_z (1 + \hat r_{ex}^{u_m=0})^{-1} + 1}",
        corrected=eq.eq47_corrected,
        corrected_tex=r"\hat r_{ex} = \hat r_{ex}^{u_m=0} + \frac{1 + \hat r_{ex}^{u_m=0}}"
        r"{2ik_z u_m^{-1} \hat\sigma_z (1 + \hat r_{ex}^{u_m=0})^{-1} - 1}",
        kind="content",
        off_by="the sign of u_m: two signs, before the fraction and of the 1 beneath; so printed it is not"
        " consistent with (23) and (31)",
    ),
    Tried(
        number="47",
        says="The orders in u_m that (47) sums up, with the sign of G printed there.",
        quantity="coefficients of u_m and u_m^2 in r_ex, h_R = 0",
        exact=transfer.orders_in_u_m,
        transcribed=eq.eq47_orders,
        tex=r"\hat r_{ex}^{(n)} = -2ik_z \hat G (u_m \hat\sigma_z \hat G)^n,\quad"
        r" \hat G = -\frac{1}{2ik_z} (1 + \hat r_{ex}^{u_m=0})",
        corrected=eq.eq47_orders_corrected,
        corrected_tex=r"\hat r_{ex}^{(n)} = 2ik_z \hat G (u_m \hat\sigma_z \hat G)^n,\quad"
        r" \hat G = \frac{1}{2ik_z} (1 + \hat r_{ex}^{u_m=0})",
        kind="content",
        off_by="the sign of odd orders: G has the opposite sign of (46b)",
    ),
    Statement(
        name="layers-series",
        says="Orders 1 to 5 of (46a) hold whatever lies beneath, given the unperturbed r_ex of all of it.",
        judge=beneath.series_holds,
        equation="46a",
    ),
    Statement(
        name="layers-transfer",
        says="Equations (41) to (45) hold with the transfer matrix of other layers beneath.",
        judge=beneath.transfer_holds,
        equation="45",
    ),
    Statement(
        name="layers-details",
        says="The reflection matrix itself depends on what lies beneath; its expression does not.",
        judge=beneath.details_matter,
    ),
    Statement(
        name="layers-engines",
        says="Both exact engines give the same reflection matrix of layered structures.",
        judge=beneath.engines_agree,
    ),
)
