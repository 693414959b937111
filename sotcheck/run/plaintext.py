"""Text of users, shown as it is: nothing in it acts on a terminal or a page, or hides from who reads it."""

from __future__ import annotations

import re

#: Control characters, marks and overrides of direction, and what else has no shape; joiners, which scripts
#: and emoji need, are none of these. The end of a line of Windows is none either.
_HIDDEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_NOT_SHOWN = re.compile(rf"[{_HIDDEN}]|\r(?!\n)")
_NOT_IN_A_LINE = re.compile(rf"[{_HIDDEN}\t\n\r]")
#: What Markdown (of GitHub, with its mathematics) would read as its own, anywhere or at the start of a line;
#: between letters, an underscore is one.
_MARKUP = re.compile(r"[\\`*\[\]<>|&$~]|(?<![^\W_])_|_(?![^\W_])")
_MARKUP_IN_FRONT = re.compile(r"^(\d*)([-+#=.)])")


def _escape(match: re.Match[str]) -> str:
    number = ord(match.group())
    # As TOML, JSON and Python write it.
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def is_one_line(text: str) -> bool:
    """Return whether a text has no line breaks, and nothing that acts on a terminal or cannot be seen."""
    return _NOT_IN_A_LINE.search(text) is None


def visible(text: str) -> str:
    """Return a text of lines with everything that would not be seen written as an escape sequence."""
    return _NOT_SHOWN.sub(_escape, text)


def one_line(text: str) -> str:
    """Return a text in one line, line breaks written as escape sequences as well."""
    return _NOT_IN_A_LINE.sub(_escape, text)


def markdown(text: str, in_front: bool = True) -> str:
    """Return a text in one line that Markdown shows as it is, at the start of a line or not (in a table)."""
    escaped = _MARKUP.sub(r"\\\g<0>", one_line(text).strip())
    if not in_front:
        return escaped
    return _MARKUP_IN_FRONT.sub(r"\1\\\2", escaped)


def markdown_code(text: str) -> str:
    """Return a text in one line as Markdown's code."""
    text = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
