"""(A10) to (A16) in LaTeX, as transcribed and corrected."""

from __future__ import annotations

INSIDE = r"\sum_{k_\perp^2<k_F^2}"
ENERGIES = r"\frac{E_\perp}{E_F-E_\perp}"
ONE_R = r"(1+\hat r^0_{\mathbf k})"
BRACKET = (
    r"["
    + ONE_R
    + r"\Delta\hat\mu^N\hat r_{\mathbf k}^{0\dagger}+%s\Delta\hat\mu^F\hat t_{\mathbf k}'^{0\dagger}]"
)
A11 = (
    r"\hat j_{\mathbf u}(z<0)=-h_R\frac{e^2L}{hV}Im"
    + INSIDE
    + r"\frac{\mathbf k\cdot\mathbf u}{k_z^2}"
    + ONE_R
    + r"\hat\sigma\cdot(\mathbf k\times\mathbf z)"
    + BRACKET
)
A12 = (
    r"\hat j_{\mathbf u}(z<0)=-h_R\frac{e^2L}{2hV}Im"
    + INSIDE
    + ENERGIES
    + ONE_R
    + r"\hat\sigma\cdot(\mathbf u\times\mathbf z)"
    + BRACKET
)
R, T = r"\hat r^0_{\mathbf k}", r"\hat t'^0_{\mathbf k}"

CHARGE_BIAS, SPIN_BIAS = (
    r"(\Delta\mu_0^F-\Delta\mu_0^N)",
    r"(\Delta\mu_s^F-\mathbf m\cdot\mathbf s\,\Delta\mu_s^N)",
)
TRACE, SPIN_TRACE = r"\frac{V}{L}Tr_\sigma[%s]", r"-\frac{V}{L}Tr_\sigma[\hat\sigma %s]"
ACROSS = r"[\mathbf m\times(\mathbf s\times\mathbf m)+i\mathbf s\times\mathbf m]"
HALF = r"\frac{\mathbf u\times\mathbf z}{2i}"


def pair(name: str, sign: str) -> str:
    """Return (G^{↑↑…} ± G^{↓↓…}) in LaTeX."""
    n = 3 if name in ("Rr", "Rt") else 2
    up, down = r"\uparrow" * n, r"\downarrow" * n
    return rf"(G_{{{name}}}^{{{up}}}{sign}G_{{{name}}}^{{{down}}})"


def mixed(name: str, first: str, sign: str, second: str, star: str = "") -> str:
    """Return (G^{first} ± G^{second}) in LaTeX; indices as "udd"."""
    arrows = ["".join(r"\uparrow" if c == "u" else r"\downarrow" for c in index) for index in (first, second)]
    return rf"(G_{{{name}}}^{{{arrows[0]}}}{sign}G_{{{name}}}^{{{arrows[1]}{star}}})"


def two_terms(sign: str, name: str = "Rt") -> str:
    """Return the terms of collinear biases in LaTeX."""
    other = "-" if sign == "+" else "+"
    both = pair(name, sign) + CHARGE_BIAS, pair(name, other) + SPIN_BIAS
    return "+".join(rf"{term}\mathbf m" for term in both)


def G(star: str) -> str:
    """Return the conductance below (A10) in LaTeX."""
    return r",\quad G^{ss'}=\frac{e^2}{h}" + INSIDE + rf"(1-r^s_{{\mathbf k}}r^{{s'{star}}}_{{\mathbf k}})"


G_UP_DOWN = r"(G^{\uparrow\uparrow}%sG^{\downarrow\downarrow})"
J_Z, J_U = r"\hat j_{\mathbf z}", r"\hat j_{\mathbf u}(z<0)"
A10A = TRACE % J_Z + "=" + G_UP_DOWN % "+" + CHARGE_BIAS + "+" + G_UP_DOWN % "-" + SPIN_BIAS
A10B = (
    SPIN_TRACE % J_Z
    + "="
    + G_UP_DOWN % "-"
    + CHARGE_BIAS
    + r"\mathbf m+"
    + G_UP_DOWN % "+"
    + SPIN_BIAS
    + r"\mathbf m-2Re[G^{\uparrow\downarrow}"
    + ACROSS
    + r"]\Delta\mu_s^N"
)


def a13a(transverse: str) -> str:
    """Return (A13a) in LaTeX, given the conductances before the transverse bias."""
    bracket = two_terms("-") + "+" + transverse + r"\Delta\mu_s^N" + ACROSS
    return TRACE % J_U + "=-" + HALF + r"\cdot[" + bracket + r"]+c.c."


def a13b(star: str, transverse: str, kept: str) -> str:
    """Return (A13b) in LaTeX: the second conductance's star, and those of the terms in s×m."""
    turned = (
        mixed("Rt", "udd", "-", "duu", star)
        + r"\Delta\mu_0^F-"
        + mixed("Rt", "udd", "+", "duu", star)
        + r"\Delta\mu_s^F+"
        + mixed("Rr", "udd", "-", "duu", star)
        + r"\Delta\mu_0^N-\mathbf m\cdot\mathbf s"
        + mixed("Rr", "udd", "+", "duu", star)
        + r"\Delta\mu_s^N"
    )
    return (
        SPIN_TRACE % J_U
        + r"=-\mathbf m"
        + HALF
        + r"\cdot["
        + two_terms("+")
        + "-"
        + transverse
        + r"\Delta\mu_s^N"
        + ACROSS
        + r"]-\frac{1}{2i}["
        + turned
        + r"]\{\mathbf m\times[(\mathbf u\times\mathbf z)\times\mathbf m]"
        r"-i\mathbf m\times(\mathbf u\times\mathbf z)\}"
        r"-\frac{(\mathbf u\times\mathbf z)\cdot\mathbf m}{2i}" + kept + r"\Delta\mu_s^N" + ACROSS + "+c.c."
    )


A15A = TRACE % r"\Delta\hat j_{\mathbf u}" + "=" + HALF + r"\cdot["
A15B = SPIN_TRACE % r"\Delta\hat j_{\mathbf u}" + "=%s" + HALF + r"\cdot["
TILDE = (
    r",\quad\tilde G^{ss'}=G_{R\Delta}^{ss'}\ (band\ s\ open),\quad"
    r"-G_{Rr}^{ss's}\ (closed;\ 0\ if\ s=s')"
)
UP_DOWN, DOWN_UP = r"\tilde G^{\uparrow\downarrow}", r"\tilde G^{\downarrow\uparrow}"
TILDE_A = two_terms("-", r"R\Delta").replace(r"G_{R\Delta}", r"\tilde G")
TILDE_B = two_terms("+", r"R\Delta").replace(r"G_{R\Delta}", r"\tilde G")
TWICE = r"\mathbf m\times(\mathbf s\times\mathbf m)\Delta\mu_s^N"
JUMP_B = (
    two_terms("+", r"R\Delta") + r"+2iG_{R\Delta}^{\uparrow\downarrow}\mathbf s\times\mathbf m\Delta\mu_s^N"
)

SYMMETRIC_A = r"-2G_{R\Delta}^{\uparrow\downarrow}" + TWICE
GENERAL_A = rf"-({UP_DOWN}+{DOWN_UP})" + TWICE
GENERAL_A += rf"-i({DOWN_UP}-{UP_DOWN})\mathbf s\times\mathbf m\Delta\mu_s^N"
GENERAL_B = rf"+({DOWN_UP}-{UP_DOWN})" + TWICE
GENERAL_B += rf"+i({UP_DOWN}+{DOWN_UP})\mathbf s\times\mathbf m\Delta\mu_s^N"
UNIT_14 = r"=-h_R\frac{e^2}{2h}"

TRANSCRIBED = {
    "A10a": A10A + G(""),
    "A10b": A10B + G(""),
    "A11": A11 % R,
    "A12": A12 % R,
    "A13a": a13a(mixed("Rr", "uud", "-", "ddu")),
    "A13b": a13b("", mixed("Rr", "uud", "+", "ddu"), mixed("Rr", "udd", "+", "duu")),
    "A14a": r"G_{Rr}^{ss's''}"
    + UNIT_14
    + r"\sum_{\mathbf k_\perp}"
    + ENERGIES
    + r"(1+r^s_{\mathbf k})(1+r^{s'}_{\mathbf k})r^{s''*}_{\mathbf k}",
    "A14b": r"G_{Rt}^{ss's''}"
    + UNIT_14
    + r"\sum_{\mathbf k_\perp}"
    + ENERGIES
    + r"(1+r^s_{\mathbf k})t'^{s'}_{\mathbf k}t'^{s''*}_{\mathbf k}",
    "A15a": A15A + two_terms("-", r"R\Delta") + SYMMETRIC_A + r"]+c.c.",
    "A15b": A15B % "" + JUMP_B + r"]+c.c.",
    "A16": r"G_{R\Delta}^{ss'}" + UNIT_14 + INSIDE + ENERGIES + r"(1+r^s_{\mathbf k})(1+r^{s'}_{\mathbf k})",
}
CORRECTED = {
    "A10a": A10A + G("*"),
    "A10b": A10B + G("*"),
    "A11": A11 % T,
    "A12": A12 % T,
    "A13a": a13a(mixed("Rr", "udd", "-", "duu", "*")),
    "A13b": a13b("*", mixed("Rr", "udd", "+", "duu", "*"), mixed("Rr", "uud", "+", "ddu", "*")),
    "A15a": A15A + TILDE_A + GENERAL_A + r"]+c.c." + TILDE,
    "A15b": A15B % r"\mathbf m\," + TILDE_B + GENERAL_B + r"]+c.c." + TILDE,
}
