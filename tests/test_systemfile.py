"""System files: what is read, what is refused; every refusal says where, what, and what is accepted."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sotcheck.errors import SystemFileError
from sotcheck.system.files import KEYS, builtin_systems, from_document, load, read_text, to_document
from sotcheck.system.interface import LARGEST, Interface

FOUR = ["bulk-magnetism", "ferromagnetic-insulator", "interface-magnetism", "topological-insulator"]
NUMBER, NOT_NEGATIVE = "a finite number, at most 1e+60 in size", "a finite number >= 0, at most 1e+60"
DIRECTION = "three finite numbers, not all zero"


def write(folder: Path, text: str | bytes) -> Path:
    """Write a system file and return its path."""
    path = folder / "my.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def named(text: str) -> str:
    """Put the one required key in front."""
    return f'name = "x"\n{text}\n'


def refusal(path: Path | str) -> str:
    """Load what must be refused and return the message."""
    with pytest.raises(SystemFileError) as caught:
        load(path)
    return str(caught.value)


def test_every_default_is_the_contracts(tmp_path: Path) -> None:
    """A file with a name only."""
    assert load(write(tmp_path, named(""))) == Interface(
        name="x", title="", reference="", E_F=2.0, U_N=0.0, U_F=0.0, J=1.0, u_0=0.0, u_m=0.0, h_R=0.05,
        m=(0.0, 0.0, 1.0), tau_N=1.0, tau_up=1.0, tau_down=1.0,
    )  # fmt: skip


def test_every_key_sets_its_attribute() -> None:
    """Nothing is read and dropped, nothing goes to another attribute."""
    text = """
        name = "all"
        title = "t"
        reference = "r"
        fermi_energy = 3
        [normal]
        potential = 0.1
        [ferromagnet]
        potential = 0.2
        exchange = 0.3
        [interface]
        barrier = 0.4
        exchange = 0.5
        rashba = 0.6
        magnetization = [3, 0, 4]
        [relaxation]
        normal = 0.7
        majority = 0.8
        minority = 0.9
    """
    assert from_document(tomllib.loads(text), "here") == Interface(
        name="all", title="t", reference="r", E_F=3.0, U_N=0.1, U_F=0.2, J=0.3, u_0=0.4, u_m=0.5, h_R=0.6,
        m=(3.0, 0.0, 4.0), tau_N=0.7, tau_up=0.8, tau_down=0.9,
    )  # fmt: skip
    assert set(KEYS.values()) == set(Interface.model_fields)


def test_builtin_systems(tmp_path: Path) -> None:
    """Each is found by name and through its file, carries its own name, and survives a round trip."""
    assert list(builtin_systems()) == FOUR
    for name in FOUR:
        iface, text = load(name), read_text(name)[1]
        assert iface.name == name
        assert iface.title
        assert iface.reference.startswith("Sec. V")
        assert from_document(to_document(iface), name) == iface
        # The file itself, comments included.
        assert "#" in text
        assert load(write(tmp_path, text)) == iface


def test_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    assert load(write(tmp_path, "\ufeff" + named(""))).name == "x"


@pytest.mark.parametrize(
    ("m", "unit"),
    [
        ("[0, 0, 5]", (0.0, 0.0, 1.0)),
        ("[3.0, 0, -4.0]", (0.6, 0.0, -0.8)),
        ("[0, 5e-324, 0]", (0.0, 1.0, 0.0)),
        ("[-1e308, 0, 0]", (-1.0, 0.0, 0.0)),
    ],
)
def test_magnetization_is_normalised(tmp_path: Path, m: str, unit: tuple[float, float, float]) -> None:
    """However short or long the vector is."""
    found = load(write(tmp_path, named(f"[interface]\nmagnetization = {m}"))).m
    assert found == pytest.approx(unit, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "found", "accepted"),
    [
        ('fermi_energy = "2"', 'fermi_energy = "2"', NUMBER),
        ("fermi_energy = true", "fermi_energy = true", NUMBER),
        ("fermi_energy = nan", "fermi_energy = nan", NUMBER),
        ("fermi_energy = -inf", "fermi_energy = -inf", NUMBER),
        ("fermi_energy = 1e300", "fermi_energy = 1e+300", NUMBER),
        ("fermi_energy = 2020-01-01", 'fermi_energy = "2020-01-01"', NUMBER),
        ("[fermi_energy]\nvalue = 1", 'fermi_energy = {"value": 1}', NUMBER),
        ("[interface]\nrashba = [0.1]", "interface.rashba = [0.1]", NUMBER),
        ("[interface]\nbarrier = " + "9" * 400, "interface.barrier = " + "9" * 60 + "...", NUMBER),
        ("[ferromagnet]\nexchange = -1.0", "ferromagnet.exchange = -1.0", NOT_NEGATIVE),
        ("[relaxation]\nminority = -1", "relaxation.minority = -1", NOT_NEGATIVE),
        ("[interface]\nmagnetization = [0, 0, 0]", "interface.magnetization = [0, 0, 0]", DIRECTION),
        ("[interface]\nmagnetization = [1.0, 2.0]", "interface.magnetization = [1.0, 2.0]", DIRECTION),
        ("[interface]\nmagnetization = [1, 2, 3, 4]", "interface.magnetization = [1, 2, 3, 4]", DIRECTION),
        ("[interface]\nmagnetization = []", "interface.magnetization = []", DIRECTION),
        ("[interface]\nmagnetization = [nan, 0, 1]", "interface.magnetization = [nan, 0, 1]", DIRECTION),
        ("[interface]\nmagnetization = [inf, 0, 1]", "interface.magnetization = [inf, 0, 1]", DIRECTION),
        ("[interface]\nmagnetization = [true, 0, 1]", "interface.magnetization = [true, 0, 1]", DIRECTION),
        ('[interface]\nmagnetization = "z"', 'interface.magnetization = "z"', DIRECTION),
        ("[interface]\nmagnetization = 1.0", "interface.magnetization = 1.0", DIRECTION),
        ("normal = 3", "normal = 3", "a table, written [normal] with keys below it"),
        ("[[normal]]\npotential = 3", 'normal = [{"potential": 3}]', "a table, written [normal]"),
        ("title = 3", "title = 3", "a text of one line"),
        (r'title = "two\nlines"', r'title = "two\nlines"', "a text of one line"),
    ],
)
def test_wrong_value(tmp_path: Path, text: str, found: str, accepted: str) -> None:
    """File, key, what was found, what is accepted: in one line."""
    path = write(tmp_path, named(text))
    message = refusal(path)
    assert message.startswith(f"{path}: {found} is not accepted; expected {accepted}")
    assert "\n" not in message


@pytest.mark.parametrize("name", ['""', '"a b"', '"a/b"', '"é"', r'"a\n"', "3"])
def test_wrong_name(tmp_path: Path, name: str) -> None:
    """Names become folders of reports."""
    message = refusal(write(tmp_path, f"name = {name}"))
    assert "my.toml: name = " in message
    assert message.endswith(" is not accepted; expected a text of letters, digits and '-'")


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    """One line each."""
    message = refusal(write(tmp_path, named("fermi_energy = nan\n[ferromagnet]\nexchange = -1")))
    first, second = message.splitlines()
    assert "my.toml: fermi_energy = nan" in first
    assert "my.toml: ferromagnet.exchange = -1" in second


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("fermi_enrgy = 1", "fermi_enrgy", "fermi_energy"),
        ("[interface]\nrashbaa = 1", "interface.rashbaa", "interface.rashba"),
        ("[interfaces]\nrashba = 1", "interfaces", "interface"),
        # A right key in the wrong table, or in none.
        ("[ferromagnet]\nrashba = 1", "ferromagnet.rashba", "interface.rashba"),
        ("[normal]\nexchange = 1", "normal.exchange", "ferromagnet.exchange"),
        ("magnetization = [0, 0, 1]", "magnetization", "interface.magnetization"),
        # The name it has in Python and in the paper.
        ("[interface]\nh_R = 1", "interface.h_R", "interface.rashba"),
        ("E_F = 1", "E_F", "fermi_energy"),
        ('"interface.rashba" = 1', '"interface.rashba"', "interface.rashba"),
    ],
)
def test_unknown_key(tmp_path: Path, text: str, key: str, near: str) -> None:
    """The nearest key that exists is suggested, and all are listed."""
    path = write(tmp_path, named(text))
    message = refusal(path)
    assert message.startswith(f"{path}: unknown key {key!r} (did you mean {near!r}?); accepted: name, ")
    assert all(known in message for known in KEYS)


NAMELESS = ("", "fermi_energy = 1.0\n", "# nothing\n")
#: No value, NUL, a key twice, nested too deep, too many digits: also what makes the parser itself give up.
NOT_TOML = (
    "name = ", "\0", named(named("")), named("a = " + "[" * 3000), named("fermi_energy = " + "9" * 5000)
)  # fmt: skip
EDGE = "leaves no propagating state: the lowest band edge is"
EDGE_OF_N = "fermi_energy = 1.0\n[normal]\npotential = 1.0\n[ferromagnet]\npotential = 5.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, "the key name is missing; expected a line such as name = ") for text in NAMELESS),
        *((text, "not a TOML file that can be read: ") for text in NOT_TOML),
        (b'name = "\xff"', "not UTF-8 text (byte 8 is 0xff); "),
        (named("").encode("utf-16"), "not UTF-8 text (byte 0 is 0xff); "),
        # A wild guess would only mislead.
        (named("[layers]"), "unknown key 'layers'; accepted"),
        # Exactly at the lowest edge, of F and of N, nothing propagates either.
        (named("fermi_energy = -1.5"), f"fermi_energy = -1.5 {EDGE} -1 (the smaller of U_N and U_F - J); "),
        (named("fermi_energy = -1.0"), f"fermi_energy = -1 {EDGE} -1 "),
        (named(EDGE_OF_N), f"fermi_energy = 1 {EDGE} 1 "),
    ],
)
def test_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    """By what is said first."""
    path = write(tmp_path, text)
    assert refusal(path).startswith(f"{path}: {words}")


def test_missing_file_folder_and_near_names(tmp_path: Path) -> None:
    """All of them list what there is."""
    everything = "built-in: " + ", ".join(FOUR)
    missing = refusal(tmp_path / "no.toml")
    assert "no.toml': no such file, nor a built-in system; " in missing
    assert everything in missing
    assert "(did you mean 'bulk-magnetism'?)" in refusal("bulk-magnetisme")
    assert refusal(tmp_path).startswith(f"{tmp_path}: is a folder; ")
    assert refusal("").startswith("'': no such file")
    assert "cannot be read (Not a directory)" in refusal(write(tmp_path, "") / "below.toml")
    assert "cannot be read (File name too long)" in refusal("a" * 300)
    assert "cannot be read (embedded null byte)" in refusal("a\0b")


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("fermi_energy = 0.5\n[normal]\npotential = 0.5", [0.0, 1.5]),
        ("fermi_energy = 1.0", [0.0, 1.0, 2.0]),
        ("fermi_energy = 1.0\n[ferromagnet]\npotential = 2.0", [0.0, 1.0]),
    ],
    ids=["N", "minority", "majority"],
)
def test_fermi_energy_exactly_at_one_edge(tmp_path: Path, text: str, edges: list[float]) -> None:
    """Fine while another channel is open; the closed one leaves no threshold."""
    assert load(write(tmp_path, named(text))).thresholds() == edges


def test_largest_numbers_are_accepted(tmp_path: Path) -> None:
    """The limit itself is inside."""
    text = named(f"[interface]\nrashba = {LARGEST!r}\nbarrier = {-LARGEST!r}")
    assert load(write(tmp_path, text)).h_R == LARGEST
