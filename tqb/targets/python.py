"""A Python function, called in this process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from tqb.errors import CallError, TargetError
from tqb.functions import describe, is_async, load_function, traceback_of, users_frame
from tqb.targets.base import RecordError, read_fields, within
from tqb.types import FailureKind, Request, Response

_LOG = logging.getLogger("tqb.targets")
Outcome = tuple[Any, BaseException | None]
"""What a call returned, and what it raised."""

_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)


class PythonTarget:
    """``python:package.module:function``, looked up from the current directory.

    A function with a parameter ``messages`` gets the turns as ``{"role", "content"}``; any
    other gets the question. It may be sync, which runs in a thread, or async. It returns the
    answer, or a mapping with ``answer`` and the optional ``prompt_tokens``,
    ``completion_tokens``, ``finish_reason``, ``model`` and ``cost_usd``. It is called again for a
    question only where it raises a `CallError` that says so.
    """

    recorded = False

    def __init__(self, path: str) -> None:
        """Import the function; it is not called.

        Raises:
            TargetError: it cannot be found, imported, or called with a question.
        """
        self._function = load_function(path, "target", TargetError)
        self._who = path.partition(":")[2]
        self._takes_messages = _takes_messages(self._function, self._who)
        self._logged: set[tuple[str, str, int]] = set()
        self._loop: _Loop | None = None
        self.name = f"python:{path}"

    @property
    def takes_messages(self) -> bool:
        """Whether the function gets all turns, not the question alone."""
        return self._takes_messages

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
        """Stop the loop of async functions; a thread that hangs ends with the process.

        What is asked later gets another loop.
        """
        loop, self._loop = self._loop, None
        if loop is not None:
            await loop.stop()

    async def _call(self, request: Request) -> Any:
        """Call the function where it can hold nothing up: in a thread, or on a loop of its own."""
        work = functools.partial(self._apply, request)
        if is_async(self._function):
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
        frame = users_frame(exc)
        key = (type(exc).__name__, frame.filename, frame.lineno or 0)
        level = logging.DEBUG if key in self._logged else logging.ERROR
        self._logged.add(key)
        if _LOG.isEnabledFor(level):
            _LOG.log(level, "%s failed\n%s", self.name, traceback_of(exc))
        kind: FailureKind = "timeout" if isinstance(exc, _TIMEOUTS) else "target_bug"
        raise CallError(kind, describe(exc)) from exc


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
