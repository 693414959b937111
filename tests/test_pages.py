"""Pages as a browser shows them: no error, nothing too wide, legible, told in words; tables answer."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sotcheck.pages import audit
from sotcheck.pages.overview import write_overview
from sotcheck.pages.page import Page, Picture, Section, Table, Words
from sotcheck.pages.publish import MOST_OF_A_PAGE, publish
from sotcheck.pages.report import shown
from sotcheck.pages.typeset import typeset

COMMITTED = Path(__file__).resolve().parent.parent / "reports"
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
WIDTHS, THEMES = (400, 1000, 1600), ("light", "dark")
PAGES = ("audit", "pt-yig", ".")
#: Some of the paper's, right and wrong ones and definitions.
EQUATIONS = tuple(f"({n}" for n in range(3, 10))
DRAWING = '<main><svg aria-label="x" viewBox="0 0 300 60">{}</svg></main>'
#: What no page may have: one of each, and which check has to see it.
FAULTS = {
    "scroll": '<div style="width: 3000px">wide</div>',
    "contrast": '<p style="color: #8a8a8a; background: #fff">pale</p>',
    "names": "<table><tr><th>no scope</th></tr></table>",
    "symbols": "<p>sqrt(J) of kappa</p>",
    "words": DRAWING.format('<text y="20">one</text><text x="9" y="22">two</text>'),
    "small": DRAWING.format('<text y="20" style="font-size:2px">one</text>'),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages from committed numbers: of some equations, of a stack, and the one that leads to all."""
    folder = tmp_path_factory.mktemp("pages")
    data = committed("audit", "audit.json")
    for key in ("verdicts", "entries", "samples"):
        data[key] = [one for one in data[key] if (one["equation"] or "").startswith(EQUATIONS)]
    publish(folder / "audit", {"audit.json": data}, lambda data: audit.page(data, [], ""))
    publish(folder / "pt-yig", {"report.json": committed("pt-yig", "report.json")}, shown)
    write_overview(folder)
    return folder


def committed(*path: str) -> Any:
    return json.loads(COMMITTED.joinpath(*path).read_text(encoding="utf-8"))


class Browser:
    """A browser without a window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, width: int = 1000, theme: str = "light") -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get(path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wrong(self, check: str) -> list[str]:
        """Return what a check says of the page that is open."""
        found: list[str] = self.run(f"{CHECKS}\nreturn CHECKS[arguments[0]]();", check)
        return found

    def errors(self) -> list[str]:
        """Return what the console has heard since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    programs = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if not all(programs):
        # What nobody sees skipped is not tried at all.
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("needs chromium and chromedriver: apt install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    for option in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-dev-shm-usage",
    ):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(programs[1])) as driver:
        yield Browser(driver)


# ------------------------------------------------------------------------------------ every page


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(browser: Browser, folder: Path, name: str, theme: str) -> None:
    """At every width, with all that opens open: no error, nothing too wide, legible, told in words."""
    for width in WIDTHS:
        browser.open(folder / name / "index.html", width, theme)
        browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; });")
        assert browser.wrong("scroll") == [], width
        assert browser.errors() == []
    assert browser.wrong("contrast") == []
    assert browser.wrong("names") == []
    ground = browser.run("return getComputedStyle(document.body).backgroundColor;")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 30)"}[theme]


@pytest.mark.parametrize("page", sorted(COMMITTED.rglob("index.html")), ids=lambda page: page.parent.name)
def test_figures_of_a_committed_page(browser: Browser, page: Path) -> None:
    """With all that opens open: symbols typeset, words of drawings apart, whole and legible, no scrolling."""
    for width in WIDTHS[:2]:
        browser.open(page, width)
        browser.run("document.querySelectorAll('details').forEach(one => { one.open = true; });")
        for check in ("scroll", "symbols", "words", "small"):
            assert browser.wrong(check) == [], (check, width)


def test_every_check_sees_its_fault(browser: Browser, folder: Path, tmp_path: Path) -> None:
    """A page too wide, too pale, without names, words upon each other or too small, a script's error."""
    page = (folder / "pt-yig" / "index.html").read_text(encoding="utf-8")
    for check, fault in FAULTS.items():
        (tmp_path / "bad.html").write_text(page.replace("<main", f"{fault}<main"), encoding="utf-8")
        browser.open(tmp_path / "bad.html", 400)
        assert browser.wrong(check) != []
    (tmp_path / "bad.html").write_text(page.replace('"use strict";', "nothing.there();"), encoding="utf-8")
    browser.errors()
    browser.open(tmp_path / "bad.html")
    assert any("nothing is not defined" in error for error in browser.errors())


def test_pages_are_small_and_fetch_nothing(folder: Path) -> None:
    """Without a network; figures only of what README.md shows."""
    for name in PAGES:
        page = (folder / name / "index.html").read_text(encoding="utf-8")
        assert len(page.encode()) < MOST_OF_A_PAGE
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    figures = {path.name for path in (folder / "pt-yig" / "figures").iterdir()}
    readme = (folder / "pt-yig" / "README.md").read_text(encoding="utf-8")
    assert all(f"](figures/{figure})" in readme for figure in figures)
    assert readme.count("](figures/") == len(figures) <= 2


# ----------------------------------------------------------------------------- tables and entries


def test_what_disagrees(browser: Browser, folder: Path) -> None:
    """Of all equations those whose transcribed form is refuted, as the JSON counts them; and a search."""
    browser.open(folder / "audit" / "index.html")
    rows = json.loads((folder / "audit" / "audit.json").read_text())["verdicts"]
    refuted = {row["equation"] for row in rows if row["form"] == "transcribed" and row["verdict"] != "agrees"}
    shown = "return [...document.querySelectorAll('#one-by-one > details:not([hidden])')].map(one => one.id);"
    every = browser.run(shown)
    browser.run("document.querySelector('#one-by-one .find button').click();")
    assert len(browser.run(shown)) == len(refuted) < len(every)
    assert browser.run("return document.querySelector('#one-by-one [role=status]').textContent;") == (
        f"{len(refuted)} of {len(every)}"
    )
    search = (
        "const one = document.querySelector('#one-by-one input'); one.value = arguments[0]; one.oninput();"
    )
    browser.run(search, "(6B)")
    assert "eq-6b" in browser.run(shown)
    browser.run(search, "no such words anywhere")
    assert browser.run(shown) == []


def test_a_tile_opens_its_entry(browser: Browser, folder: Path) -> None:
    """With a formula, numbers, and a sign of the verdict besides its colour."""
    browser.open(folder / "audit" / "index.html")
    tile = browser.run(
        "const one = document.querySelector('.board a[href=\"#eq-6b\"]');one.click();return one.textContent;"
    )
    assert tile == "(6b) ✗"
    entry = browser.run(
        "const one = document.getElementById('eq-6b');"
        "const count = what => one.querySelectorAll(what).length;"
        "return [one.open, count('math'), count('.scatter svg'), one.className];"
    )
    assert entry == [True, 2, 1, "disagrees"]


def test_tables_sort(browser: Browser, folder: Path) -> None:
    """Numbers as such, up and down; the header says which way."""
    browser.open(folder / "pt-yig" / "index.html")
    column = (
        "const table = document.querySelector('#torques table');"
        "const at = [...table.rows[0].cells].findIndex(one => one.textContent === 'fieldlike');"
        "if (arguments[0]) table.rows[0].cells[at].querySelector('button').click();"
        "const all = [...table.tBodies[0].rows].map(row => Number(row.cells[at].textContent));"
        "return [table.rows[0].cells[at].getAttribute('aria-sort'), all];"
    )
    _, before = browser.run(column, False)
    way, up = browser.run(column, True)
    assert (way, up) == ("ascending", sorted(before))
    way, down = browser.run(column, True)
    assert (way, down) == ("descending", up[::-1])
    assert len(set(up)) > 1


def test_what_is_on_trial_is_seen_whole(browser: Browser, folder: Path) -> None:
    """In a window of 1000 px no column is out of sight; where one is, a shadow says so."""
    browser.open(folder / "pt-yig" / "index.html", 1000)
    sizes = "return [...document.querySelectorAll('.wide')].map(e => [e.clientWidth, e.scrollWidth]);"
    seen, whole = browser.run(sizes)[0]
    assert whole <= seen
    browser.open(folder / "pt-yig" / "index.html", 400)
    seen, whole = browser.run(sizes)[0]
    assert whole > seen
    look = "return getComputedStyle(document.querySelector('.wide')).backgroundAttachment;"
    assert browser.run(look) == "local, local, scroll, scroll"


def test_the_side_bar_folds(browser: Browser, folder: Path) -> None:
    """Where there is no room for it; what is folded opens by a button that says so."""
    state = "const list = document.getElementById('sections'); return getComputedStyle(list).display;"
    browser.open(folder / "pt-yig" / "index.html", 400)
    assert browser.run(state) == "none"
    button = "const one = document.querySelector('nav button');"
    said = f"{button} one.click(); return one.getAttribute('aria-expanded');"
    assert browser.run(said) == "true"
    assert browser.run(state) == "block"
    browser.open(folder / "pt-yig" / "index.html", 1000)
    assert browser.run(state) == "block"


def test_what_has_the_focus_is_seen(browser: Browser, folder: Path) -> None:
    """A line around whatever the Tab key goes to, in both themes; on a page without it, it is missed."""
    from selenium.webdriver import ActionChains, Keys

    def unseen(path: Path, theme: str) -> list[str]:
        browser.open(path, theme=theme)
        found = []
        for _ in range(16):
            ActionChains(browser.driver).send_keys(Keys.TAB).perform()
            found += browser.wrong("focus")
        return found

    page = folder / "pt-yig" / "index.html"
    assert [unseen(page, theme) for theme in THEMES] == [[], []]
    bad = page.with_name("unseen.html")
    text = page.read_text(encoding="utf-8")
    bad.write_text(text.replace("</style>", "* { outline: none !important; }</style>"), encoding="utf-8")
    assert unseen(bad, "light") != []


# ---------------------------------------------------------------------------------------- figures


def test_a_figure_tells_its_numbers(browser: Browser, folder: Path) -> None:
    """Under the pointer, of the curve next to it, as many digits as the drawing has."""
    browser.open(folder / "pt-yig" / "index.html")
    curve = committed("pt-yig", "report.json")["curve"]
    exact = curve["sources"]["normal"]["fieldlike"]["exact"]
    told = browser.run(
        'const curve = document.querySelector(\'[data-at="0"][data-name="exact, scattering states"]\');'
        "const svg = curve.closest('svg'), [x, y] = points(curve).at(-1);"
        "svg.scrollIntoView();"
        "const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());"
        "svg.dispatchEvent(new PointerEvent('pointermove', { clientX: at.x, clientY: at.y }));"
        "const told = document.getElementById('value').textContent;"
        "svg.dispatchEvent(new PointerEvent('pointerleave'));"
        "return [told, document.getElementById('value').textContent];"
    )
    (name, x, y), after = told[0].split("\n"), told[1]
    assert (name, after) == ("exact, scattering states", "")
    assert float(x.rpartition(" ")[2]) == pytest.approx(curve["h_R"][-1], rel=0.01)
    assert float(y.rpartition(" ")[2]) == pytest.approx(exact[-1], rel=0.02)


def test_a_map_tells_its_numbers(browser: Browser, tmp_path: Path) -> None:
    """Read from its colour: to a part in a hundred of the scale."""
    from sotcheck.pages.figures import canvas, picture

    def draw(_: Any) -> Any:
        import numpy as np

        figure, axes = canvas(3.0)
        x = np.linspace(0.0, 1.0, 21)
        figure.colorbar(picture(axes, x, x, x + 2 * x[:, None], cmap="cividis"), ax=axes)
        return figure

    publish(tmp_path, {}, lambda: Page("Map", first=[Picture("map", "A map", draw, None)]))
    browser.open(tmp_path / "index.html")
    script = (
        "const svg = document.querySelector('svg[data-axes]'), done = arguments[0];"
        "svg.axes = JSON.parse(svg.dataset.axes.replaceAll(\"'\", '\"'));"
        "const [l, t, r, b] = svg.axes[0].box;"
        "const at = new DOMPoint(l + 0.25 * (r - l), b - 0.75 * (b - t)).matrixTransform(svg.getScreenCTM());"
        "const place = { clientX: at.x, clientY: at.y };"
        "const move = () => svg.dispatchEvent(new PointerEvent('pointermove', place));"
        "move(); setTimeout(() => { move(); done(document.getElementById('value').textContent); }, 200);"
    )
    told = browser.driver.execute_async_script(script)
    values = dict(line.split(" ") for line in told.replace(":", "").splitlines())
    assert float(values["x"]) == pytest.approx(0.25, abs=0.01)
    assert float(values["value"]) == pytest.approx(0.25 + 2 * 0.75, abs=0.1)


# ------------------------------------------------------------------------------ without a browser


def test_symbols_are_typeset() -> None:
    """Indices and powers as such, in plain text of whoever, which stays plain."""

    def plain(text: str) -> str:
        return re.sub(r"<i>(.*?)</i>", r"\1", typeset(text))

    assert typeset("|h_R| ~ h_R^3") == "|<i>h</i><sub>R</sub>| ~ <i>h</i><sub>R</sub><sup>3</sup>"
    for typed, made in {
        "iK_z + 2ik_perp": "iK<sub>z</sub> + 2ik<sub>⊥</sub>",
        "kappa_R psi, sqrt(J)": "κ<sub>R</sub> ψ, √J",
        "dt'/dh_R, t'^dagger": "dt&#39;/dh<sub>R</sub>, t&#39;<sup>†</sup>",
        "e^(-2ik_z z), |r|^(1/2)": "e<sup>−2ik<sub>z</sub> z</sup>, |r|<sup>1/2</sup>",
        "-tau^down <= 2.5e-05": "-τ<sup>down</sup> ≤ 2.5·10<sup>−5</sup>",
    }.items():
        assert plain(typed) == made
    for same in ("bound_from, _r_", "m_e.toml", "beta-W", "mu.json", "a delta", "spin_x"):
        assert typeset(same) == same
    assert plain("<b>x_R</b> & y") == "&lt;b&gt;x<sub>R</sub>&lt;/b&gt; &amp; y"


def test_one_page_two_files(tmp_path: Path) -> None:
    """What is brief is in README.md, what is full in index.html; both say the same numbers."""
    table = Table(
        ("what", "|h_R| of it", "size|cell", "verdict|verdict"), [("a|b", "c", -0.0123456, "disagrees")]
    )
    brief = Section("Brief", [table, Words(["One.", "Two."], listed=True)], brief=True)
    page = Page("Two", sections=[brief, Section("Full", [Words(["Only there."])])], up="")
    publish(tmp_path, {}, lambda: page)
    readme, full = ((tmp_path / name).read_text(encoding="utf-8") for name in ("README.md", "index.html"))
    assert r"| what | \|h_R\| of it | size | verdict |" in readme
    assert r"| a\|b | c | -0.0123 | ✗ disagrees |" in readme
    assert "- One.\n- Two.\n" in readme
    assert "Only there." not in readme
    assert "<table class=n3>" in full
    assert "<td>a|b<td>c<td>-0.0123<td class=disagrees>✗ disagrees" in full
    assert "Only there." in full
