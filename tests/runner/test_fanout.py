"""The runner: bounded, ordered, and deaf to one call's trouble."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.runner.fake import FakeTarget, requests
from tqb.errors import CallError
from tqb.runner import on_stop, run_requests
from tqb.types import Failure, Limits, Request, Response


async def later_first(request: Request) -> Response:
    """Answer the first asked last."""
    await asyncio.sleep(0.02 - 0.002 * int(request.item.id[1:]))
    return Response(request.item.id)


def test_replies_stand_in_the_order_asked() -> None:
    """Whatever order they arrive in, replies come back in the order of the requests."""
    arrived: list[str] = []
    replies, interrupted = run_requests(
        FakeTarget(later_first),
        requests(8),
        on_reply=lambda request, reply: arrived.append(request.item.id),
    )
    assert [reply.answer for reply in replies if isinstance(reply, Response)] == [
        f"q{n}" for n in range(8)
    ]
    assert arrived == [f"q{n}" for n in reversed(range(8))]
    assert not interrupted


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_than_the_limit_is_under_way(limit: int) -> None:
    """Concurrency reaches the limit and never passes it; the target is closed at the end."""
    target = FakeTarget(later_first)
    run_requests(target, requests(10), limits=Limits(max_concurrency=limit))
    assert target.peak == limit
    assert target.closed


def test_a_target_may_take_fewer_at_once() -> None:
    """Where it says how many, no more are under way, whatever the limit."""

    class Narrow(FakeTarget):
        at_once = 2

    target = Narrow(later_first)
    replies, _ = run_requests(target, requests(10), limits=Limits(max_concurrency=8))
    assert (target.peak, len(replies)) == (2, 10)


def test_one_failure_touches_no_other_call() -> None:
    """A typed failure, a bug and a timeout become failures of their own item alone."""

    async def complete(request: Request) -> Response:
        if request.item.id == "q1":
            raise CallError("rate_limit", "429: slow down")
        if request.item.id == "q2":
            raise ZeroDivisionError("division by zero")
        if request.item.id == "q3":
            raise asyncio.TimeoutError
        return Response("fine")

    replies, _ = run_requests(FakeTarget(complete), requests(5))
    assert replies[0] == replies[4] == Response("fine")
    assert replies[1] == Failure("rate_limit", "429: slow down")
    assert replies[2] == Failure("target_bug", "ZeroDivisionError: division by zero")
    assert isinstance(replies[3], Failure)
    assert replies[3].kind == "timeout"


def test_a_target_that_never_returns_is_cut_off() -> None:
    """A call that ignores its timeout is a failure of kind timeout."""

    async def hang(request: Request) -> Response:
        await asyncio.sleep(60)
        return Response("late")

    replies, _ = run_requests(FakeTarget(hang), requests(3, timeout_s=0.01))
    assert [reply.kind for reply in replies if isinstance(reply, Failure)] == ["timeout"] * 3


def test_nothing_asked_is_nothing_answered() -> None:
    """No requests, no replies, and the target is closed all the same."""
    target = FakeTarget(later_first)
    assert run_requests(target, []) == ((), False)
    assert target.closed


def test_an_error_of_ours_is_not_swallowed() -> None:
    """A bug in the caller's `on_reply` ends the run with that error."""

    def broken(request: Request, reply: Response | Failure) -> None:
        raise KeyError("ours")

    target = FakeTarget(later_first)
    with pytest.raises(KeyError, match="ours"):
        run_requests(target, requests(3), on_reply=broken)
    assert target.closed


@pytest.fixture
def heard(request: pytest.FixtureRequest) -> Iterator[int]:
    """A signal that is not ignored, as it is where the tests run in the background."""
    before = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("heard", [signal.SIGINT, signal.SIGTERM], indirect=True)
def test_interruption_keeps_what_was_answered(heard: int) -> None:
    """After a signal the answered stay, the one under way is cut short, the rest was not asked."""

    async def complete(request: Request) -> Response:
        if request.item.id == "q2":
            threading.Thread(target=os.kill, args=(os.getpid(), heard)).start()
            await asyncio.sleep(30)
        return Response("fine")

    before = time.monotonic()
    replies, interrupted = run_requests(FakeTarget(complete), requests(5), limits=Limits(1))
    assert interrupted
    assert time.monotonic() - before < 25
    assert replies[:2] == (Response("fine"), Response("fine"))
    attempts = [reply.attempts for reply in replies[2:] if isinstance(reply, Failure)]
    assert attempts == [1, 0, 0]
    assert signal.getsignal(heard) == signal.default_int_handler


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("heard", [signal.SIGINT], indirect=True)
def test_interruption_stops_fast_workers_too(heard: int) -> None:
    """Answers that come at once do not keep the asking going after Ctrl-C."""

    async def complete(request: Request) -> Response:
        if request.item.id == "q10":
            os.kill(os.getpid(), heard)
        await asyncio.sleep(0)
        return Response("fine")

    target = FakeTarget(complete)
    replies, interrupted = run_requests(target, requests(500), limits=Limits(4))
    answered = [reply for reply in replies if isinstance(reply, Response)]
    assert interrupted
    assert len(answered) < 100
    assert target.closed


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("heard", [signal.SIGINT], indirect=True)
@pytest.mark.parametrize("late", [False, True])
def test_of_two_that_wait_for_a_signal_one_takes_it(heard: int, late: bool) -> None:
    """The inner one acts at the first; the second is no one's, also when the inner one is over."""
    acted: list[str] = []
    with on_stop(lambda: acted.append("outer")):
        with on_stop(lambda: acted.append("inner")):
            signal.raise_signal(heard)
            if not late:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(heard)
        if late:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(heard)
    assert acted == ["inner"]
    assert signal.getsignal(heard) == signal.default_int_handler


def test_a_thread_that_hangs_holds_nothing_up() -> None:
    """A call that waits in a thread of asyncio's own ends with its timeout, not with its thread."""
    go_on = threading.Event()

    async def complete(request: Request) -> Response:
        await asyncio.to_thread(go_on.wait, 30)
        return Response("late")

    before = time.monotonic()
    replies, _ = run_requests(FakeTarget(complete), requests(1, timeout_s=0.01))
    took = time.monotonic() - before
    go_on.set()
    assert [reply.kind for reply in replies if isinstance(reply, Failure)] == ["timeout"]
    assert took < 25


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_an_ignored_signal_stays_ignored() -> None:
    """A run in the background, where SIGINT is ignored, is not stopped by a Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def complete(request: Request) -> Response:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)
        return Response("fine")

    replies, interrupted = run_requests(FakeTarget(complete), requests(2))
    signal.signal(signal.SIGINT, before)
    assert (replies, interrupted) == ((Response("fine"), Response("fine")), False)
