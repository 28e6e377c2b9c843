"""LiteLLM and a direct endpoint: the same server gives the same records with either."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from tests.openai_server import OpenAIServer, Recorded, Reply
from tests.targets.ask import Outcome, answer_of, ask, caught, failure_of, make_request
from tqb.errors import CallError
from tqb.targets import open_target
from tqb.types import Params, Response

KEY = "sk-tqb-0123456789"
Reach = Callable[[OpenAIServer], str]
PAST = formatdate(0, usegmt=True)


@pytest.fixture(params=["litellm", "endpoint"])
def reach(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reach:
    """The spec that reaches a server, in both ways."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("TQB_API_KEY", KEY)

    def spec(server: OpenAIServer) -> str:
        if request.param == "endpoint":
            return f"{server.url}#zz"
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        return "openai/zz"

    return spec


def completion(**message: Any) -> dict[str, Any]:
    """A bare completion around a message."""
    return {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}


ANSWERS: dict[str, tuple[Reply, Response]] = {
    "plain": (Reply("Paris"), Response("Paris", "stop", 5, 1, model="zz")),
    "cut short": (
        Reply("Par", finish_reason="length"),
        Response("Par", "length", 5, 1, model="zz"),
    ),
    "odd reason": (Reply("x", finish_reason="weird"), Response("x", "weird", 5, 1, model="zz")),
    "no reason": (Reply("x", finish_reason=None), Response("x", None, 5, 1, model="zz")),
    "null": (Reply(None), Response("", "stop", 5, 1, model="zz")),
    "absent": (Reply(body=completion(role="assistant")), Response("", "stop", model="m")),
    "no usage": (Reply("x", usage=None), Response("x", "stop", model="zz")),
    "no model": (Reply(body={"choices": [{"message": {"content": "x"}}]}), Response("x")),
    "parts": (
        Reply([{"type": "text", "text": "Pa"}, {"type": "x"}, {"type": "text", "text": "ris"}]),
        Response("Paris", "stop", 5, 1, model="zz"),
    ),
    "odd usage": (
        Reply(body={**completion(content="x"), "usage": {"prompt_tokens": "many"}}),
        Response("x", "stop", model="m"),
    ),
    "usage no object": (
        Reply(body={**completion(content="x"), "usage": "many"}),
        Response("x", "stop", model="m"),
    ),
    "script": (Reply("北京 🗼 \x07"), Response("北京 🗼 \x07", "stop", 5, 1, model="zz")),
    "half a pair": (Reply("a\ud83d"), Response("a�", "stop", 5, 1, model="zz")),
}


def error(status: int, message: str = "no", **rest: Any) -> Reply:
    """An error as OpenAI words it."""
    return Reply(status=status, body={"error": {"message": message, **rest}})


FAILURES: dict[str, tuple[Reply, str, str]] = {
    "401": (error(401), "auth", "was refused"),
    "403": (Reply(status=403, body=b"forbidden"), "auth", "was refused"),
    "402": (error(402), "rate_limit", "the quota is used up, and a retry will not help"),
    "quota": (error(429, code="insufficient_quota"), "rate_limit", "a retry will not help"),
    "429": (error(429), "rate_limit", "too many requests"),
    "404": (error(404, code="model_not_found"), "not_found", 'no model "zz" there'),
    "404 page": (Reply(status=404, body=b"<html>"), "not_found", "or the path is wrong"),
    "408": (error(408), "timeout", "gave up waiting"),
    "504": (Reply(status=504, body=b""), "timeout", "gave up waiting"),
    "400": (error(400, "bad temperature"), "bad_request", '"bad temperature"'),
    "409": (error(409), "bad_request", "the request was refused"),
    "422": (error(422), "bad_request", "the request was refused"),
    "413": (Reply(status=413, body=b""), "context_length", "too long"),
    "context": (error(400, code="context_length_exceeded"), "context_length", "too long"),
    "vllm": (error(400, "maximum context length is 512"), "context_length", "too long"),
    "filter": (error(400, code="content_policy_violation"), "content_filter", "refused the prompt"),
    "filter 403": (error(403, code="content_filter"), "content_filter", "refused the prompt"),
    "withheld": (Reply(None, finish_reason="content_filter"), "content_filter", "withheld"),
    "500": (error(500, "context_length_exceeded"), "server", "the server failed"),
    "502": (Reply(status=502, body=b"<html>"), "server", "<html>"),
    "529": (error(529), "server", "the server failed"),
    "gateway": (Reply(body={"error": {"code": 429, "message": "slow"}}), "rate_limit", "slow"),
    "error in 200": (Reply(body={"error": {"message": "boo"}}), "bad_response", "boo"),
    "no choices": (Reply(body={"choices": []}), "bad_response", "no answer in the reply"),
    "not choices": (Reply(body={"choices": "x"}), "bad_response", "no answer in the reply"),
    "no message": (Reply(body={"choices": [{}]}), "bad_response", "no answer in the reply"),
    "number": (Reply(7), "bad_response", "content of type int"),
    "list": (Reply(body=[1]), "bad_response", "[1]"),
    "not JSON": (Reply(body=b"{nope"), "bad_response", "it usually ends in /v1"),
    "empty": (Reply(body=b""), "bad_response", "it usually ends in /v1"),
    "page": (
        Reply(body=b"<html>\x1b[31mhi</html>", headers={"Content-Type": "text/html"}),
        "bad_response",
        "it usually ends in /v1",
    ),
    "cut": (Reply("x" * 500, cut=True), "connection", "before the answer was complete"),
    "307": (
        Reply(status=307, headers={"Location": "http://me:hunter2@other.invalid/v1?key=hunter2"}),
        "bad_response",
        "redirects to http://other.invalid/v1, which tqb does not follow",
    ),
    "302": (Reply(status=302, headers={"Location": "/v1/models"}), "bad_response", "/v1/models"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_makes_the_same_response_either_way(reach: Reach, name: str) -> None:
    """Answer, finish reason, tokens and model come from the reply as the provider words them."""
    reply, wanted = ANSWERS[name]
    with OpenAIServer(reply) as server:
        response = answer_of(reach(server))
    assert 0 < (response.first_byte_s or 0) <= response.latency_s
    assert list(response.served) == ["server"]
    assert replace(response, latency_s=0.0, first_byte_s=None, served={}) == wanted


@pytest.mark.parametrize("name", FAILURES)
def test_a_reply_makes_the_same_failure_either_way(reach: Reach, name: str) -> None:
    """The kind follows status and body, the message says what to do, and nothing is resent."""
    reply, kind, said = FAILURES[name]
    with OpenAIServer(reply) as server:
        failure = failure_of(reach(server))
    assert failure.kind == kind
    assert said in str(failure)
    assert str(failure).isprintable()
    assert "hunter2" not in str(failure)
    assert len(server.requests) == 1


def test_a_dead_server_is_a_lost_connection(reach: Reach) -> None:
    """Nobody listens any more: the message names the address."""
    with OpenAIServer() as server:
        spec = reach(server)
    failure = failure_of(spec)
    wanted = f"connection refused by {server.url}: is the server running?"
    assert (failure.kind, str(failure)) == ("connection", wanted)


def test_a_silent_server_is_a_timeout(reach: Reach) -> None:
    """No answer within `timeout_s` is kind timeout."""
    with OpenAIServer(Reply(hang=True)) as server:
        failure = failure_of(reach(server), make_request(params=Params(timeout_s=0.3)))
    assert failure.kind == "timeout"
    assert "within 0.3 s" in str(failure)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), (PAST, 0.0), ("soon", None), ("nan", None)],
)
def test_the_wish_to_wait_is_read(reach: Reach, header: str, wanted: float | None) -> None:
    """Retry-After in seconds or as a date becomes seconds; anything else is ignored."""
    with OpenAIServer(Reply(status=429, body={}, headers={"Retry-After": header})) as server:
        assert failure_of(reach(server)).retry_after == wanted


def test_a_used_up_quota_asks_for_no_retry(reach: Reach) -> None:
    """Even where the server names a time to wait."""
    body = {"error": {"code": "insufficient_quota"}}
    with OpenAIServer(Reply(status=429, body=body, headers={"Retry-After": "7"})) as server:
        assert failure_of(reach(server)).retry_after is None


@pytest.mark.parametrize("status", [400, 401, 500])
def test_an_echoed_key_stays_out_of_the_message(
    reach: Reach, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Keys sent, other secrets of the environment, and what looks like a key are taken out."""
    monkeypatch.setenv("OTHER_SECRET", "swordfish-99")
    text = f"key {KEY}, swordfish-99, sk-other-1234567, Bearer abcdef.123456"
    with OpenAIServer(error(status, text)) as server:
        message = str(failure_of(reach(server)))
    for secret in (KEY, "swordfish", "other-1234567", "abcdef"):
        assert secret not in message
    assert "***" in message


def test_only_set_parameters_are_sent(reach: Reach) -> None:
    """None leaves a parameter to the provider; the turns arrive as they are."""
    params = Params(temperature=None, seed=3, max_tokens=None)
    with OpenAIServer("ok") as server:
        ask(reach(server), make_request(params=params), make_request())
    bodies = sorted((r.body for r in server.requests), key=len)
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Capital of France?"},
    ]
    assert bodies == [
        {"model": "zz", "messages": turns, "seed": 3},
        {"model": "zz", "messages": turns, "temperature": 0.0, "max_tokens": 1024},
    ]


def test_the_key_is_sent(reach: Reach) -> None:
    """As a bearer token."""
    with OpenAIServer() as server:
        answer_of(reach(server))
    assert sent(server).headers["Authorization"] == f"Bearer {KEY}"


def test_connections_are_shared(reach: Reach) -> None:
    """Forty requests, four at a time, need no more than four connections."""

    async def run(spec: str) -> list[Outcome]:
        target, gate = open_target(spec, max_concurrency=4), asyncio.Semaphore(4)

        async def one() -> Outcome:
            async with gate:
                return await caught(target.complete(make_request()))

        try:
            return await asyncio.gather(*(one() for _ in range(40)))
        finally:
            await target.aclose()

    with OpenAIServer(Reply("ok", delay_s=0.01)) as server:
        outcomes = asyncio.run(run(reach(server)))
    assert all(isinstance(outcome, Response) for outcome in outcomes)
    assert len(server.requests) == 40
    assert server.connections <= 4


def test_a_cancelled_call_leaves_the_target_usable(reach: Reach) -> None:
    """Cancellation goes through, and the next request is answered."""

    async def run(spec: str, server: OpenAIServer) -> Outcome:
        target = open_target(spec)
        call = asyncio.create_task(target.complete(make_request("hang")))
        while not server.requests:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        outcome = await caught(target.complete(make_request("go on")))
        await target.aclose()
        return outcome

    def answer(body: dict[str, Any]) -> Reply:
        text = body["messages"][-1]["content"]
        return Reply(text, hang=text == "hang")

    with OpenAIServer(answer) as server:
        outcome = asyncio.run(run(reach(server), server))
    assert isinstance(outcome, Response)
    assert outcome.answer == "go on"


def test_a_target_opened_after_another_was_closed_works(reach: Reach) -> None:
    """Nothing that `aclose` closed is used again, in the same loop either."""

    async def run(spec: str) -> list[Outcome]:
        outcomes = []
        for _ in range(2):
            target = open_target(spec)
            outcomes.append(await caught(target.complete(make_request())))
            await target.aclose()
            await target.aclose()
        return outcomes

    with OpenAIServer("ok") as server:
        outcomes = asyncio.run(run(reach(server)))
    assert [getattr(outcome, "answer", outcome) for outcome in outcomes] == ["ok", "ok"]


def test_a_proxy_of_the_environment_is_used(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes to the proxy, which gets the full address."""
    with OpenAIServer("from afar") as server:
        spec = reach(server)
        monkeypatch.setenv("HTTP_PROXY", server.origin)
        monkeypatch.setenv("http_proxy", server.origin)
        if spec.startswith("openai/"):
            monkeypatch.setenv("OPENAI_BASE_URL", "http://far.invalid/v1")
        else:
            spec = "http://far.invalid/v1#zz"
        assert answer_of(spec).answer == "from afar"
    assert sent(server).headers["Host"] == "far.invalid"


def sent(server: OpenAIServer) -> Recorded:
    """The one request that came in."""
    (request,) = server.requests
    return request


def test_failures_are_raised_as_call_errors(reach: Reach) -> None:
    """What led to a failure stays its cause, for the log."""
    with OpenAIServer(Reply(body=b"{nope")) as server:
        failure = failure_of(reach(server))
    assert isinstance(failure, CallError)
    assert failure.__cause__ is not None


def test_fresh_request_passes_by_every_cache(reach: Reach) -> None:
    """A request that wants a new answer says so to the caches on its way; another says nothing."""
    with OpenAIServer("Paris") as server:
        spec = reach(server)
        usual, fresh = make_request(), replace(make_request(), fresh=True)
        assert answer_of(spec, usual).answer == answer_of(spec, fresh).answer == "Paris"
    assert [r.headers.get("Cache-Control") for r in server.requests] == [None, "no-cache"]
    assert server.requests[0].body == server.requests[1].body
