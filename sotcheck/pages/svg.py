"""A figure as SVG: small, in the colours of the reader's theme, with what it takes to read values off it."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib.axes import Axes
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize, PowerNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path
from PIL import Image

from sotcheck.pages.ticks import cheapen

#: Colours by name, as drawn and in a dark theme; Okabe and Ito's, told apart by colour-blind readers.
THEME = {
    "blue": ("#0072b2", "#56b4e9"), "orange": ("#e69f00", "#f0b030"), "green": ("#009e73", "#2fc79b"),
    "red": ("#d55e00", "#ff8a4c"), "purple": ("#cc79a7", "#e29bc4"), "dim": ("#666666", "#a8b0b8"),
    "ink": ("#000000", "#e8eaed"), "paper": ("#ffffff", "#15191e"), "grid": ("#e5e5e5", "#2c333b"),
    "bar": ("#d9d9d9", "#3d464f"), "shade": ("#fdf0d5", "#3a3120"), "none": ("#eeeeee", "#2a3038"),
    "note": ("#8a5f00", "#f0c060"), "layer": ("#eef3f8", "#1e2731"), "layer2": ("#dfe8f1", "#273340"),
}  # fmt: skip
NAMES = {light: name for name, (light, _) in THEME.items()}
#: Colours that stay what they are: of lines on top of maps.
WHITE, BLACK = "#fefefe", "#010101"
STYLE: Any = {
    "svg.hashsalt": "sotcheck", "svg.fonttype": "none", "font.size": 10, "lines.linewidth": 1.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "legend.frameon": False,
    "axes.grid": True, "grid.color": "#e5e5e5", "grid.linewidth": 0.6, "path.simplify_threshold": 0.2,
    "figure.facecolor": "white", "savefig.facecolor": "white", "axes.titlesize": 10, "axes.labelsize": 10,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9, "image.composite_image": False,
    "axes.titley": 1.0,
}  # fmt: skip
_FONT = "'DejaVu Sans',Verdana,sans-serif"
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
#: Matplotlib's defaults, which SVG has as well or nobody sees.
_DROPPED = {"stroke-linecap: square", "stroke-linejoin: miter", "fill-opacity: 1", "stroke-opacity: 1"}
#: Styles that many lines and words have, by the class that stands for them.
CLASSES = {
    "fill:none;stroke:var(--grid);stroke-width:0.6": "g", "fill:none;stroke:var(--ink);stroke-width:0.8": "s",
    "stroke:var(--ink);stroke-width:0.8": "t", "fill:var(--paper)": "p",
    "font-size:9px;text-anchor:middle": "m", "font-size:9px;text-anchor:end": "e", "font-size:9px": "n",
    "font-size:8.5px;text-anchor:middle": "a", "font-size:8.5px;text-anchor:start": "b",
    "font-size:8.5px": "c", "font-style:oblique;font-size:8.5px": "i", "font-size:6.3px": "x",
    "font-size:10px;text-anchor:middle": "h", "font-style:oblique;font-size:10px": "o", "font-size:7px": "y",
}  # fmt: skip
_HREF = "{http://www.w3.org/1999/xlink}href"
_TEX = (
    (r"\\mathbf|\\hat|[${}]|\\[ ,]", ""),
    (r"_?\\perp", "⊥"),
    (r"\\theta", "θ"),
    (r"\\phi", "φ"),
    (r"\\", ""),
)


def svg(draw: Callable[[Any], Figure], data: Any) -> str:
    """Return one figure as the text of an SVG file, the same bytes for the same data."""
    with mpl.rc_context(STYLE):
        figure = draw(data)
        for n, axes in enumerate(figure.axes):
            for line in axes.lines:
                if not str(line.get_label()).startswith("_"):
                    line.set_gid(f"~{n}~{line.get_label()}")
        cheapen(figure)
        buffer = io.StringIO()
        canvas = _Canvas(figure, buffer)
        figure.draw(canvas.renderer)
        canvas.renderer.finalize()
    root = ET.fromstring(buffer.getvalue())
    _shrink(root)
    _number_ids(root)
    root.tag = "svg"
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": root.attrib["viewBox"],
        "font-family": _FONT, "style": "fill:var(--ink)", "data-axes": json.dumps(
            [_axes(n, one, figure) for n, one in enumerate(figure.axes) if one.get_label() != "<colorbar>"],
            separators=(",", ":"), ensure_ascii=False,
        ).replace('"', "'"),
    }  # fmt: skip
    style = ET.Element("style")
    themes = (";".join(f"--{name}:{both[i]}" for name, both in THEME.items()) for i in (0, 1))
    style.text = "svg{{{}}}@media(prefers-color-scheme:dark){{svg{{{}}}}}".format(*themes) + class_rules()
    root.insert(0, style)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Canvas(FigureCanvasSVG):
    """One renderer to measure with and to draw with: no word is measured twice."""

    def __init__(self, figure: Figure, buffer: io.StringIO) -> None:
        super().__init__(figure)
        dots, figure.dpi = figure.dpi, self.fixed_dpi
        about: Any = {"image_dpi": dots, "metadata": {"Date": None, "Creator": None}}
        lines: Any = RendererSVG(*figure.bbox.size, buffer, **about)  # type: ignore[no-untyped-call]
        # What its labels of TeX are is known for all figures.
        lines._text2path = text_to_path
        width, height = figure.get_size_inches()
        self.renderer: Any = MixedModeRenderer(figure, width, height, dots, lines)  # type: ignore[no-untyped-call]

    def get_renderer(self) -> MixedModeRenderer:
        """Return what measures words, where matplotlib looks for it."""
        return self.renderer


def class_rules() -> str:
    """Return the classes of lines as CSS."""
    return "".join(f"svg .{name}{{{style}}}" for style, name in CLASSES.items())


def inline(text: str, name: str, title: str) -> str:
    """Return an SVG file's text as part of a page, which has the colours; ids start with the name."""
    text = re.sub(r"<style>.*?</style>", "", text[text.index("<svg") :], flags=re.S)
    text = re.sub(r'( id="|url\(#| href="#)i(?=\d)', rf"\g<1>{name}-", text)
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


# --- what a script reads values with ------------------------------------------------------


def _axes(n: int, axes: Axes, figure: Figure) -> dict[str, Any]:
    """Return where a panel lies in the drawing, and what its axes and colours mean."""
    width, height = 72 * figure.get_size_inches()
    (x0, y0), (x1, y1) = axes.get_position().get_points()
    found: dict[str, Any] = {
        "n": n,
        "box": [round(float(v), 1) for v in (x0 * width, (1 - y1) * height, x1 * width, (1 - y0) * height)],
        "names": [_label(axis.get_label_text()) for axis in (axes.xaxis, axes.yaxis)],
    }  # fmt: skip
    for name, limits, scale in (
        ("x", axes.get_xlim(), axes.get_xscale()), ("y", axes.get_ylim(), axes.get_yscale()),
    ):  # fmt: skip
        found[name] = [*(float(f"{v:.6g}") for v in limits), int(scale == "log")]
    for mesh in [*axes.images, *(one for one in axes.collections if isinstance(one, QuadMesh))]:
        norm, stops = mesh.norm, mesh.get_cmap()(np.linspace(0, 1, 17))
        if isinstance(norm, Normalize) and norm.vmax is not None:
            # A power of 0 stands for the logarithm.
            power = norm.gamma if isinstance(norm, PowerNorm) else 0 if isinstance(norm, LogNorm) else 1
            found["map"] = [float(f"{v:.5g}") for v in (norm.vmin, norm.vmax, power)]
            found["colors"] = "".join(to_hex(stop)[1:] for stop in stops)
    return found


def _label(text: str) -> str:
    """Return an axis label without TeX."""
    for tex, plain in _TEX:
        text = re.sub(tex, plain, text)
    # Quotation marks are those of JSON in an attribute.
    return text.split("  (")[0].split("\n")[0].replace("'", "’").replace('"', "")


# --- fewer bytes --------------------------------------------------------------------------


def _shrink(parent: ET.Element) -> None:
    """Drop from an element, in place, what no one sees: metadata, groups of nothing, digits, defaults."""
    children: list[ET.Element] = []
    for child in parent:
        tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if tag in ("metadata", "style", ""):
            continue
        child.tag, child.text, child.tail = tag, (child.text or "").strip(" \n") or None, None
        marks = [one for one in child if str(one.tag).endswith("}use")]
        if tag == "g" and len(marks) == len(child) > 0:
            # The stroke of marks stands where they are defined, their filling here.
            fill = (part for part in marks[0].get("style", "").split(";") if part.strip().startswith("fill"))
            child.set("style", ";".join(fill))
        _shrink(child)
        _attributes(child)
        if tag in ("g", "defs") and not len(child):
            continue
        if tag == "text":
            child[:] = _words(child)
        children += list(child) if tag == "g" and not child.attrib else [child]
    parent[:] = children


def _words(text: ET.Element) -> list[ET.Element]:
    """Return the letters of a text with mathematics, which have a place each, put together to words."""
    words: list[ET.Element] = []
    last = 0.0
    for letter in text:
        place = float(letter.attrib["x"])
        style = {key: value for key, value in letter.attrib.items() if key != "x"}
        same = bool(words) and style == {key: value for key, value in words[-1].attrib.items() if key != "x"}
        # Farther away than most letters are wide, another one may stand between.
        if same and 0 < place - last < 8.0:
            words[-1].text = f"{words[-1].text or ''}{letter.text or ''}"
        else:
            words.append(letter)
        last = place
    return words


def _attributes(one: ET.Element) -> None:
    """Shorten the attributes of an element."""
    old, new = one.attrib, {}
    if one.tag == "image":
        old[_HREF] = _palette(old[_HREF])
        new["preserveAspectRatio"] = "none"
    elif one.tag == "g":
        # Curves keep their panel and name, of which values are read.
        _, panel, label = [*old.pop("id", "").split("~", 2), "", ""][:3]
        new = {"data-at": panel, "data-name": _label(label)} if label else {}
    for key, value in old.items():
        if key == "style":
            style = _style(one, value)
            if style in CLASSES:
                new["class"] = CLASSES[style]
            elif style:
                new["style"] = style
        elif key == "d":
            path = re.sub(r"\s*([A-Za-z])\s*", r"\1", value.strip())
            new["d"] = _rounded(path, 2) if "id" in old or set("CQ") & set(path) else _relative(path)
        elif key == "transform":
            if not value.startswith("rotate(-0 "):
                new["transform"] = value if value.startswith(("matrix", "scale(0")) else _rounded(value, 1)
        elif key in ("x", "y", "width", "height", "cx", "cy") and one.tag != "pattern":
            new[key] = _rounded(value, 2 if one.tag == "image" else 1)
        else:
            new["href" if key == _HREF else key] = value
    one.attrib = new


def _style(one: ET.Element, value: str) -> str:
    """Return a style in the theme's colours; of marks, which have one of their own, none."""
    if one.tag == "use":
        return ""
    parts = []
    for part in (part.strip() for part in value.split(";")):
        key, _, setting = part.partition(": ")
        if part in _DROPPED or key == "font-family" or (key == "font-size" and one.tag == "g"):
            continue
        setting = setting.lower() if setting.startswith("#") else setting
        if key in ("fill", "stroke") and setting in NAMES:
            setting = f"var(--{NAMES[setting]})"
        parts.append(f"{key}:{setting}")
    return ";".join(parts)


def _rounded(text: str, digits: int) -> str:
    return _NUMBER.sub(lambda found: f"{round(float(found.group()), digits) + 0.0:.7g}", text)


def _relative(path: str) -> str:
    """Return a path of straight lines in steps of a tenth of a point, each from the place before."""
    found, here = [], (0, 0)
    for letter, x, y in re.findall(r"([MLz])(?:(-?[\d.e-]+) (-?[\d.e-]+))?", path):
        if letter == "z":
            found.append("z")
            continue
        there = round(10 * float(x)), round(10 * float(y))
        step = there if letter == "M" else (there[0] - here[0], there[1] - here[1])
        if letter == "M" or step != (0, 0):
            a, b = (f"{v / 10:g}".replace("0.", ".") if abs(v) < 10 else f"{v / 10:g}" for v in step)
            found.append(f"{'M' if letter == 'M' else 'l'}{a}{'' if b.startswith('-') else ' '}{b}")
        here = there
    return "".join(found)


def _palette(href: str) -> str:
    """Return an embedded picture with a palette: maps have 256 colours at most."""
    kind, _, data = href.partition(",")
    image: Image.Image = Image.open(io.BytesIO(base64.b64decode(data)))
    buffer = io.BytesIO()
    if image.getextrema()[-1] == (255, 255):
        image = image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    image.save(buffer, "png", optimize=True)
    return f"{kind},{base64.b64encode(buffer.getvalue()).decode()}"


def _number_ids(root: ET.Element) -> None:
    """Give what is referred to a short id, and nothing else any."""
    numbers: dict[str, str] = {}

    def short(found: re.Match[str]) -> str:
        return f"{found[1]}{numbers.setdefault(found[2], f'i{len(numbers)}')}"

    for one in root.iter():
        for key in ("href", "clip-path", "style"):
            if key in one.attrib and not one.attrib[key].startswith("data:"):
                one.attrib[key] = re.sub(r"(^#|url\(#)([\w-]+)", short, one.attrib[key])
    for one in root.iter():
        if (name := one.attrib.pop("id", None)) in numbers:
            one.attrib["id"] = numbers[name]
