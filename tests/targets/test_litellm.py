"""What only LiteLLM does."""

from __future__ import annotations

import pytest

from tests.openai_server import OpenAIServer, Reply
from tests.targets.ask import answer_of, failure_of, in_development_mode
from tqb.errors import TargetError
from tqb.targets import open_target


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for OpenAI's models."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-tqb-0123456789")


@pytest.mark.parametrize("model", ["nonsense", "foo/bar", "gpt-99"])
def test_a_model_without_provider_is_refused(model: str) -> None:
    """The message names a prefix and the other ways."""
    with pytest.raises(TargetError) as caught:
        open_target(model)
    message = str(caught.value)
    assert f'LiteLLM knows no provider for "{model}"' in message
    assert "openai/gpt-4o-mini" in message
    assert "python:module:function" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("openai/gpt-4o-mini", "OPENAI_API_KEY"),
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gemini/gemini-2.5-flash", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("azure/mine", "AZURE_API_BASE and AZURE_API_KEY"),
    ],
)
@pytest.mark.parametrize("value", [None, " "])
def test_a_missing_key_is_found_before_any_request(
    monkeypatch: pytest.MonkeyPatch, model: str, names: str, value: str | None
) -> None:
    """A variable that is not set, or set to nothing, is named."""
    monkeypatch.delenv("OPENAI_API_KEY")
    if value is not None and names.endswith("_API_KEY") and " " not in names:
        monkeypatch.setenv(names, value)
    with pytest.raises(TargetError) as caught:
        open_target(model)
    assert f'the model "{model}" needs {names}, which is not set' in str(caught.value)
    assert "a server that needs no key takes any value" in str(caught.value)


@pytest.mark.parametrize(
    "model", ["ollama/llama3:8b", "ollama_chat/llama3", "hosted_vllm/m", "bedrock/amazon.nova-x"]
)
def test_a_model_that_needs_no_key_opens(model: str) -> None:
    """LiteLLM's false alarms are passed over."""
    assert open_target(model).name == model


def test_another_login_stands_in_for_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure takes a token instead."""
    monkeypatch.setenv("AZURE_API_BASE", "https://mine.invalid")
    monkeypatch.setenv("AZURE_AD_TOKEN", "token")
    assert open_target("azure/mine").name == "azure/mine"


def test_the_cost_of_a_known_model_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is more than nothing."""
    with OpenAIServer(Reply("ok", usage=(1000, 1000))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        cost = answer_of("openai/gpt-4o-mini").cost_usd
    assert cost is not None
    assert 0 < cost < 1


@pytest.mark.parametrize("usage", [(5, 1), (0, 0), None])
def test_the_cost_of_an_unknown_model_is_unknown(
    monkeypatch: pytest.MonkeyPatch, usage: tuple[int, int] | None
) -> None:
    """Unknown is None, never free."""
    with OpenAIServer(Reply("ok", usage=usage)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert answer_of("openai/zz").cost_usd is None


def test_a_known_model_without_usage_has_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tokens counted is not a price of zero."""
    with OpenAIServer(Reply("ok", usage=None)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert answer_of("openai/gpt-4o-mini").cost_usd is None


def test_a_parameter_the_model_does_not_take_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasoning models take no temperature, and name the token limit in another way."""
    with OpenAIServer("ok") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answer_of("openai/o3-mini")
    (request,) = server.requests
    assert "temperature" not in request.body
    assert request.body["max_completion_tokens"] == 1024


def test_another_provider_makes_the_same_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider with its own client in LiteLLM is read and classified alike."""
    with OpenAIServer("ok") as server:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
        response = answer_of("hosted_vllm/zz")
    assert (response.answer, response.finish_reason) == ("ok", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (5, 1)
    for reply, kind in [
        (Reply(status=401, body={}), "auth"),
        (Reply(status=503, body=b""), "server"),
        (Reply(body=b"{nope"), "bad_response"),
    ]:
        with OpenAIServer(reply) as server:
            monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
            assert failure_of("hosted_vllm/zz").kind == kind
        assert len(server.requests) == 1
    assert failure_of("hosted_vllm/zz").kind == "connection"


def test_development_mode_has_nothing_to_say() -> None:
    """No output, no unclosed transport; after answers and failures alike."""
    code = """
from tests.targets.ask import ask, make_request
outcomes = ask("openai/zz", *map(make_request, ("fail", "parts", "cut", "page")))
print(*(getattr(outcome, "kind", "answered") for outcome in outcomes))
"""
    replies = {
        "fail": Reply(status=500),
        "parts": Reply([{"type": "text", "text": "x"}]),
        "cut": Reply("x" * 500, cut=True),
        "page": Reply(body=b"<html>", headers={"Content-Type": "text/html"}),
    }
    with OpenAIServer(lambda body: replies[body["messages"][-1]["content"]]) as server:
        outcome = in_development_mode(code, OPENAI_BASE_URL=server.url)
    assert outcome == ("server answered connection bad_response\n", [])
