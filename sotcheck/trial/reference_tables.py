"""Tables of proved numbers of bare interfaces, for codes that have nothing to be tested against."""

from __future__ import annotations

import cmath
import math
import random
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sotcheck import __version__
from sotcheck.errors import TableError
from sotcheck.referee import bound
from sotcheck.referee.amplitudes import amplitudes
from sotcheck.referee.certificate import certificates, prove, rounded, two_digits
from sotcheck.run import output
from sotcheck.run.progress import Progress, silent
from sotcheck.system.files import builtin_systems, from_document, read_text
from sotcheck.system.interface import SOURCES
from sotcheck.system.model import System
from sotcheck.theory.table_formats import ATTRIBUTE, parquet_of

if TYPE_CHECKING:
    import pandas as pd

Document = dict[str, Any]
Row = dict[str, Any]
#: How many interfaces there are.
ALL = 200
#: Ranges of E_F - U_N, E_F - U_F, J, u_0 and u_m, the seeds taking turns.
REGIMES = {
    "all open": ((0.3, 2.5), (1.3, 3.0), (0.1, 1.2), (-1.0, 1.5), (-1.0, 1.0)),
    "minority closed": ((0.3, 2.5), (-0.5, 0.5), (0.6, 2.0), (-1.0, 1.5), (-1.0, 1.0)),
    "F closed": ((0.3, 2.5), (-3.0, -0.6), (0.1, 0.5), (-1.0, 1.5), (-1.0, 1.0)),
    "N closed": ((-2.0, -0.1), (1.3, 3.0), (0.1, 1.2), (-1.0, 1.5), (-1.0, 1.0)),
    "J = 0": ((0.3, 2.5), (0.3, 2.5), (0.0, 0.0), (-1.0, 1.5), (-1.0, 1.0)),
    "strong barrier": ((0.3, 2.5), (1.3, 3.0), (0.1, 1.2), (3.0, 10.0), (-3.0, 3.0)),
    "attractive": ((0.3, 2.5), (1.3, 3.0), (0.1, 1.2), (-3.0, -0.5), (-1.0, 1.0)),
    "majority alone": ((-2.0, -0.1), (-0.5, 0.5), (0.6, 2.0), (-1.0, 1.5), (-1.0, 1.0)),
}
#: k_⊥ of rows of amplitudes, in the largest at which a channel is open; of bound states.
OPEN_AT, BOUND_AT = (0.25, 0.6, 0.95), (0.0, 1.0, 3.0)
FLOWS = ("spin_current_minus", "spin_current_plus", "lattice", "interface")
#: What rows of one system are told apart by.
KEYS = {"torques": ("order", "source"), "amplitudes": ("kx", "ky"), "bound-states": ("k_perp", "angle")}
ORDERS = ("first-order", "exact")
#: What the name of a number's radius ends in; the column that says why there is no number.
RADIUS, WHY = "_radius", "not_certified"
WORDS = {
    "torques": "t and flows of spin at z = 0 (wave vector^3), each -(1/4 pi) int d2k/(2 pi)^2 k_x sum_in; t"
    " of {Im psi+ sigma d_z psi (z=+0) - Im psi+ sigma (u_m sigma.m) psi (z=0)} across m; in: waves of a"
    " source at E_F, of unit flux; t = fieldlike m x y + dampinglike m x (y x m); first-order: linear in h_R",
    "amplitudes": "r = 2ik/D - 1 (0 where N is closed), t' = 2i sqrt|k| (1/D) sqrt(K) from F's open channels,"
    " of unit flux, D = i(K + k) - u_0 - u_m sigma.m - h_R sigma.(k x z), basis of sigma_z: r_ud is d to u",
    "bound-states": "states below the continuum at k_perp and angle (degrees, of k x z to the x axis):"
    " count, how many are at or below E_F, energies (k_perp^2 included)",
}
HEADER = """sotcheck = "{version}"
table = "{kind}"
units = "hbar^2/2m_e = 1: energies are squares of wave vectors"
hamiltonian = "-d_z^2 + k^2 + U_N (z < 0) + [U_F + J sigma.m] (z > 0) + [u_0 + u_m sigma.m + \
h_R (k_y sigma_x - k_x sigma_y)] delta(z)"
formula = "{words}"
proved = "the true number lies within NAME_radius of NAME: ball arithmetic of Arb (python-flint)"
"""


def systems() -> dict[str, Document]:
    """Return the tables of all system files by name: built in, pinned by the manual, and by seeds."""
    found = {name: tomllib.loads(read_text(name)[1]) for name in builtin_systems("bare")}
    for name, h_R, m in (("pinned-upright", 1.0, [0, 0, 1]), ("pinned-tilted", 0.3, [2, -1, 2])):
        found[name] = {"name": name, "fermi_energy": 1.5, "interface": {"rashba": h_R, "magnetization": m}}
    return found | {f"seed-{n}": seeded(n) for n in range(ALL - len(found))}


def seeded(n: int) -> Document:
    """Return an interface by chance, of numbers with three digits behind the point."""
    some = random.Random(n)
    E_F, d_N, d_F, J, u_0, u_m = (
        round(some.uniform(*ends), 3) for ends in ((0.5, 3.0), *list(REGIMES.values())[n % len(REGIMES)])
    )
    h_R = round(some.uniform(1.0, 2.5) if n % 5 == 4 else some.uniform(0.0, 1.0), 3)
    m = [round(some.gauss(0.0, 1.0), 3) for _ in range(3)]
    if n % 9 == 0:
        m = [float(axis == n // 9 % 3) for axis in range(3)]
    return {
        "name": f"seed-{n}",
        "fermi_energy": E_F,
        "normal": {"potential": round(E_F - d_N, 3)},
        "ferromagnet": {"potential": round(E_F - d_F, 3), "exchange": J},
        # Without magnetism anywhere nothing is a torque.
        "interface": {
            **{"barrier": u_0, "exchange": u_m if J == 0 or n // 8 % 2 else 0.0, "rashba": h_R},
            "magnetization": m,
        },
    }


def parameters(tables: Document, system: System) -> Row:
    """Return what the file says, by columns: m as it stands there, of any length."""
    found = {name: getattr(system, name) for name in ("E_F", "U_N", "U_F", "J", "u_0", "u_m", "h_R")}
    m = [float(part) for part in tables["interface"]["magnetization"]]
    return {"fermi_energy": found.pop("E_F"), **found, **_vector("m", m)}


def _vector(name: str, values: Any) -> Row:
    return {f"{name}_{axis}": value for axis, value in zip("xyz", values, strict=True)}


def _balls(balls: Row) -> Row:
    """Return doubles and their radii; what is None has neither."""
    pairs = {name: (None, None) if ball is None else rounded(ball) for name, ball in balls.items()}
    return {f"{name}{end}": pair[n] for name, pair in pairs.items() for n, end in enumerate(("", RADIUS))}


def _torques(tables: Document, system: System) -> Iterator[Row]:
    sources = [source for source in SOURCES if system.k_perp2_max(source) > 0]
    for order in ORDERS:
        found = certificates(partial(prove, tables, first_order=order == ORDERS[0]), sources)
        for source in sources:
            balls: Row = {}
            if (proved := found[source].proved) is not None:
                parts = proved.parts or (None, None)
                balls = _vector("t", proved.vector) | {"fieldlike": parts[0], "dampinglike": parts[1]}
                for name, flow in zip(FLOWS, proved.interfaces[0], strict=True):
                    balls |= _vector(name, flow)
            yield {"order": order, "source": source, **_balls(balls), WHY: found[source].reason}


def _amplitudes(tables: Document, system: System) -> Iterator[Row]:
    some, k_max = random.Random(system.name), math.sqrt(system.thresholds()[-1])
    for part in OPEN_AT:
        k = cmath.rect(part * k_max, some.uniform(0.0, 2 * math.pi))
        k_x, k_y = round(k.real, 3), round(k.imag, 3)
        yield {"kx": k_x, "ky": k_y, **_balls(amplitudes(tables, k_x, k_y)), WHY: ""}


def _bound(tables: Document, system: System) -> Iterator[Row]:
    some = random.Random(system.name)
    wanted = [{"k_perp": k, "angle": float(some.randrange(360)), "h_R": system.h_R} for k in BOUND_AT]
    for asked, proved in zip(wanted, bound.certified(tables, wanted)["rows"], strict=True):
        row: Row = {"k_perp": asked["k_perp"], "angle": asked["angle"]}
        found: Row = proved["certified"] or {"count": None, "at_or_below_E_F": None, "energies": []}
        row |= {name: found[name] for name in ("count", "at_or_below_E_F")}
        for n, (lower, upper) in enumerate([*found["energies"], (math.nan, math.nan)][:2], 1):
            row |= {f"energy_{n}": (lower + upper) / 2, f"energy_{n}{RADIUS}": two_digits(upper - lower)}
        yield row | {WHY: proved.get(WHY, "")}


ROWS: dict[str, Callable[[Document, System], Iterator[Row]]] = {
    "torques": _torques, "amplitudes": _amplitudes, "bound-states": _bound
}  # fmt: skip


@cache
def rows(kind: str, name: str) -> tuple[Row, ...]:
    """Return the rows of an interface."""
    tables = systems()[name]
    system = from_document(tables, name)
    return tuple({"system": name, **parameters(tables, system), **row} for row in ROWS[kind](tables, system))


def table(kind: str, names: Iterable[str], progress: Progress = silent) -> pd.DataFrame:
    """Return the rows of some interfaces.

    A row has what tells it apart (`KEYS`), the interface, and numbers NAME with NAME_radius, or a reason.
    """
    import pandas as pd

    found = pd.DataFrame([row for name in progress(list(names), "reference") for row in rows(kind, name)])
    # Last, as in rows that have numbers.
    found[WHY] = found.pop(WHY)
    found.attrs[ATTRIBUTE] = HEADER.format(version=__version__, kind=kind, words=WORDS[kind])
    return found


def write(path: Path, found: pd.DataFrame) -> None:
    """Write a table as CSV or parquet, by its name, its header in front or in the metadata."""
    if ending(path) == ".csv":
        header = "".join(f"# {line}\n" for line in found.attrs[ATTRIBUTE].splitlines())
        content = (header + found.to_csv(index=False, lineterminator="\n")).encode()
    else:
        content = found.to_parquet(None, index=False)
    output.replace(path, content)


def ending(path: Path) -> str:
    """Return how a table's name ends, and refuse what cannot be written or read."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise TableError(f"{path}: a table of proved numbers ends in .csv or .parquet; name it so")
    if path.suffix.lower() == ".parquet":
        parquet_of(str(path))
    return path.suffix.lower()
