"""Symbols in plain text as HTML shows them: Greek letters, indices, powers, roots and signs."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup, escape

from sotcheck.run.plaintext import visible

Rule = tuple[str, str | Callable[[re.Match[str]], str]]

#: Letters by name; "delta" is a word: of functions, and of the interface that is one.
GREEK = {
    "alpha": "α", "beta": "β", "kappa": "κ", "mu": "μ", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "theta": "θ", "phi": "φ", "psi": "ψ", "Delta": "Δ", "hbar": "ħ",
}  # fmt: skip
SIGNS = GREEK | {"perp": "⊥", "parallel": "∥", "dagger": "†", "+-": "±"}
_NAMES = "|".join(GREEK)
#: What is below a letter, and what is above: anything in brackets, else little; names of files have dots.
_BELOW = rf"\{{([^{{}}]*)\}}|(perp|parallel|down|flip|up|R?(?:{_NAMES})|FL|DL|[A-Za-z0-9]{{1,2}})(?!\w|\.\w)"
_ABOVE = (
    r"[{(]([^{}()]*)[})]|(-?\d+(?:/\d+(?!\w))?|(?:dagger|sigma|down|up|-?[a-z]|[uds]{2,3}|[NFT])(?!\w)"
    r"|\+-|[-+](?![\w.]))"
)


def typeset(text: str) -> Markup:
    """Return plain text for HTML with its symbols as such; what is none stays as it is."""
    return Markup(_symbols(str(escape(visible(text)))))


def _symbols(safe: str) -> str:
    for pattern, shown in _RULES:
        safe = re.sub(pattern, shown, safe)
    return safe


def _raised(found: re.Match[str]) -> str:
    group, one = found.groups()
    return f"<sup>{(_symbols(group) if group else SIGNS.get(one, one)).replace('-', '−')}</sup>"


def _lowered(found: re.Match[str]) -> str:
    before, letter, prime, group, one = found.groups("")
    below = _symbols(group) if group else re.sub(_NAMES, _letter, SIGNS.get(one, one))
    return f"{before}<i>{GREEK.get(letter, letter)}</i>{prime}<sub>{below}</sub>"


def _tenth(found: re.Match[str]) -> str:
    return f"{found[1]}·10<sup>{found[2].replace('-', '−')}{found[3]}</sup>"


def _letter(found: re.Match[str]) -> str:
    return GREEK[found[0]]


_RULES: tuple[Rule, ...] = (
    (rf"(?<=[\w)\]|}};])\^(?:{_ABOVE})", _raised),
    (r"(?<![\w.])(\d+(?:\.\d+)?)e(-?)\+?0*(\d+)(?!\w)", _tenth),
    # Behind numbers, i and, in derivatives, d.
    (rf"(?<![\w^])(\d*i|\d+|(?<=/)d|)([A-Za-zα-ω]|{_NAMES})(\d?(?:&#39;)?)_(?:{_BELOW})", _lowered),
    (r"\bDelta-mu(?!\w)", "Δμ"),
    (rf"(?<![\w/.])(?<!\w-)(?:{_NAMES})(?![\w-]|\.\w)", _letter),
    (r"\bsqrt(?:\((\w)\)| ?(?=[(\d]))", r"√\1"),
    (r"σ\.(?=\()", "σ·"),
    (r"nm⁻[¹²³]", r'<span class="unit">\g<0></span>'),
    (r"(?<!\w)([a-z]) x (?=\(?[a-z]\b)", r"\1 × "),
    ("&lt;=", "≤"), ("&gt;=", "≥"), ("&lt;~", "≲"), ("&gt;~", "≳"), ("&gt;&gt;", "≫"), ("-&gt;", "→"),
    (r"\+-(?=[ \d])", "±"), (r"(?<=\d) %", "\u00a0%"),
)  # fmt: skip
