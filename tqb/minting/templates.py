"""Templates of recipes: Jinja2 cut down to what filling in a form takes.

A recipe may come from anyone. Its templates print, loop and choose; they call nothing, assign
nothing, include nothing, and multiply nothing, so they reach no file and no code, and what they
write grows no faster than what they are given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tqb.errors import RecipeError
from tqb.text import one_line, well_formed

VARIABLES = (
    "language",
    "count",
    "plan",
    "exemplars",
    "digest",
    "schema",
    "passage",
    "concepts",
    "context",
    "errors",
    "item",
    "limits",
)
"""What a template may use; whatever does not apply is empty."""

MAX_SOURCE = 65_536
"""Characters of a template."""
MAX_RENDERED = 200_000
"""Characters of a rendered template."""
MAX_LOOPS = 2
"""Loops within one another."""
MAX_STEPS = 100_000
"""Times that all loops of a template go round, in all."""

_ALLOWED = frozenset(
    "Template Output TemplateData Name Const List Tuple Getattr Getitem Slice If For CondExpr And "
    "Or Not Compare Operand Filter Test Concat Neg Keyword".split()
)
_WORDS = {
    "Assign": "`set`",
    "AssignBlock": "`set`",
    "With": "`with`",
    "Call": "a call",
    "CallBlock": "`call`",
    "Macro": "`macro`",
    "Include": "`include`",
    "Import": "`import`",
    "FromImport": "`import`",
    "Extends": "`extends`",
    "Block": "`block`",
    "FilterBlock": "`filter` around a block",
}


def compile_template(source: str, file: str) -> Callable[[Mapping[str, Any]], str]:
    """Compile a template; the function returned fills it in.

    Args:
        source: the template.
        file: its path, for messages.

    Raises:
        RecipeError: it is no template, or has what a recipe's template may not have. The function
            returned raises it for an unknown variable and for a text too long.
    """
    if len(source) > MAX_SOURCE:
        raise RecipeError(
            f"{file}: has more than {MAX_SOURCE:,} characters; write a shorter template"
        )
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters.clear()
    steps = _Steps()
    environment.filters.update(_FILTERS, each=steps.each)
    try:
        tree = environment.parse(source)
        _check(tree, file)
        _count_loops(tree)
        template = environment.from_string(tree)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise RecipeError(f"{_where(file, line)}: {error.message}; mend the template") from None
    except (RecursionError, MemoryError, ValueError):
        raise RecipeError(f"{file}: nested too deeply; write a simpler template") from None

    def render(values: Mapping[str, Any]) -> str:
        steps.left = MAX_STEPS
        try:
            return well_formed(_joined(template.generate({**_EMPTY, **values})).strip())
        except Exception as error:
            reason = one_line(str(error))
            known = ", ".join(VARIABLES)
            raise RecipeError(f"{file}: {reason}; a template may use {known}") from None

    return render


def _check(node: Any, file: str, loops: int = 0) -> None:
    """Refuse a node, or one below it, that is not on the list of what templates may have."""
    kind = type(node).__name__
    loops += kind == "For"
    if kind not in _ALLOWED:
        what = _WORDS.get(kind, kind)
        message = (
            f"{what} is not for templates of recipes; print, loop with `for`, choose with `if`"
        )
        raise RecipeError(f"{_where(file, node.lineno)}: {message}")
    if loops > MAX_LOOPS or (kind == "For" and node.recursive):
        message = f"loops are {MAX_LOOPS} deep at most and not recursive; write a simpler template"
        raise RecipeError(f"{_where(file, node.lineno)}: {message}")
    for child in node.iter_child_nodes():
        _check(child, file, loops)


def _count_loops(tree: Any) -> None:
    """Put what each loop goes over through the filter `each`, which counts."""
    from jinja2 import nodes

    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "each", [], [], None, None, lineno=loop.lineno)


class _Steps:
    """How often the loops of a template may still go round."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def each(self, values: Iterable[Any]) -> Iterator[Any]:
        """Yield the values while steps are left."""
        for value in values:
            self.left -= 1
            if self.left < 0:
                raise ValueError(f"its loops go round more than {MAX_STEPS:,} times")
            yield value


def _joined(pieces: Iterable[str]) -> str:
    kept: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_RENDERED:
            raise ValueError(f"it writes more than {MAX_RENDERED:,} characters")
        kept.append(piece)
    return "".join(kept)


def _bounded(value: str) -> str:
    if len(value) > MAX_RENDERED:
        raise ValueError(f"a filter writes more than {MAX_RENDERED:,} characters")
    return value


def _to_json(value: Any, indent: int | None = None) -> str:
    """Write as JSON, other scripts as they are."""
    spaces = None if indent is None else min(indent, 8)
    return _bounded(json.dumps(value, ensure_ascii=False, indent=spaces))


def _join(values: Iterable[Any], between: str = "") -> str:
    parts = [str(value) for value in values]
    size = sum(map(len, parts)) + len(between) * len(parts)
    if size > MAX_RENDERED:
        raise ValueError(f"a filter writes more than {MAX_RENDERED:,} characters")
    return str(between).join(parts)


def _default(value: Any, other: Any = "") -> Any:
    return value or other


_FILTERS: dict[str, Callable[..., Any]] = {
    "join": _join,
    "tojson": _to_json,
    "length": len,
    "first": lambda values: next(iter(values), ""),
    "last": lambda values: next(iter(reversed(values)), ""),
    "lower": lambda value: _bounded(str(value).lower()),
    "upper": lambda value: _bounded(str(value).upper()),
    "trim": lambda value: _bounded(str(value).strip()),
    "default": _default,
}

_EMPTY: dict[str, Any] = {
    "language": {"tag": "", "name": "", "own_name": ""},
    "count": 0,
    "plan": [],
    "exemplars": [],
    "digest": [],
    "schema": "",
    "passage": "",
    "concepts": [],
    "context": "",
    "errors": [],
    "item": {"text": "", "label": "", "context": ""},
    "limits": {"question": 0, "label": 0, "context": 0},
}


def _where(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file
