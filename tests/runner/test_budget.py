"""What a run may cost holds, whatever answers and failures come in whatever order."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runner.fake import FakeTarget, kinds, requests
from tqb.errors import CallError
from tqb.runner import Budget, run_requests
from tqb.tokens import cost_bounds
from tqb.types import Failure, Limits, Price, Request, Response, Unpriced

PRICE = Price((1e-5, 1e-4), 1e-3)


class PricedTarget(FakeTarget):
    """A fake that says what it takes."""

    def price(self, request: Request) -> Price | Unpriced:
        return PRICE


def most(request: Request) -> float:
    bounds = cost_bounds(request, PRICE)
    assert bounds
    return bounds[1]


def asked(lengths: list[int]) -> list[Request]:
    """Requests whose answers may be so many tokens long."""
    return [
        replace(request, params=replace(request.params, max_tokens=length))
        for request, length in zip(requests(len(lengths)), lengths, strict=True)
    ]


ENDS = st.tuples(
    st.sampled_from(["answer", "server", "timeout", "rate_limit", "auth"]),
    st.floats(0, 1),
    st.integers(0, 3),
)


@given(
    limit=st.floats(0, 3),
    most_at_once=st.integers(1, 6),
    lengths=st.lists(st.integers(1, 900), min_size=1, max_size=12),
    ends=st.lists(ENDS, min_size=48, max_size=48),
)
@settings(deadline=None)
def test_the_limit_is_never_exceeded(
    limit: float, most_at_once: int, lengths: list[int], ends: list[tuple[str, float, int]]
) -> None:
    """No answer costs more than its bound, and failed calls may cost too: the sum stays below.

    And nothing is refused that was sure to fit.
    """
    bills: list[float] = []
    set_aside: list[float] = []
    script = iter(ends)

    async def complete(request: Request) -> Response:
        kind, share, turns = next(script)
        refused = kind in ("rate_limit", "auth")
        cost = 0.0 if refused else share * most(request)
        bills.append(cost)
        set_aside.append(cost if kind == "answer" else 0.0 if refused else most(request))
        for _ in range(turns):
            await asyncio.sleep(0)
        if kind != "answer":
            raise CallError(kind, "no", retryable=not refused)  # type: ignore[arg-type]
        return Response("x", cost_usd=cost)

    questions = asked(lengths)
    replies, _ = run_requests(
        PricedTarget(complete),
        questions,
        limits=Limits(most_at_once, retries=2, retry_delay_s=0.0),
        budget=Budget(limit),
    )
    assert math.fsum(bills) <= limit + 1e-9
    refused = [q for q, r in zip(questions, replies, strict=True) if r.attempts == 0]
    if refused and len(bills) < len(ends):
        dearest = max(map(most, questions))
        assert math.fsum(set_aside) + dearest > limit - 1e-9


@given(
    limit=st.floats(0.01, 10),
    most_at_once=st.integers(1, 6),
    costs=st.lists(st.floats(0.01, 1), min_size=1, max_size=20),
)
@settings(deadline=None)
def test_a_price_that_answers_tell_is_held_from_the_first_on(
    limit: float, most_at_once: int, costs: list[float]
) -> None:
    """The first goes alone; while costs do not rise the limit holds, and little of it is left."""
    costs = sorted(costs, reverse=True)
    script = iter(costs)
    under_way = 0

    async def complete(request: Request) -> Response:
        nonlocal under_way
        under_way += 1
        assert under_way == 1 or next_up > 0
        await asyncio.sleep(0)
        under_way -= 1
        return Response("x", cost_usd=bill())

    next_up = 0

    def bill() -> float:
        nonlocal next_up
        next_up += 1
        return next(script)

    target = FakeTarget(complete)
    replies, _ = run_requests(
        target, requests(len(costs)), limits=Limits(most_at_once), budget=Budget(limit)
    )
    spent = math.fsum(reply.cost_usd or 0 for reply in replies if isinstance(reply, Response))
    assert spent <= max(limit, costs[0]) + 1e-9
    assert target.asked == len(costs) or spent + costs[0] > limit - 1e-9


def test_what_is_under_way_is_waited_for() -> None:
    """Room for one at a time lets all be asked, one after the other, as each turns out cheap."""

    async def complete(request: Request) -> Response:
        await asyncio.sleep(0.001)
        return Response("x", cost_usd=0.0001)

    target = PricedTarget(complete)
    questions = asked([500] * 10)
    replies, _ = run_requests(target, questions, budget=Budget(1.9 * most(questions[0])))
    assert kinds(replies) == ["answer"] * 10
    assert target.peak == 1


def test_a_failed_call_may_have_cost_as_much_as_an_answer() -> None:
    """What a timeout cost is not known: its share of the limit is not given away again."""

    async def complete(request: Request) -> Response:
        raise CallError("timeout", "no answer")

    target = PricedTarget(complete)
    questions = asked([500] * 10)
    limit = 3.5 * most(questions[0])
    replies, _ = run_requests(target, questions, limits=Limits(2), budget=Budget(limit))
    assert kinds(replies) == ["timeout"] * 3 + ["refused_by_budget"] * 7
    refusal = replies[-1]
    assert isinstance(refusal, Failure)
    assert "$0 was spent, up to $1." in refusal.message
    assert "for calls that failed, the next request may cost $0.5" in refusal.message


def test_an_answer_dearer_than_its_price_raises_what_is_set_aside() -> None:
    """A price that was wrong once is trusted no more: the dearest answer counts from then on."""

    async def complete(request: Request) -> Response:
        return Response("x", cost_usd=1.0)

    target = PricedTarget(complete)
    replies, _ = run_requests(target, asked([1] * 9), limits=Limits(1), budget=Budget(2.5))
    assert kinds(replies) == ["answer"] * 2 + ["refused_by_budget"] * 7


@pytest.mark.parametrize("recorded", [True, False])
def test_an_unknown_price_ends_the_run_and_a_recorded_answer_has_none(recorded: bool) -> None:
    """An answer that does not tell its cost is the last; recorded ones are never paid for."""

    async def complete(request: Request) -> Response:
        return Response("x")

    target = FakeTarget(complete)
    target.recorded = recorded
    replies, _ = run_requests(target, requests(4), budget=Budget(1.0))
    assert kinds(replies) == ["answer"] + ["answer" if recorded else "refused_by_budget"] * 3


def test_one_purse_for_all_targets() -> None:
    """What one target took, the next cannot spend."""

    async def complete(request: Request) -> Response:
        return Response("x", cost_usd=1.0)

    budget = Budget(3.0)
    judge = FakeTarget(complete)
    judge.name = "judge"
    first, _ = run_requests(FakeTarget(complete), requests(2), budget=budget)
    second, _ = run_requests(judge, requests(2), budget=budget)
    assert kinds([*first, *second]) == ["answer"] * 3 + ["refused_by_budget"]
