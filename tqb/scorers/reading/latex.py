"""LaTeX as plain text."""

from __future__ import annotations

import re

_LATEX = {
    r"\cdot": "·",
    r"\times": "×",
    r"\pm": "±",
    r"\pi": "π",
    r"\infty": "∞",
    r"\ln": "ln",
    r"\log": "log",
    r"\sin": "sin",
    r"\cos": "cos",
    r"\tan": "tan",
    r"\left": "",
    r"\right": "",
    r"\,": "",
    r"\ ": "",
    r"^\circ": "°",
    r"^{\circ}": "°",
    "{,}": ",",
    r"\;": "",
    r"\mathrm": "",
    r"\text": "",
    r"\rightarrow": "→",
    r"\quad": " ",
    r"\approx": "≈",
    r"\sqrt": "√",
    r"\Omega": "Ω",
    r"\theta": "θ",
    r"\Delta": "Δ",
}
_COMMANDS = sorted(_LATEX.items(), key=lambda pair: -len(pair[0]))


_STYLED = re.compile(
    r"\\(?:boxed|vec|hat|bar|overline|mathbf|mathit|mathrm|operatorname|text)\s*\{([^{}]*)\}"
)


_SUBSCRIPT = re.compile(r"(?<=[A-Za-z)])_\{?(\d+)\}?")
"""A number of atoms, below the line."""


def plain_latex(text: str) -> str:
    """Write LaTeX commands as plain text; text without them comes back as it is."""
    if "\\" not in text:
        return text
    text = re.sub(r"\\\(|\\\)|\\\[|\\\]|\$", "", text)
    text = _SUBSCRIPT.sub(r"\1", _STYLED.sub(r"\1", text))
    text = re.sub(r"\\d?frac\s*\{(\d+)\}\s*\{(\d+)\}", r"\1/\2", text)
    text = re.sub(r"\\d?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"(\1)/(\2)", text)
    for command, sign in _COMMANDS:
        text = text.replace(command, sign)
    return text
