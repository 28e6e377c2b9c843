"""How many at once, how fast, for how long, and when to give up."""

from __future__ import annotations

import asyncio
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.openai_server import OpenAIServer, Reply
from tests.runner.fake import FakeTarget, kinds, requests
from tqb.errors import CallError
from tqb.runner import run_requests
from tqb.runner.concurrency import Concurrency, End
from tqb.runner.pace import WINDOW_S, Pace
from tqb.targets import open_target
from tqb.types import Failure, Limits, Request, Response

ENDS: tuple[End, ...] = ("answered", "refused", "other")


@given(
    most=st.integers(1, 100),
    steps=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(ENDS)), max_size=300),
)
def test_the_limit_stays_between_one_and_j(most: int, steps: list[tuple[int, End]]) -> None:
    """Whatever the server does, there is a place, and never more places than `-j` allows."""
    concurrency = Concurrency(most)
    under_way: list[int] = []
    for place, end in steps:
        while concurrency.free:
            under_way.append(concurrency.start())
        assert 1 <= concurrency.limit <= most
        assert under_way
        concurrency.end(under_way.pop(place % len(under_way)), end)


@given(capacity=st.integers(1, 40), more=st.integers(0, 60))
def test_the_limit_finds_what_the_server_allows(capacity: int, more: int) -> None:
    """Once it is found, nine places of ten are in use, and few requests are refused."""
    concurrency = Concurrency(capacity + more)
    held: list[int] = []
    refused = in_use = 0
    for answered in range(60 * capacity):
        settled = answered >= 20 * capacity
        while concurrency.free:
            started = concurrency.start()
            if len(held) < capacity:
                held.append(started)
            else:
                concurrency.end(started, "refused")
                refused += settled
        in_use += len(held) * settled
        concurrency.end(held.pop(0), "answered")
    assert in_use >= 0.9 * capacity * 40 * capacity
    assert refused <= 0.4 * 40 * capacity


def test_concurrency_yields_to_refusals_and_all_are_answered() -> None:
    """A server that takes 4 at once and refuses the rest is not stormed by `-j 16`."""
    with OpenAIServer(Reply("ok", delay_s=0.01), capacity=4) as server:
        target = open_target(f"{server.url}#m", max_concurrency=16)
        replies, _ = run_requests(
            target, requests(200), limits=Limits(16, retries=5, retry_delay_s=0.05)
        )
    assert kinds(replies) == ["answer"] * 200
    assert len(server.requests) <= 1.35 * 200


sizes = st.lists(st.integers(0, 40), min_size=1, max_size=60)


@given(rpm=st.none() | st.integers(1, 20), tpm=st.none() | st.integers(1, 100), sizes=sizes)
def test_no_minute_holds_more_than_the_limits(
    rpm: int | None, tpm: int | None, sizes: list[int]
) -> None:
    """Sent as early as allowed, no 60 seconds hold too much; and not a moment is wasted."""
    pace, now = Pace(rpm, tpm), 0.0
    sent: list[tuple[float, int]] = []
    for tokens in sizes:
        wait_s = pace.wait_s(now, tokens)
        now += wait_s
        assert pace.wait_s(now, tokens) <= 1e-9
        window = [size for at, size in sent if at > now - WINDOW_S + 1e-6]
        assert rpm is None or len(window) < rpm
        assert tpm is None or sum(window) + tokens <= tpm or not window
        if wait_s:
            just_before = [size for at, size in sent if at > now - WINDOW_S - 1e-6]
            full = rpm is not None and len(just_before) >= rpm
            assert full or (tpm is not None and sum(just_before) + tokens > tpm)
        pace.send(now, tokens)
        sent.append((now, tokens))


@given(sizes=sizes, used=st.lists(st.integers(0, 40), min_size=60, max_size=60))
def test_what_was_estimated_gives_way_to_what_was_used(sizes: list[int], used: list[int]) -> None:
    """The window holds the tokens that replies counted, and is empty a minute later."""
    pace = Pace(tpm=10_000)
    for tokens, taken in zip(sizes, used, strict=False):
        pace.correct(pace.send(0.0, tokens), taken)
    total = list(accumulate(used[: len(sizes)]))[-1]
    assert pace.wait_s(0.0, 10_000 - total) == 0.0
    assume(total)
    assert pace.wait_s(0.0, 10_001 - total) == WINDOW_S
    late = pace.send(30.0, 9)
    assert pace.wait_s(WINDOW_S, 9_991) == 0.0
    pace.correct(late, 10)
    assert pace.wait_s(WINDOW_S, 9_991) == 30.0


def test_requests_beyond_the_minute_wait_for_it() -> None:
    """Two a minute: two are sent, and the deadline comes before the third may be."""
    with OpenAIServer("ok") as server:
        target = open_target(f"{server.url}#m")
        replies, _ = run_requests(target, requests(4), limits=Limits(rpm=2, deadline_s=1.0))
    assert kinds(replies) == ["answer", "answer", "timeout", "timeout"]
    assert len(server.requests) == 2
    assert replies[3] == Failure(
        "timeout", "not asked within the run's --deadline of 1 s", attempts=0
    )


def test_tokens_are_reserved_and_given_back() -> None:
    """Room for one longest answer lets one request go at a time; its usage makes room again."""
    with OpenAIServer(Reply("ok", delay_s=0.01)) as server:
        target = open_target(f"{server.url}#m")
        replies, _ = run_requests(target, requests(10), limits=Limits(tpm=1200, deadline_s=30.0))
    assert kinds(replies) == ["answer"] * 10
    assert server.peak == 1


def test_recorded_answers_are_not_held_back() -> None:
    """A target that asks nobody knows no minute."""
    target = FakeTarget(_answer)
    target.recorded = True
    replies, _ = run_requests(target, requests(9), limits=Limits(rpm=1, tpm=1, deadline_s=30.0))
    assert kinds(replies) == ["answer"] * 9


async def _answer(request: Request) -> Response:
    return Response("fine")


def test_the_deadline_leaves_typed_failures() -> None:
    """What was answered stays; what was under way and what was not asked is told apart."""

    async def complete(request: Request) -> Response:
        if request.item.id == "q0":
            return Response("fine")
        await asyncio.sleep(60)
        return Response("late")

    target = FakeTarget(complete)
    arrived: list[str] = []
    replies, interrupted = run_requests(
        target,
        requests(5, timeout_s=50.0),
        limits=Limits(2, deadline_s=0.3),
        on_reply=lambda request, reply: arrived.append(request.item.id),
    )
    assert not interrupted
    assert kinds(replies) == ["answer", *["timeout"] * 4]
    assert [reply.attempts for reply in replies] == [1, 1, 1, 0, 0]
    messages = [reply.message for reply in replies if isinstance(reply, Failure)]
    said = "within the run's --deadline of 0.3 s"
    assert messages == [f"not answered {said}"] * 2 + [f"not asked {said}"] * 2
    assert sorted(arrived) == ["q0", "q1", "q2"]
    assert target.closed


FATAL = CallError("auth", "401: the key was refused", fatal=True)


@pytest.mark.parametrize("most", [1, 4])
def test_a_fatal_failure_stops_the_asking(most: int) -> None:
    """Where the first calls all fail alike no more are sent, and each has a typed failure."""

    async def complete(request: Request) -> Response:
        await asyncio.sleep(0.001)
        raise FATAL

    target = FakeTarget(complete)
    replies, interrupted = run_requests(target, requests(100), limits=Limits(most))
    assert not interrupted
    assert kinds(replies) == ["auth"] * 100
    assert target.asked <= most + 2
    assert sum(reply.attempts for reply in replies) == target.asked
    assert replies[0] == Failure("auth", "401: the key was refused")
    assert isinstance(replies[-1], Failure)
    assert "not asked: the first " in replies[-1].message


@pytest.mark.parametrize("other", ["answer", "server", "not_found"])
def test_anything_else_among_the_first_keeps_the_asking_up(other: str) -> None:
    """An answer, or another failure, even one that comes last, shows that there is hope."""

    async def complete(request: Request) -> Response:
        if request.item.id != "q3":
            raise FATAL
        await asyncio.sleep(0.05)
        if other == "server":
            raise CallError("server", "500")
        if other == "not_found":
            raise CallError("not_found", "404", fatal=True)
        return Response("fine")

    target = FakeTarget(complete)
    replies, _ = run_requests(target, requests(50), limits=Limits(4))
    assert target.asked == 50
    assert kinds(replies) == ["auth"] * 3 + [other] + ["auth"] * 46


def test_a_refused_connection_is_tried_again_before_the_asking_stops() -> None:
    """A server may be starting; but hundreds of items do not each try it."""
    with OpenAIServer() as server:
        pass
    target = open_target(f"{server.url}#m")
    replies, _ = run_requests(target, requests(300), limits=Limits(4, retries=2, retry_delay_s=0.0))
    assert kinds(replies) == ["connection"] * 300
    assert [reply.attempts for reply in replies[:3]] == [3, 3, 3]
    assert sum(reply.attempts for reply in replies) <= 3 * 12
