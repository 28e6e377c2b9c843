"""The one retry layer: what is repeated, after how long, and what the report says of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.openai_server import Body, OpenAIServer, Reply
from tests.runner.fake import FakeTarget, kinds, requests
from tests.targets.ask import make_request
from tqb.errors import CallError
from tqb.runner import Reply as Outcome
from tqb.runner import run_requests
from tqb.runner.retry import LONGEST_S, bound, wait_before_retry
from tqb.targets import open_target
from tqb.types import Failure, Limits, Params, Request, Response

AT_ONCE = Limits(retry_delay_s=0.0)
Reach = Callable[[OpenAIServer], str]


@pytest.fixture(params=["litellm", "endpoint"])
def reach(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reach:
    """The spec that reaches a server, in both ways."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-tqb-0123456789")

    def spec(server: OpenAIServer) -> str:
        if request.param == "endpoint":
            return f"{server.url}#zz"
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        return "openai/zz"

    return spec


def script(*replies: Reply) -> Callable[[Body], Reply]:
    """Give these replies, one a request, and the last one from then on."""
    left: Iterator[Reply] = iter(replies)
    return lambda body: next(left, replies[-1])


def ask(spec: str, *asked: Request, limits: Limits = AT_ONCE) -> Sequence[Outcome]:
    replies, _ = run_requests(open_target(spec), asked or [make_request()], limits=limits)
    return replies


def error(status: int, **rest: str) -> Reply:
    return Reply(status=status, body={"error": {"message": "no", **rest}})


RETRYABLE: dict[str, tuple[Reply, str]] = {
    "429": (error(429), "rate_limit"),
    "500": (error(500), "server"),
    "503": (error(503), "server"),
    "529": (error(529), "server"),
    "504": (error(504), "timeout"),
    "408": (error(408), "timeout"),
    "garbage": (Reply(body=b'{"choices": [{'), "bad_response"),
    "nothing": (Reply(body=b""), "bad_response"),
    "no choices": (Reply(body={"choices": []}), "bad_response"),
    "cut": (Reply("x" * 500, cut=True), "connection"),
    "hang": (Reply(hang=True), "timeout"),
}


@pytest.mark.parametrize("name", RETRYABLE)
def test_what_may_pass_is_asked_again(reach: Reach, name: str) -> None:
    """Two failures and an answer are an answer, three requests, and a word on each failure."""
    trouble, kind = RETRYABLE[name]
    timeout_s = 0.5 if name == "hang" else 10.0
    with OpenAIServer(script(trouble, trouble, Reply("Paris"))) as server:
        (reply,) = ask(reach(server), make_request(params=Params(timeout_s=timeout_s)))
    assert isinstance(reply, Response), reply
    assert (reply.answer, reply.attempts, reply.retried) == ("Paris", 3, (kind, kind))
    assert len(server.requests) == 3


FINAL: dict[str, tuple[Reply, str]] = {
    "401": (error(401), "auth"),
    "403": (error(403), "auth"),
    "404": (error(404), "not_found"),
    "400": (error(400), "bad_request"),
    "422": (error(422), "bad_request"),
    "501": (error(501), "server"),
    "402": (error(402), "rate_limit"),
    "quota": (error(429, code="insufficient_quota"), "rate_limit"),
    "context": (error(400, code="context_length_exceeded"), "context_length"),
    "filter": (error(400, code="content_filter"), "content_filter"),
    "odd content": (Reply(7), "bad_response"),
    "redirect": (Reply(status=302, headers={"Location": "/v2"}), "bad_response"),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_no_retry_can_mend_is_asked_once(reach: Reach, name: str) -> None:
    """Whatever wait the server asks for beside it."""
    trouble, kind = FINAL[name]
    reply = Reply(
        status=trouble.status, body=trouble.body, headers={**trouble.headers, "Retry-After": "0"}
    )
    if name == "odd content":
        reply = trouble
    with OpenAIServer(reply) as server:
        (outcome,) = ask(reach(server))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.attempts, outcome.retried) == (kind, 1, ())
    assert len(server.requests) == 1


@pytest.mark.parametrize("retries", [0, 2])
def test_retries_are_counted(reach: Reach, retries: int) -> None:
    """N retries are N + 1 requests, no more; the last failure is the one that counts."""
    with OpenAIServer(script(error(500), error(500), error(429))) as server:
        (outcome,) = ask(reach(server), limits=Limits(retries=retries, retry_delay_s=0.0))
    assert isinstance(outcome, Failure)
    assert outcome.attempts == len(server.requests) == retries + 1
    assert outcome.kind == ("rate_limit" if retries else "server")


@pytest.mark.parametrize("header", ["0.25", "date"])
def test_the_wait_the_server_asks_for_is_kept(reach: Reach, header: str) -> None:
    """In seconds or as a date, the next request does not come before it."""
    wish = formatdate(time.time() + 2, usegmt=True) if header == "date" else header
    trouble = Reply(status=429, body={}, headers={"Retry-After": wish})
    with OpenAIServer(script(trouble, Reply("Paris"))) as server:
        (reply,) = ask(reach(server))
    first, second = (request.arrived for request in server.requests)
    assert second - first >= (0.5 if header == "date" else 0.25)
    assert isinstance(reply, Response)
    assert reply.waited_s >= (0.5 if header == "date" else 0.25)


def test_a_wait_too_long_is_a_failure_at_once(reach: Reach) -> None:
    """Nobody sits through an hour; the message says that it was asked for."""
    with OpenAIServer(Reply(status=429, body={}, headers={"Retry-After": "3600"})) as server:
        (outcome,) = ask(reach(server))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, len(server.requests)) == ("rate_limit", 1)
    assert str(outcome.message).endswith("; the server asks to wait 3600 s, which is too long")


def test_a_wait_beyond_the_deadline_is_a_failure_at_once() -> None:
    """What could not be asked again in time keeps the failure it had."""

    async def complete(request: Request) -> Response:
        raise CallError("rate_limit", "429", 30.0)

    replies, _ = run_requests(FakeTarget(complete), requests(2), limits=Limits(deadline_s=20.0))
    assert replies == (Failure("rate_limit", "429"), Failure("rate_limit", "429"))


def test_a_call_that_waits_holds_no_place() -> None:
    """One at a time: while the first waits for its repetition, the others are answered."""
    order: list[str] = []

    async def complete(request: Request) -> Response:
        order.append(request.item.id)
        if order == ["q0"]:
            raise CallError("rate_limit", "429", 0.2)
        return Response("fine")

    replies, _ = run_requests(FakeTarget(complete), requests(4), limits=Limits(1))
    assert order == ["q0", "q1", "q2", "q3", "q0"]
    assert kinds(replies) == ["answer"] * 4


def test_a_server_that_refuses_all_is_not_asked_all() -> None:
    """While more wait for their repetition than may be under way, nothing new goes out."""
    asked: set[str] = set()
    before_the_first_repetition: list[int] = []

    async def complete(request: Request) -> Response:
        if request.item.id in asked:
            before_the_first_repetition.append(len(asked))
            return Response("fine")
        asked.add(request.item.id)
        raise CallError("rate_limit", "429", 0.2)

    replies, _ = run_requests(FakeTarget(complete), requests(50), limits=Limits(4))
    assert kinds(replies) == ["answer"] * 50
    assert before_the_first_repetition[0] <= 8


@given(
    retries=st.integers(0, 2000),
    delay_s=st.floats(0, 60),
    draw=st.floats(0, 1, exclude_max=True),
    wish=st.none() | st.floats(0, 1e6),
    left_s=st.floats(0, 1e6) | st.just(float("inf")),
)
def test_the_wait_is_bounded(
    retries: int, delay_s: float, draw: float, wish: float | None, left_s: float
) -> None:
    """From what the server asks for to that plus the bound, in time for the deadline."""
    limits = Limits(retries=1000, retry_delay_s=delay_s)
    failed = CallError("rate_limit", "429", wish, retryable=True)
    wait_s = wait_before_retry(failed, retries, limits, left_s, draw)
    least = wish or 0.0
    if wait_s is None:
        too_late = least + draw * bound(retries, delay_s) >= left_s
        assert retries >= 1000 or least > LONGEST_S or too_late
    else:
        assert retries < 1000
        assert least <= wait_s <= least + min(LONGEST_S, delay_s * 2.0 ** min(retries, 1000))
        assert wait_s < left_s


@given(delay_s=st.floats(0.001, 60), retries=st.integers(0, 5000))
def test_the_bound_doubles_up_to_a_minute(delay_s: float, retries: int) -> None:
    """And never overflows."""
    assert bound(0, delay_s) == delay_s
    assert bound(retries + 1, delay_s) == min(LONGEST_S, 2 * bound(retries, delay_s))
