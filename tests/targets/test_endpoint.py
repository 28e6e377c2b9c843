"""What only a direct endpoint does."""

from __future__ import annotations

import pytest

from tests.openai_server import OpenAIServer, Reply
from tests.targets.ask import answer_of, failure_of, in_development_mode
from tqb.errors import TargetError
from tqb.targets import open_target


def test_no_key_is_sent_unless_its_variable_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_API_KEY never goes to a host that is not OpenAI's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-123456")
    with OpenAIServer() as server:
        answer_of(f"{server.url}#m")
    assert "Authorization" not in server.requests[0].headers


def test_a_401_without_key_says_where_to_put_one() -> None:
    """The message names the variable."""
    with OpenAIServer(Reply(status=401, body={})) as server:
        failure = failure_of(f"{server.url}#m", api_key_env="MY_API_KEY")
    assert str(failure) == f"401 from {server.url}: no key was sent: put one into MY_API_KEY"


def test_the_variable_of_the_key_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its value, stripped of blanks, is what is sent."""
    monkeypatch.setenv("MY_API_KEY", " abc123 \n")
    with OpenAIServer() as server:
        answer_of(f"{server.url}#m", api_key_env="MY_API_KEY")
    assert server.requests[0].headers["Authorization"] == "Bearer abc123"


def test_a_key_that_no_header_carries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line end inside a key is found before any request."""
    monkeypatch.setenv("TQB_API_KEY", "abc\ndef")
    with pytest.raises(TargetError, match="TQB_API_KEY has characters no header can carry"):
        open_target("http://127.0.0.1:9/v1#m")


def test_userinfo_becomes_basic_authentication_and_stays_secret() -> None:
    """It is sent, and shown neither in the name nor in messages."""
    with OpenAIServer(Reply(status=400, body={"error": {"message": "no hunter2!"}})) as server:
        spec = server.url.replace("//", "//me:hunter2%21@") + "?api-version=secret7#m"
        failure = failure_of(spec)
        name = open_target(spec).name
    assert server.requests[0].headers["Authorization"] == "Basic bWU6aHVudGVyMiE="
    assert name == f"{server.url}#m"
    assert "hunter2" not in str(failure)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/"])
def test_the_path_of_the_chat_api_is_added_once(path: str) -> None:
    """And a query, as Azure's api-version, is kept."""
    with OpenAIServer() as server:
        answer_of(f"{server.origin}{path}?api-version=2024-06-01#m")
    assert server.requests[0].path == "/v1/chat/completions?api-version=2024-06-01"


def test_a_model_may_hold_any_sign() -> None:
    """The part after # is the model, to the letter."""
    with OpenAIServer() as server:
        answer_of(f"{server.url}#org/model:8b#x")
    assert server.requests[0].body["model"] == "org/model:8b#x"


def test_a_flood_is_cut_off() -> None:
    """More than 8 MiB is no answer."""
    with OpenAIServer("x" * (9 * 2**20)) as server:
        failure = failure_of(f"{server.url}#m")
    assert failure.kind == "bad_response"
    assert "more than 8 MiB" in str(failure)


def test_what_speaks_no_http_is_a_bad_response() -> None:
    """A TLS address that answers in plain text, and the like."""
    with OpenAIServer() as server:
        failure = failure_of(server.url.replace("http:", "https:") + "#m")
    assert failure.kind == "connection"
    assert "no secure connection" in str(failure)


def test_an_unknown_host_is_a_lost_connection() -> None:
    """The name of the host is in question."""
    failure = failure_of("http://nowhere.invalid/v1#m")
    assert failure.kind == "connection"
    assert str(failure).startswith("no address found for http://nowhere.invalid/v1")


def test_development_mode_has_nothing_to_say() -> None:
    """No unclosed session, socket or transport is left behind."""
    code = """
from tests.targets.ask import ask, make_request
import os
print(*(outcome.answer for outcome in ask(os.environ["SPEC"], make_request(), make_request())))
"""
    with OpenAIServer("ok") as server:
        assert in_development_mode(code, SPEC=f"{server.url}#m") == ("ok ok\n", [])
