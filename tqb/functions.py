"""A function of the user's own, named as ``package.module:function``, and what it raises."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import os
import pkgutil
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tqb.errors import InputError
from tqb.redaction import redact
from tqb.text import excerpt

_FORM = "write it as python:package.module:function"
_TQB = str(Path(__file__).parent) + os.sep
_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep


def load_function(path: str, what: str, error: type[InputError]) -> Callable[..., Any]:
    """Import the function at `path`, looked up from the current directory; it is not called.

    Args:
        path: ``package.module:function``; the function may be an attribute of an attribute.
        what: what it is for, in messages: `target` or `scorer`.
        error: the class of error to raise.

    Raises:
        InputError: of the class `error`, when it cannot be found or imported, or is no function.
    """
    module, _, attribute = path.partition(":")
    if not module or not attribute:
        raise error(f'the {what} "python:{path}" names no function: {_FORM}')
    if module.endswith(".py") or "/" in module or "\\" in module:
        raise error(f'"{module}" is a file, not a module: {_FORM}')
    return _attribute(_module(module, error), attribute, error)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call of it makes a coroutine."""
    while isinstance(function, functools.partial):
        function = function.func
    method = inspect.getattr_static(function, "__call__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(method)


def describe(exc: BaseException) -> str:
    """``KeyError: 'x' (app.py:12 in answer)``, on one line and without secrets."""
    try:
        said = str(exc)
    except Exception:
        said = ""
    name = type(exc).__name__
    words = excerpt(f"{name}: {said}" if said else name, limit=200)
    return f"{words} ({_place(users_frame(exc))})"


def traceback_of(exc: BaseException) -> str:
    """Return the traceback as Python prints it, causes included, without secrets."""
    return redact("".join(traceback.format_exception(exc)).rstrip())


def users_frame(exc: BaseException) -> traceback.FrameSummary:
    """The deepest frame in the user's code, else the deepest outside tqb."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return traceback.FrameSummary(exc.filename, exc.lineno, "<module>", lookup_line=False)
    frames = traceback.extract_tb(exc.__traceback__)
    outside = [f for f in frames if not f.filename.startswith((_TQB, "<"))]
    users = [f for f in outside if _is_users(f.filename)]
    return (users or outside or frames)[-1]


def _is_users(filename: str) -> bool:
    return "site-packages" not in filename and not filename.startswith(_LIBRARY)


def _place(frame: traceback.FrameSummary) -> str:
    """``app.py:12 in answer``, the file as seen from the current directory."""
    path = Path(frame.filename)
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else Path(path.name)
    inside = "" if frame.name == "<module>" else f" in {frame.name}"
    return f"{shown.as_posix()}:{frame.lineno}{inside}"


def _module(name: str, error: type[InputError]) -> ModuleType:
    here = str(Path.cwd())
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name and f"{name}.".startswith(f"{exc.name}."):
            raise error(_no_module(exc.name)) from exc
        raise error(f'importing "{name}" failed: {describe(exc)}') from exc
    except (Exception, SystemExit) as exc:
        raise error(f'importing "{name}" failed: {describe(exc)}') from exc


def _no_module(name: str) -> str:
    package, _, last = name.rpartition(".")
    places = (
        list(getattr(sys.modules.get(package), "__path__", ())) if package else [str(Path.cwd())]
    )
    found = sorted(module.name for module in pkgutil.iter_modules(places))
    inside = f'package "{package}"' if package else "the current directory"
    return f'no module "{name}": {_near(last, found, f"{inside} has")}'


def _attribute(module: ModuleType, path: str, error: type[InputError]) -> Callable[..., Any]:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            names = [name for name in dir(found) if not name.startswith("_")]
            near = _near(part, names, "it has")
            raise error(f'module "{module.__name__}" has no "{path}": {near}')
        found = getattr(found, part)
    if not callable(found):
        kind = type(found).__name__
        raise error(f'"{path}" in module "{module.__name__}" is {kind}, wanted a function')
    function: Callable[..., Any] = found
    return function


def _near(name: str, names: list[str], there: str) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"{there} {', '.join(names[:5]) or 'none'}"
