"""A Python function, called in this process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import difflib
import functools
import importlib
import inspect
import logging
import os
import pkgutil
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from tqb.errors import CallError, TargetError
from tqb.targets.base import RecordError, excerpt, read_fields, within
from tqb.types import FailureKind, Request, Response

_LOG = logging.getLogger("tqb.targets")
_FORM = "write it as python:package.module:function"
_TQB = str(Path(__file__).parent.parent) + os.sep
_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep
Outcome = tuple[Any, BaseException | None]
"""What a call returned, and what it raised."""

_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)


class PythonTarget:
    """``python:package.module:function``, looked up from the current directory.

    A function with a parameter ``messages`` gets the turns as ``{"role", "content"}``; any
    other gets the question. It may be sync, which runs in a thread, or async. It returns the
    answer, or a mapping with ``answer`` and the optional ``prompt_tokens``,
    ``completion_tokens``, ``finish_reason``, ``model`` and ``cost_usd``.
    """

    def __init__(self, path: str) -> None:
        """Import the function; it is not called.

        Raises:
            TargetError: it cannot be found, imported, or called with a question.
        """
        module_name, _, attribute = path.partition(":")
        if not module_name or not attribute:
            raise TargetError(f'the target "python:{path}" names no function: {_FORM}')
        if module_name.endswith(".py") or "/" in module_name or "\\" in module_name:
            raise TargetError(f'"{module_name}" is a file, not a module: {_FORM}')
        self._function = _attribute(_module(module_name), attribute)
        self._who = attribute
        self._takes_messages = _takes_messages(self._function, self._who)
        self._logged: set[tuple[str, str, int]] = set()
        self._loop: _Loop | None = None
        self.name = f"python:{path}"

    async def complete(self, request: Request) -> Response:
        """Call the function once. Raises `CallError`."""
        start = time.perf_counter()
        returned = await within(self._call(request), request.params.timeout_s, self._who)
        latency_s = time.perf_counter() - start
        if isinstance(returned, str):
            returned = {"answer": returned}
        if not isinstance(returned, Mapping):
            kind = type(returned).__name__
            raise CallError("target_bug", f"{self._who} returned {kind}, wanted a string")
        try:
            return read_fields(returned, latency_s)
        except RecordError as exc:
            message = f"{self._who} returned a mapping in which {exc}"
            raise CallError("target_bug", message) from exc

    async def aclose(self) -> None:
        """Stop the loop of async functions; a thread that hangs ends with the process."""
        if self._loop is not None:
            await self._loop.stop()

    async def _call(self, request: Request) -> Any:
        """Call the function where it can hold nothing up: in a thread, or on a loop of its own."""
        work = functools.partial(self._apply, request)
        if _is_async(self._function):
            returned, raised = await self._on_loop(work)
        else:
            returned, raised = await _in_thread(work)
            if raised is None and inspect.isawaitable(returned):
                returned, raised = await self._on_loop(lambda: returned)
        if isinstance(raised, CallError):
            raise raised
        if raised is not None:
            self._fail(raised)
        return returned

    async def _on_loop(self, work: Callable[[], Any]) -> Outcome:
        if self._loop is None:
            self._loop = _Loop()
        return await self._loop.run(work)

    def _apply(self, request: Request) -> Any:
        if not self._takes_messages:
            return self._function(request.question)
        turns = [{"role": m.role, "content": m.content} for m in request.messages]
        return self._function(messages=turns)

    def _fail(self, exc: BaseException) -> NoReturn:
        """Log the traceback, once in full for each place, and raise the failure."""
        frame = _frame(exc)
        key = (type(exc).__name__, frame.filename, frame.lineno or 0)
        level = logging.DEBUG if key in self._logged else logging.ERROR
        self._logged.add(key)
        _LOG.log(level, "%s failed", self.name, exc_info=exc)
        kind: FailureKind = "timeout" if isinstance(exc, _TIMEOUTS) else "target_bug"
        raise CallError(kind, f"{_describe(exc)} ({_place(frame)})") from exc


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name and f"{name}.".startswith(f"{exc.name}."):
            raise TargetError(_no_module(exc.name)) from exc
        raise TargetError(_import_failed(name, exc)) from exc
    except (Exception, SystemExit) as exc:
        raise TargetError(_import_failed(name, exc)) from exc


def _no_module(name: str) -> str:
    package, _, last = name.rpartition(".")
    places = (
        list(getattr(sys.modules.get(package), "__path__", ())) if package else [str(Path.cwd())]
    )
    found = sorted(module.name for module in pkgutil.iter_modules(places))
    inside = f'package "{package}"' if package else "the current directory"
    return f'no module "{name}": {_near(last, found, f"{inside} has")}'


def _import_failed(name: str, exc: BaseException) -> str:
    return f'importing "{name}" failed: {_describe(exc)} ({_place(_frame(exc))})'


def _attribute(module: ModuleType, path: str) -> Callable[..., Any]:
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            names = [name for name in dir(found) if not name.startswith("_")]
            near = _near(part, names, "it has")
            raise TargetError(f'module "{module.__name__}" has no "{path}": {near}')
        found = getattr(found, part)
    if not callable(found):
        kind = type(found).__name__
        raise TargetError(f'"{path}" in module "{module.__name__}" is {kind}, wanted a function')
    function: Callable[..., Any] = found
    return function


def _near(name: str, names: list[str], there: str) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"{there} {', '.join(names[:5]) or 'none'}"


def _takes_messages(function: Callable[..., Any], who: str) -> bool:
    """Whether it has a parameter ``messages``; refuses what cannot be called at all."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    wanted = "messages" in signature.parameters
    try:
        signature.bind(messages=[]) if wanted else signature.bind("question")
    except TypeError as exc:
        given = "messages=…" if wanted else "a question"
        raise TargetError(f"{who} cannot be called with {given} alone: {exc}") from exc
    return wanted


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    method = inspect.getattr_static(function, "__call__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(method)


async def _in_thread(work: Callable[[], Any]) -> Outcome:
    """Value and exception of `work`, run in a daemon thread, which cannot block an exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    def run() -> None:
        try:
            outcome: Outcome = (context.run(work), None)
        except BaseException as exc:
            outcome = (None, exc)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=run, name="tqb-target", daemon=True).start()
    return await future


class _Loop:
    """An event loop in a daemon thread, for coroutines that may block or refuse to end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._serve, name="tqb-target-loop", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], Any]) -> Outcome:
        """Value and exception of the awaitable that `work` makes."""
        future = asyncio.run_coroutine_threadsafe(_outcome(work), self._loop)
        return await asyncio.wrap_future(future)

    async def stop(self) -> None:
        """End the loop; one that is blocked is left behind after a moment."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        for _ in range(20):
            if not self._thread.is_alive():
                return
            await asyncio.sleep(0.01)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        if pending:
            self._loop.run_until_complete(asyncio.wait(pending, timeout=0.1))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


async def _outcome(work: Callable[[], Any]) -> Outcome:
    try:
        return await work(), None
    except BaseException as exc:
        return None, exc


def _frame(exc: BaseException) -> traceback.FrameSummary:
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


def _describe(exc: BaseException) -> str:
    try:
        said = str(exc)
    except Exception:
        said = ""
    name = type(exc).__name__
    return excerpt(f"{name}: {said}" if said else name, limit=200)
