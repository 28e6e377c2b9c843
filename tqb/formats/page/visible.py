"""Texts from elsewhere, made fit for a page: nothing in them is run, hidden or turned around."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tqb.text import escape

_IN_SCRIPT = str.maketrans(
    {letter: f"\\u{ord(letter):04x}" for letter in ("<", ">", "&", "\u2028", "\u2029")}
)


def visible(text: str) -> str:
    """Show controls, bidirectional overrides and lone surrogates as escapes; lines stay lines."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line if line.isprintable() else _visible_line(line) for line in lines)


def _visible_line(line: str) -> str:
    return "\t".join(map(escape, line.split("\t")))


def link_to(key: str) -> str:
    """Return the fragment that opens an item on the page."""
    return f"#item={quote(visible(key), safe='')}"


def for_script(value: Any) -> str:
    """Render JSON that can stand in a script element: no tag, comment or line end in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)
