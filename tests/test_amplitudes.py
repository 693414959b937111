"""Tables of amplitudes: written and read again, refused where wrong, summed within their own uncertainty."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import SYSTEMS, Command, interface, random_interface, strict

import sotcheck as sc
from sotcheck.engines import EXACT
from sotcheck.errors import SotcheckError, TableError
from sotcheck.exact.observables import transverse
from sotcheck.numerics.arrays import Array
from sotcheck.system.interface import SOURCES, Interface
from sotcheck.system.stack import Junction, Layer, Stack
from sotcheck.theory.amplitudes import closed_forms
from sotcheck.theory.sums import first_order_torque, stack_torque
from sotcheck.theory.table_checks import check
from sotcheck.theory.table_files import read_table, write_table
from sotcheck.theory.table_sums import first_order_of
from sotcheck.theory.tables import Table
from sotcheck.trial.amplitudes import tabulated
from sotcheck.trial.own_amplitudes import write_amplitudes
from sotcheck.trial.paper import load as load_paper
from sotcheck.trial.torque_table import TorqueRow

BULK = sc.load("bulk-magnetism")
FORMULA = load_paper().first_order.torque


def within(found: Sequence[TorqueRow], expected: Sequence[TorqueRow], relative: float) -> None:
    """Require both torques to be equal within what the first one claims, which is at most so much."""
    for one, other in zip(found, expected, strict=True):
        same = ("engine", "scheme", "source", "h_R", "magnetization")
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
        assert np.abs(one.vector - other.vector).max() <= one.t.total + other.t.total
        assert one.parts is not None
        both = one.parts - other.parts
        assert np.abs(both.value).max() <= both.total
        assert one.t.total <= relative * max(np.abs(row.vector).max() for row in expected)


@pytest.mark.parametrize("ending", ["csv", "nc", "parquet"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_round_trip(name: str, ending: str, tmp_path: Path) -> None:
    """A built-in system's own table gives its torque back, to ten digits but where waves are resonant."""
    path = tmp_path / f"{name}.{ending}"
    iface = sc.load(name)
    assert write_amplitudes(iface, path) == 100 * (len(iface.thresholds()) - 1)
    within(tabulated(path), sc.torque(iface, "first-order"), 1e-6 if iface.u_0 else 1e-10)


@pytest.mark.parametrize("ending", ["csv", "nc", "parquet"])
def test_round_trip_on_a_grid(ending: str, tmp_path: Path) -> None:
    """With other numbers of k_x and k_y; coarse grids say that they are."""
    path = tmp_path / f"grid.{ending}"
    assert write_amplitudes(BULK, path, grid=(60, 45)) == 60 * 45
    within(tabulated(path), sc.torque(BULK, "first-order"), 0.05)


def collinear(unit: Any = "", **changes: Any) -> Stack:
    """A spacer with a quantum-well state, and a layer magnetised against the rest."""
    m = (2.0, -1.0, 2.0)
    spacer = Layer(thickness=2.0, potential=-0.5, mass=0.7, interface=Junction(barrier=1.5))
    magnet = Layer(thickness=1.0, potential=0.1, exchange=0.4, magnetization=(-2.0, 1.0, -2.0))
    values = {"U_F": 0.2, "J": 0.6, "u_0": 0.3, "u_m": 0.2, "h_R": 0.1, "m": m, "layers": (spacer, magnet)}
    return Stack(name="collinear", E_F=1.5, unit=unit, **{**values, **changes})


@pytest.mark.parametrize("unit", ["", "eV"])
def test_stacks(unit: str, tmp_path: Path) -> None:
    """A stack's table as well, also in eV, where k is in 1/nm."""
    stack, path = collinear(unit), tmp_path / "stack.csv"
    write_amplitudes(stack, path)
    found, expected = tabulated(path), stack_torque(stack, rtol=1e-11)
    for s, row in enumerate(found):
        assert np.abs(row.vector - 0.1 * expected.value[s]).max() <= row.t.total + 0.1 * expected.total
        assert row.t.total < 1e-4 * np.abs(expected.value).max()
    document, own = found.to_dict(), sc.torque(stack, "first-order").to_dict()
    assert document["system"].get("units") == own["system"].get("units")
    for row, other in zip(document["torque"], own["torque"], strict=True):
        assert row["vector"] == pytest.approx(other["vector"], rel=1e-4)


def test_narrow_resonances_get_rows(tmp_path: Path) -> None:
    """Electrons of F that a barrier all but locks in next to a closed N: a peak of finite area."""
    well = Layer(thickness=3.0, potential=-1.0, interface=Junction(barrier=30.0))
    stack = Stack(name="well", E_F=1.0, U_N=3.0, U_F=0.0, J=0.2, u_0=0.5, h_R=0.1, layers=(well,))
    path = tmp_path / "well.nc"
    # Minority is bound there, for itself: no row tells of that.
    assert 280 < write_amplitudes(stack, path) < 400
    found, expected = first_order_of(read_table(path), FORMULA), stack_torque(stack, rtol=1e-10)
    off = np.abs(found.value[:, 1] + expected.value[:, 0])
    assert np.all(off <= found.error[:, 1] + expected.total)
    assert found.total < 0.01 * np.abs(expected.value).max()


def table_of(iface: Interface, k: Array, **changes: Any) -> Table:
    """Return closed-form amplitudes at k (n,) or (n, 2), checked."""
    k = np.reshape(k, (len(k), -1))
    x, edges = (k**2).sum(axis=1), iface.thresholds()
    r, t = np.zeros((2, len(k), 2), dtype=complex)
    inside = x < edges[-1] * (1 - 1e-12)
    a = closed_forms(iface, x[inside])
    r[inside] = np.stack([a.up(a.r), a.down(a.r)], axis=-1)
    t[inside] = np.stack([a.up(a.t_prime), a.down(a.t_prime)], axis=-1)
    t[iface.Kz_squared(x)[:, ::-1] <= 0] = 0
    values = {"edges": edges, "k": k, "r": r, "t": t, **changes}
    found = Table(
        "here", iface, known_F=True, has_h_R=True, rows=[f"row {n}" for n in range(len(k))], **values
    )
    check(found)
    return found


def rows_of(rng: np.random.Generator, iface: Interface) -> Array:
    """Return k as tables from elsewhere have them: equal steps in k or k², at random, crowding, or a grid."""
    edges, n = iface.thresholds(), int(np.exp(rng.uniform(np.log(40), np.log(400))))
    middles, k_max = (np.arange(n) + 0.5) / n, edges[-1] ** 0.5
    if (kind := rng.integers(5)) == 0:
        return np.linspace(k_max / n, k_max, n)
    if kind == 1:
        return k_max * np.sqrt(middles)
    if kind == 2:
        return k_max * (np.arange(n) + rng.uniform(0.3, 0.7, n)) / n
    if kind == 3:
        theta = middles[:: len(edges) - 1] * np.pi / 2
        return np.sqrt(np.concatenate([a + (b - a) * np.sin(theta) ** 2 for a, b in pairwise(edges)]))
    axes = (k_max * (2 * (np.arange(m) + rng.uniform(0, 1)) / (m - 1) - 1) for m in rng.integers(20, 80, 2))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def test_errors_cover(rng: np.random.Generator) -> None:
    """The uncertainty from half the rows covers the true error of random interfaces and densities."""
    ratios = []
    for _ in range(20):
        iface = random_interface(rng)
        exact = first_order_torque(iface, FORMULA, rtol=1e-9).total
        try:
            found = first_order_of(table_of(iface, rows_of(rng, iface)), FORMULA)
        except TableError as error:
            # What is too coarse is not summed.
            assert any(words in str(error) for words in ("too few", "off what the rows"))
            continue
        off = np.abs((found.value - np.outer(exact.value, [0, 1])).view(float)).max(axis=1)
        certain = found.error.max(axis=1) + exact.total
        ratios.extend((off / certain)[certain > 0])
    assert len(ratios) > 30
    assert np.mean(np.array(ratios) <= 1) >= 0.95
    assert max(ratios) <= 3


def test_errors_of_half_a_table_cover_no_more() -> None:
    """A sum that is off by a thousandth is seen: errors are no larger than rows ask for."""
    table = table_of(BULK, rows_of(np.random.default_rng(1), BULK))
    found, exact = first_order_of(table, FORMULA), first_order_torque(BULK, FORMULA, rtol=1e-11).total
    assert found.total < 1e-3 * np.abs(exact.value).max()


def test_errors_of_smooth_tables_are_small() -> None:
    """Not that of half the rows, which is thousands of times as large: several times the true one."""
    exact = first_order_torque(BULK, FORMULA, rtol=1e-11).total
    theta = (np.arange(40) + 0.5) / 40 * np.pi / 2
    k = [np.sqrt(a + (b - a) * np.sin(theta) ** 2) for a, b in pairwise(BULK.thresholds())]
    found = first_order_of(table_of(BULK, np.concatenate(k)), FORMULA)
    off = np.abs(found.value - np.outer(exact.value, [0, 1])).max()
    assert off <= found.total + exact.total
    assert found.total <= 30 * max(off, 1e-13)


def test_lower_symmetry() -> None:
    """Amplitudes that depend on the direction of k: as the exact torque of the same grid of interfaces."""
    k_max, h = BULK.thresholds()[-1] ** 0.5, 1e-3
    axes = np.meshgrid(*(k_max * (2 * np.arange(n) + 1 - n) / n for n in (14, 17)), indexing="ij")
    k = np.stack(axes, axis=-1).reshape(-1, 2)
    r, t = np.zeros((2, len(k), 2), dtype=complex)
    exact = np.zeros((3, 3))
    cell = np.prod([2 * k_max / n for n in (14, 17)]) / (4 * np.pi**2)
    for n, (kx, ky) in enumerate(k):
        k_perp, angle = np.hypot(kx, ky), np.arctan2(ky, kx)
        iface = BULK.with_(u_0=0.5 + 0.3 * np.sin(2 * angle + 0.4) + 0.2 * np.cos(angle), u_m=0.2)
        if k_perp >= k_max:
            continue
        one = closed_forms(iface, np.array([k_perp**2]))
        r[n], t[n] = ([one.up(of)[0], one.down(of)[0]] for of in (one.r, one.t_prime))
        at = np.array([k_perp]), np.array([angle]), h * np.array([1, -1])
        flows = EXACT["continuum"].solve(iface.structure, *at).flows
        exact -= kx * cell / (4 * np.pi) * (flows[0] - flows[1])[:, [1, 3]].sum(axis=1) / (2 * h)
    table = Table("here", BULK, BULK.thresholds(), True, True, k, r, t, [""] * len(k))
    found = first_order_of(table, FORMULA).value
    assert np.abs(found[:, 0]).max() > 0.01 * np.abs(found).max()
    m = BULK.direction
    x, y = np.eye(3)[:2]
    for s in range(len(SOURCES)):
        along = zip(found[s], (x, y), strict=True)
        vector = sum(c.real * np.cross(m, e) + c.imag * np.cross(m, np.cross(e, m)) for c, e in along)
        assert np.abs(vector - transverse(exact[s], m)).max() < 1e-6 * np.abs(exact).max()


HEADER = {"fermi_energy": "1.5", "ferromagnet.exchange": "1.0", "interface.rashba": "0.1"}
NAMES = [f"{name}_{part}" for name in ("r_up", "r_down", "t_up", "t_down") for part in ("re", "im")]
Columns = dict[str, Any]


def csv(path: Path, columns: Columns, **header: str | None) -> Path:
    """Write a table by hand; a header's key that is None is left out."""
    keys = {**HEADER, **{key.replace("__", "."): value for key, value in header.items()}}
    lines = [f"# {key} = {value}" for key, value in keys.items() if value is not None]
    lines += [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines))
    return path


def columns_of(iface: Interface, k: Array) -> Columns:
    table = table_of(iface, k)
    axes = ["kx", "ky"] if table.on_grid else ["k_perp"]
    pairs = np.concatenate([table.r, table.t], axis=1).view(float)
    return dict(zip([*axes, *NAMES], np.concatenate([table.k, pairs], axis=1).T.copy(), strict=True))


@pytest.fixture(scope="module")
def uniform() -> Columns:
    """Sixty equidistant rows of the first built-in system; the 6th is line 10 of its file."""
    k_max = BULK.thresholds()[-1] ** 0.5
    return columns_of(BULK, k_max * (np.arange(60) + 0.5) / 60)


def test_what_is_accepted(uniform: Columns, tmp_path: Path) -> None:
    """Rows in any order, other columns, wave amplitudes, edges in place of F's bands: all the same torque."""
    expected = tabulated(csv(tmp_path / "sorted.csv", uniform))
    within(expected, sc.torque(BULK.with_(m=(0, 0, 1)), "first-order"), 1e-2)
    order = np.random.default_rng(3).permutation(60)
    shuffled = {name: values[order] for name, values in uniform.items()} | {"weight": order}
    x = uniform["k_perp"] ** 2
    K_over_k = np.abs(BULK.Kz_squared(x)[:, ::-1] / BULK.kz_squared(x)[:, None])
    wave = dict(uniform)
    for s, spin in enumerate(("up", "down")):
        for part in ("re", "im"):
            wave[f"t_{spin}_{part}"] = uniform[f"t_{spin}_{part}"] * K_over_k[:, s] ** 0.25
    edges = f"[{0.5**0.5!r}, {2.5**0.5!r}]"
    for found in (
        tabulated(csv(tmp_path / "shuffled.csv", shuffled)),
        tabulated(csv(tmp_path / "wave.csv", wave, amplitudes__normalization='"wave"')),
        tabulated(csv(tmp_path / "edges.csv", uniform, ferromagnet__exchange=None, amplitudes__edges=edges)),
    ):
        for one, other in zip(found, expected, strict=True):
            assert one.vector == pytest.approx(other.vector, rel=1e-12, abs=1e-20)
            assert one.t.total == pytest.approx(other.t.total, rel=1e-6, abs=1e-20)


def change(name: str, row: int, value: Any) -> Callable[[Columns], None]:
    def changed(columns: Columns) -> None:
        columns[name] = columns[name].astype(object)
        columns[name][row] = value(columns[name][row]) if callable(value) else value

    return changed


def without(*rows: int) -> Callable[[Columns], None]:
    def left_out(columns: Columns) -> None:
        for name, values in columns.items():
            columns[name] = np.delete(values, rows)

    return left_out


def turned(columns: Columns) -> None:
    """Another sign of the phase from a row on, as where a program takes another branch."""
    for part in ("re", "im"):
        columns[f"r_up_{part}"][25:40] *= -1


def twice(columns: Columns) -> None:
    for name, values in columns.items():
        columns[name] = np.append(values, values[5])


def renamed(columns: Columns) -> None:
    columns["r_up_imag"] = columns.pop("r_up_im")


FAULTS: list[tuple[Callable[[Columns], Any], list[str]]] = [
    (change("r_up_re", 5, lambda r: 1.05 * r),
     ["line 10 (k_perp = 0.14", "r_up and t_up", "not unitary", "wave"]),
    (change("t_down_im", 7, lambda t: -1.2), ["line 12 (", "r_down and t_down", "expected 1"]),
    (change("r_down_re", 50, 0.9), ["line 55 (", "r_down: |r| = 0.9", "k_z^2 = ", "expected 0"]),
    (change("t_down_re", 30, 0.2), ["line 35 (", "t_down: |t'| = 0.2", "F's band is closed"]),
    (change("r_up_im", 5, np.nan), ["line 10, r_up: ", "nan", "finite number"]),
    (change("t_up_im", 5, np.inf), ["line 10, t_up: ", "inf", "finite number"]),
    (change("t_up_im", 5, "nought"), ["line 10, t_up_im", '"nought" is not a number']),
    (change("k_perp", 5, -0.1), ["line 10, k_perp: -0.1", "number >= 0"]),
    (turned, ["r_up: ", "off what the rows around say", "mend it"]),
    (twice, ["line 10 (k_perp = 0.14", "the same as in line 65", "leave one of them out"]),
    (renamed, ["no column r_up_im (did you mean 'r_up_imag'?)", "found k_perp"]),
    (without(5), ["k_perp: no row between 0.118", "a gap 2 times as wide", "add some there"]),
    (without(*range(20, 29)), ["no row between", "times as wide"]),
    (without(*range(50, 60)), ["no row between", "and 1.58113883", "rows from 0 to 1.58113883"]),
    (without(0, 1, 2), ["no row between 0 and"]),
    (without(*range(4, 60)), ["4 rows, too few; give at least 6"]),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_faults_in_rows(uniform: Columns, tmp_path: Path, fault: Any, words: list[str]) -> None:
    """Each is refused by file, row and column, with what was found and what to do."""
    columns = {name: values.copy() for name, values in uniform.items()}
    fault(columns)
    with pytest.raises(TableError) as caught:
        read_table(csv(tmp_path / "wrong.csv", columns))
    assert str(caught.value).startswith(f"{tmp_path}/wrong.csv: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"fermi_energy": None}, "its header has no fermi_energy"),
        ({"ferromagnet__exchange": None}, "does not say where bands of F close"),
        ({"interface__rashba": None}, "no interface.rashba; give it there, or h_R by --h-r"),
        ({"interface__barrier": "1.0"}, "unknown key 'interface.barrier' in its header"),
        ({"ferromagnet__exchagne": "1.0"}, "did you mean 'ferromagnet.exchange'?"),
        ({"fermi_energy": "-1.5"}, "fermi_energy = -1.5 leaves no propagating state"),
        ({"fermi_energy": "1.2"}, "where N has no open channel"),
        ({"ferromagnet__exchange": None, "amplitudes__edges": "[0.707]"}, "beyond the last of amplitudes"),
        ({"fermi_energy": "'x'"}, 'fermi_energy = "x" is not accepted'),
        ({"fermi_energy": "'x'", "ferromagnet__exchange": None, "amplitudes__edges": "[1.5]"},
         'fermi_energy = "x" is not accepted'),
        ({"fermi_energy": "1.5.1"}, "its header is not TOML"),
        ({"amplitudes__edges": "[" * 3000 + "]" * 3000}, "its header is not TOML (maximum recursion"),
        ({"amplitudes__normalization": '"none"'}, 'amplitudes.normalization = "none" is not accepted'),
        ({"amplitudes__edges": "[1e300]"}, "amplitudes.edges = [1e+300] is not accepted"),
        ({"amplitudes__edges": '"1.2"'}, 'amplitudes.edges = "1.2" is not accepted'),
        ({"ferromagnet__exchange": None, "amplitudes__edges": "[]", "amplitudes__normalization": '"wave"'},
         "needs ferromagnet.potential"),
    ],
)  # fmt: skip
def test_faults_in_the_header(uniform: Columns, tmp_path: Path, header: Any, words: str) -> None:
    with pytest.raises(SotcheckError) as caught:
        tabulated(csv(tmp_path / "wrong.csv", uniform, **header))
    assert words in str(caught.value)


def test_too_few_rows_in_a_range(tmp_path: Path) -> None:
    """Rows enough in all, but not between two channels that close one after the other."""
    iface = interface(E_F=1.0, J=0.01)
    with pytest.raises(TableError, match=r"1 rows between k_perp = 0.994987437 and 1, where a channel opens"):
        table_of(iface, 1.004 * (np.arange(60) + 0.5) / 60)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (without(200), "1 of 400 points of the grid are missing, the first one at kx = "),
        (without(*range(200, 220)), "kx: a step of"),
        (without(*range(160)), "kx: from -0.237170825 to 1.50208189 only"),
        (without(*range(20, 400)), "kx: 1 values, too few"),
        (twice, "a duplicate of"),
        (change("r_up_re", 190, 5.0), "not unitary"),
        (change("r_down_re", 190, lambda r: -r), "off what the rows around say"),
    ],
)  # fmt: skip
def test_faults_in_a_grid(tmp_path: Path, fault: Any, words: str) -> None:
    k = BULK.thresholds()[-1] ** 0.5 * ((2 * np.arange(20) + 1) / 20 - 1)
    columns = columns_of(BULK, np.stack(np.meshgrid(k, k, indexing="ij"), axis=-1).reshape(-1, 2))
    fault(columns)
    with pytest.raises(TableError) as caught:
        read_table(csv(tmp_path / "grid.csv", columns))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mass_N": 1.1}, "normal.mass and ferromagnet.mass other than 1"),
        ({"dresselhaus": 0.1}, "a spin-orbit term other than interface.rashba"),
        ({"magnetic": False, "J": 0.0}, "ferromagnet.magnetic = false"),
        ({"m_F": (1.0, 0.0, 0.0)}, "ferromagnet.magnetization other than that of [interface]"),
        ({"m": (1.0, 0.0, 0.0)}, "a magnetization of a layer that is not along that of [interface]"),
    ],
)
def test_other_premises(changes: Any, words: str, tmp_path: Path) -> None:
    """Stacks whose torque does not follow from r and t' are refused by what keeps it from that."""
    with pytest.raises(SotcheckError, match=f"^collinear: {re.escape(words)}: its torque does not follow"):
        write_amplitudes(collinear(**changes), tmp_path / "none.csv")


def test_other_ways_to_have_a_header(uniform: Columns, tmp_path: Path) -> None:
    """Complex NetCDF variables, and the attributes of a pandas frame in parquet."""
    header = "\n".join(f"{key} = {value}" for key, value in HEADER.items())
    names = ("r_up", "r_down", "t_up", "t_down")
    numbers = {name: ("k_perp", uniform[f"{name}_re"] + 1j * uniform[f"{name}_im"]) for name in names}
    dataset = xr.Dataset(numbers, coords={"k_perp": uniform["k_perp"]}, attrs={"sotcheck": header})
    with pytest.warns(UserWarning, match="invalid netcdf features"):
        dataset.to_netcdf(tmp_path / "complex.nc", engine="h5netcdf", invalid_netcdf=True)
    frame = dataset.drop_vars(names).to_dataframe().reset_index().assign(**uniform)
    frame.attrs["sotcheck"] = header
    frame.to_parquet(tmp_path / "frame.parquet")
    expected = tabulated(csv(tmp_path / "same.csv", uniform))
    for name in ("complex.nc", "frame.parquet"):
        for one, other in zip(tabulated(tmp_path / name), expected, strict=True):
            assert np.array_equal(one.vector, other.vector)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "cannot be read (No such file"),
        ("empty.csv", b"", "its header has no fermi_energy"),
        ("latin.csv", b"\xe9", "not UTF-8 text (byte 0)"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "line 3: 1 values for 2 columns"),
        ("quoted.csv", b'a\n"1\n2\n', "line 2, a: "),
        ("twice.csv", b"a,a\n1,2\n", "two columns are called a"),
        ("german.csv", b"k_perp;r_up_re\n0,1;0,5\n", 'its columns, "k_perp, r_up_re", are not separated by'),
        ("long.csv", b"a,b\n1," + b"x" * 200_000, "line 2, b: "),
        ("wrong.nc", b"no", "is not a NetCDF 4 file that can be read"),
        ("wrong.parquet", b"no", "is not a parquet file that can be read"),
        ("table.txt", b"", "ends in .csv, .nc, .parquet"),
    ],
)
def test_what_is_no_table(name: str, content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / name)
    assert words in str(caught.value)


def test_as_spreadsheets_save_it(uniform: Columns, tmp_path: Path) -> None:
    """Lines filled up with empty cells, names in quotes, a byte order mark, Windows' ends of lines."""
    path = csv(tmp_path / "plain.csv", uniform)
    expected, (*header, names) = tabulated(path), path.read_text().splitlines()[:4]
    text = path.read_text().replace(names, ",".join(f'"{name}"' for name in names.split(",")))
    for line in header:
        text = text.replace(line, line + "," * 8)
    (tmp_path / "saved.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ",\r\n").encode())
    for one, other in zip(tabulated(tmp_path / "saved.csv"), expected, strict=True):
        assert np.array_equal(one.vector, other.vector)


def test_damaged_parquet(uniform: Columns, tmp_path: Path) -> None:
    """Metadata that are none, a list in each row, and a bit that tipped over in the numbers."""
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    write_table(path, BULK, uniform, "a test")
    good, table = path.read_bytes(), parquet.read_table(path)
    at = good.index(uniform["r_up_re"][:8].tobytes())
    path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
    with pytest.raises(TableError, match="checksum"):
        read_table(path)
    for metadata, words in (({b"PANDAS_ATTRS": b"{no"}, "Expecting"), ({b"sotcheck": b"\xff"}, "utf-8")):
        parquet.write_table(table.replace_schema_metadata(metadata), path)
        with pytest.raises(TableError, match=f"metadata are not text that can be read .*{words}"):
            read_table(path)
    lists = table.set_column(1, "r_up_re", [[[1.0]] * len(table)])
    parquet.write_table(lists, path)
    with pytest.raises(TableError, match="r_up_re: a column of list<"):
        read_table(path)


def test_shapes_and_types(uniform: Columns, tmp_path: Path) -> None:
    """Variables along other dimensions than k, more rows than memory has room for, and columns of words."""
    many = xr.Dataset(coords={"kx": np.arange(4000.0), "ky": np.arange(4000.0)})
    many.to_netcdf(tmp_path / "many.nc", engine="h5netcdf")
    with pytest.raises(TableError, match="16,000,000 rows; expected at most 10,000,000"):
        read_table(tmp_path / "many.nc")
    dataset = xr.Dataset({n: ("k_perp", v) for n, v in uniform.items()}).assign(r_up_re=("spin", np.zeros(2)))
    dataset.to_netcdf(tmp_path / "shape.nc", engine="h5netcdf")
    with pytest.raises(TableError, match=r"r_up_re: a variable of float64 with dimensions \('spin',\)"):
        read_table(tmp_path / "shape.nc")
    frame = xr.Dataset({"r_up_re": ("row", np.array(["a", "b"]))}).to_dataframe()
    frame.to_parquet(tmp_path / "words.parquet")
    with pytest.raises(TableError, match=r"r_up_re: a column of (large_)?string; expected numbers"):
        read_table(tmp_path / "words.parquet")


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet says which extra to install."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match="the extra 'parquet'"):
        write_amplitudes(BULK, tmp_path / "table.parquet")


def test_commands(sotcheck: Command, tmp_path: Path) -> None:
    """From a system to a file to the contract's JSON, with h_R and m of the command line's."""
    path = str(tmp_path / "bulk.nc")
    assert sotcheck("amplitudes", "bulk-magnetism", "-o", path, "--points", "40").out.startswith(
        f"{path}: 120 rows"
    )
    args = ("--h-r", "0.2,0.3", "--magnetization", "0,0,1", "--json", "-")
    found = strict(sotcheck("torque", "--amplitudes", path, *args).out)
    expected = strict(sotcheck("torque", "bulk-magnetism", "--engine", "first-order", *args).out)
    assert found["system"]["amplitudes"] == {"file": path, "rows": 120}
    assert "bound states" in found["warnings"][0]
    for one, other in zip(found["torque"], expected["torque"], strict=True):
        assert one.keys() == other.keys()
        assert (one["engine"], one["h_R"], one["source"]) == (other["engine"], other["h_R"], other["source"])
        assert one["vector"] == pytest.approx(other["vector"], rel=1e-8, abs=1e-15)
        assert one["lattice"] is None
    assert "efficiency" in sotcheck("torque", "--amplitudes", path, "--efficiency").out
    refused = sotcheck("amplitudes", "bulk-magnetism", "-o", path, "--engine", "first-order")
    assert (refused.status, refused.out) == (2, "")
    assert "engine first-order solves nothing; choose from continuum, kwant" in refused.err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("torque", "Missing argument 'SYSTEM'"),
        ("torque bulk-magnetism --amplitudes F", "--amplitudes takes the place of SYSTEM"),
        ("torque --amplitudes F --fermi-energy 2", "--fermi-energy has no effect on a table of amplitudes"),
        ("torque --amplitudes F --engine kwant", "there is first-order only"),
        ("torque --amplitudes F --json none/x", "folder does not exist"),
        ("torque --amplitudes F --si --field 1 --relaxation-time 1e-14", "units.energy is not given"),
        ("torque --amplitudes E --efficiency", "efficiency needs the carriers of F"),
        ("torque --amplitudes none.csv", "none.csv: cannot be read"),
        ("amplitudes bulk-magnetism", "Missing option '-o'"),
        ("amplitudes bulk-magnetism -o x.txt", "x.txt: a table of amplitudes ends in .csv"),
        ("amplitudes bulk-magnetism -o none/x.csv", "folder does not exist"),
        ("amplitudes bulk-magnetism -o x.csv --grid 5,5", "expected two whole numbers from 12 to 700"),
        (
            "amplitudes bulk-magnetism -o x.csv --engine kwnat",
            "unknown engine 'kwnat' (did you mean 'kwant'?)",
        ),
    ],
)
def test_bad_usage(
    sotcheck: Command,
    uniform: Columns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    csv(tmp_path / "f.csv", uniform)
    csv(
        tmp_path / "e.csv",
        uniform,
        ferromagnet__exchange=None,
        amplitudes__edges="[0.7071067811865476, 1.5811388300841898]",
    )
    found = sotcheck(*(f"{word.lower()}.csv" if word in ("E", "F") else word for word in command.split()))
    assert (found.status, found.out) == (2, "")
    assert words in found.err


def test_the_manuals_table(tmp_path: Path) -> None:
    """Its header is accepted, and its rows are those of the system that it names; two are too few."""
    page = Path(__file__).parent.parent / "docs" / "how-to" / "amplitudes.md"
    (block,) = re.findall(
        r"```text\n(# fermi_energy.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    names, *rows = [line.split(",") for line in block.splitlines() if not line.startswith("#")]
    expected = columns_of(BULK, np.linspace(0, 1.58, 80))
    for row in rows:
        at = int(np.argmin(np.abs(expected["k_perp"] - float(row[0]))))
        for name, value in zip(names[1:], row[1:], strict=True):
            assert float(value) == pytest.approx(expected[name][at], abs=6e-5)
    (tmp_path / "short.csv").write_text(block)
    with pytest.raises(TableError, match="2 rows, too few"):
        read_table(tmp_path / "short.csv")
