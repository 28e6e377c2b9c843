"""A scorer of the user's own: ``python:package.module:function``."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tqb.errors import ConfigError
from tqb.functions import describe, is_async, load_function
from tqb.redaction import redact
from tqb.types import Item, Score, Scorer


def plugin_scorer(path: str, threshold: float) -> Scorer:
    """Return a scorer that calls the function at `path` with an answer and its item.

    What the function may return, and what becomes of it:

        True or False             passed or not
        (True, "because …")       the same, with an explanation
        a number from 0 to 1      the score; it passes from `threshold` up
        a Score                   taken as it is

    A number of numpy or torch counts as the plain one it holds.

    Raises:
        ConfigError: the function cannot be found, imported, or called with an answer and an item,
            or it is async. The scorer itself raises it too, when the function raises, or returns
            something else: a bug in the function is no wrong answer.
    """
    function = load_function(path, "scorer", ConfigError)
    name = f"python:{path}"
    if is_async(function):
        raise ConfigError(f'the scorer "{name}" is async: make it a plain function')
    _refuse_other_parameters(function, name)

    def score_plugin(answer: str, item: Item) -> Score:
        try:
            returned = _plain(function(answer, item))
        except (Exception, SystemExit) as exc:
            raise ConfigError(
                f'the scorer "{name}" raised on item {item.id!r}: {describe(exc)}'
            ) from exc
        score = _score(returned, name, threshold)
        if score is None:
            raise ConfigError(
                f'the scorer "{name}" returned {_shown(returned)} on item {item.id!r}: wanted a '
                "bool, (bool, explanation), a number from 0 to 1, or a Score"
            )
        return score

    return score_plugin


def _refuse_other_parameters(function: Callable[..., Any], name: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind("answer", "item")
    except TypeError as exc:
        raise ConfigError(
            f'the scorer "{name}" cannot be called with an answer and an item: {exc}'
        ) from exc


def _plain(value: Any) -> Any:
    """Take a number out of its array type: a ``numpy.bool`` is no bool, a tensor no float."""
    unwrap = getattr(value, "item", None)
    return unwrap() if callable(unwrap) else value


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, (int, float)) else type(value).__name__


def _score(returned: Any, name: str, threshold: float) -> Score | None:
    """Read what the function returned; None where it is nothing we know."""
    if isinstance(returned, bool):
        return _verdict(returned, name, f"{name} returned {returned}")
    if _is_share(returned):
        value = float(returned)
        passed = value >= threshold
        why = f"{value:g} is {'not ' if passed else ''}under --fuzzy-threshold {threshold:g}"
        return Score(passed, value, name if passed else None, why)
    if isinstance(returned, tuple) and len(returned) == 2:
        passed, why = _plain(returned[0]), returned[1]
        known = isinstance(passed, bool) and isinstance(why, str)
        return _verdict(passed, name, why) if known else None
    if isinstance(returned, Score) and _is_whole(returned):
        said = redact(returned.explanation)
        return replace(returned, value=float(returned.value), explanation=said)
    return None


def _verdict(passed: bool, name: str, why: str) -> Score:
    return Score(passed, float(passed), name if passed else None, redact(why))


def _is_share(value: object) -> bool:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return number and 0 <= float(value) <= 1  # type: ignore[arg-type]


def _is_whole(score: Score) -> bool:
    """Whether its fields have the types that a report holds."""
    return (
        isinstance(score.passed, bool)
        and _is_share(score.value)
        and isinstance(score.matched_by, (str, type(None)))
        and isinstance(score.explanation, str)
    )
