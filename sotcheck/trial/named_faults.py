"""The systems that faults in the machinery are tried on, and faults that theory and engines share.

Each of these was once put in by hand, and passed `check` then.
"""

from __future__ import annotations

from sotcheck.engines import Scheme
from sotcheck.trial.faults import edited

#: Small, and seeing much: tilted m, barriers of either sign, all channel regimes, unequal relaxation, units.
SYSTEMS = {
    "generic": """
        fermi_energy = 1.3
        normal = {potential = 0.2}
        ferromagnet = {potential = -0.3, exchange = 0.7}
        interface = {barrier = 0.1, exchange = -0.07, rashba = 0.3, magnetization = [2, -1, 2]}
        relaxation = {normal = 1.0, majority = 0.7, minority = 0.4}
        units = {energy = "eV"}
    """,
    "half-metal": """
        fermi_energy = 0.8
        ferromagnet = {potential = 0.1, exchange = 1.1}
        interface = {barrier = -0.2, exchange = 0.1, rashba = 0.5, magnetization = [6, 2, 3]}
    """,
    "stack": """
        fermi_energy = 1.5
        normal = {mass = 1.2}
        ferromagnet = {potential = -0.1, exchange = 0.6, magnetization = [0, 1, 3]}
        interface = {barrier = 0.04, exchange = 0.02, rashba = 0.3, magnetization = [1, 0, 2]}
        units = {energy = "eV"}
        [[layer]]
        thickness = 0.23
        potential = 0.3
        exchange = 0.5
        mass = 0.8
        rashba = 0.04
        dresselhaus = 0.01
        weyl = 0.005
        interface = {barrier = 0.02, rashba = 0.1, spin_orbit = [[0, 0], [0.03, 0], [0, 0.02]]}
    """,
}
EXACT_DIFFERENCE: Scheme = "exact-difference"
CONTINUUM, KWANT = ("first-order", "continuum"), ("kwant",)
#: Of whose torques all numbers are looked at: system, engines, scheme; first those that cost little.
Asked = tuple[str, tuple[str, ...], Scheme]
ASKED: tuple[Asked, ...] = (
    *((name, CONTINUUM, EXACT_DIFFERENCE) for name in SYSTEMS),
    ("half-metal", KWANT, EXACT_DIFFERENCE),
    ("half-metal", KWANT, "finite-difference"),
    ("stack", KWANT, EXACT_DIFFERENCE),
)


_J = "1.001 * self.J"
#: Faults that theory and engines share, each of which was once missed; all edits of one at once.
NAMED = (
    edited(
        "J scaled by 1.001 in the model, for theory and engines",
        ("system.interface", "Interface.structure", "self.J", _J),
        ("system.interface", "Interface.Kz_squared", "self.J", _J),
        ("system.model", "System.k_perp2_max", "self.J", _J),
        ("system.stack", "Stack.structure", "self.J", _J),
        ("system.many", "Many.of", "one.J", "1.001 * one.J"),
    ),
    edited(
        "a segment of the k_perp sum dropped",
        ("numerics.quadrature", "sum_over_k", "values[n] += one", "values[n] = values[n] * (n != 1) + one"),
        ("exact.over_k", "averaged", "value / unit",
         "value * (x_1 == 0).reshape(-1, *[1] * (value.ndim - 1)) / unit"),
    ),
    edited(
        "k_y sigma_x of the Rashba field scaled by 1.1",
        ("system.structure", "spin_orbit_field", "np.transpose(A)",
         "(np.transpose(A) * [[1, 1, 1], [1.1, 1, 1]])"),
        ("engines.matching", "flows", "np.array(delta.spin_orbit)",
         "(np.array(delta.spin_orbit) * [[1, 1.1], [1, 1], [1, 1]])"),
        ("engines.matching", "flows_side_by_side", "np.array(many.spin_orbit)",
         "(np.array(many.spin_orbit) * [[1, 1.1], [1, 1], [1, 1]])"),
        ("engines.layer", "_columns", "np.array(spin_orbit)",
         "(np.array(spin_orbit) * [[1, 1.1], [1, 1], [1, 1]])"),
    ),
    edited(
        "k_y sigma_y added to the Rashba field",
        ("system.structure", "spin_orbit_field", "np.transpose(A)",
         "np.transpose(np.array(A) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(A))"),
        ("engines.matching", "flows", "np.array(delta.spin_orbit)",
         "(np.array(delta.spin_orbit) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(delta.spin_orbit))"),
        ("engines.matching", "flows_side_by_side", "np.array(many.spin_orbit)",
         "(np.array(many.spin_orbit) + np.array([[0, 0], [0, 0.1], [0, 0]]))"),
        ("engines.layer", "_columns", "np.array(spin_orbit)",
         "(np.array(spin_orbit) + np.array([[0, 0], [0, 0.1], [0, 0]]) * np.any(spin_orbit))"),
    ),
    edited(
        "h_R (1 + 0.1 h_R^2) for h_R in exact sums",
        ("exact.inside", "flows_of", "angle, scale)", "angle, scale * (1 + 0.1 * scale ** 2))"),
        ("engines.matching", "flows_side_by_side", "many.h_R[:, 0] *",
         "many.h_R[:, 0] * (1 + 0.1 * many.h_R[:, 0] ** 2) *"),
    ),
    edited(
        "all prefactors doubled, of theory and exact sums",
        ("numerics.quadrature", "sum_over_k", "/ (4 * np.pi)", "/ (2 * np.pi)"),
        ("exact.over_k", "averaged", "NESTED, 4 * np.pi", "NESTED, 2 * np.pi"),
    ),
    edited(
        "m_y mirrored wherever spin meets it",
        ("system.spin", "dot_sigma", "v @", "v * np.array([1, -1, 1]) @"),
        ("engines.matching", "frames_of", "many.m.tolist()", "(many.m * [1, -1, 1]).tolist()"),
    ),
    edited("nested_error returns 0", ("numerics.nested", "nested_error", "d_3 * np", "0 * d_3 * np")),
    edited(
        "decay constants of closed bands 1e-4 off, of theory and engines",
        ("engines.stack", "outgoing", "-k, k)", "-k, k) * np.where(k.real == 0, 1.0001, 1)"),
        ("engines.matching", "flows", "np.sqrt(q2.astype(complex))",
         "np.sqrt(q2.astype(complex)) * np.where(q2 < 0, 1.0001, 1)"),
        ("engines.matching", "flows_side_by_side", "+ 0j)",
         "+ 0j) * np.where(edge < k_perp ** 2, 1.0001, 1)"),
        ("engines.lattice", "exact_difference", "np.sqrt(q2.astype(complex))",
         "np.sqrt(q2.astype(complex)) * np.where(q2 < 0, 1.0001, 1)"),
        ("theory.amplitudes", "wave_number", "1j * q", "1.0001j * q"),
    ),
    edited(
        "tau_up and tau_down exchanged in the totals",
        ("trial.torque_table", "weights", "system.tau_up, system.tau_down", "system.tau_down, system.tau_up"),
    ),
    edited(
        "errors of states' rounding are 0",
        ("engines.rounding", "_bounds", "OPERATIONS *", "0 * OPERATIONS *"),
    ),
)  # fmt: skip
