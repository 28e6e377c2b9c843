"""Words for problems: quoting what a pack says without letting it speak to the terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn

from tqb.errors import PackError
from tqb.text import cut, escape
from tqb.types import Problem


def refuse(file: str, line: int | None, message: str) -> NoReturn:
    """Raise `PackError` with this one problem."""
    raise PackError([Problem(file, line, message)])


def clean(text: str, limit: int = 200) -> str:
    """Return the text on one line, control and hidden characters escaped, cut to `limit`."""
    return cut(escape(text[: limit + 1]), limit)


def quoted(value: object, limit: int = 60) -> str:
    """Return a value from a pack in quotes, safe to print and at most `limit` characters long."""
    return f"'{clean(str(value), limit)}'"


def listed(names: Iterable[str], limit: int = 10) -> str:
    """Return names as ``'a', 'b'``, the first `limit` of them."""
    shown = list(names)
    more = [f"and {len(shown) - limit} more"] if len(shown) > limit else []
    return ", ".join([quoted(name) for name in shown[:limit]] + more)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the known name closest to this one, or nothing."""
    found = difflib.get_close_matches(name[:60], list(known), n=1, cutoff=0.5)
    return f"; did you mean {quoted(found[0])}?" if found else ""
