"""Secrets are taken out of messages in whatever form; ordinary text stays as it is."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_secrets import SHAPED, SHAPED_TEXTS, coded
from tqb.redaction import holds_secret, learn, learn_command, redact, redact_answer

NAME = "TQB_TEST_REDACTION_TOKEN"
ALPHABET = string.ascii_letters + string.digits + "-_./+=~%&\"\\'<> ü東"
SECRETS = (
    st.text(ALPHABET, min_size=24, max_size=60)
    .map(lambda text: f"7{text.strip()}Z")
    .filter(lambda text: len(text) > 20)
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    """An environment that a property may change for each example."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@given(secret=SECRETS, before=AROUND, after=AROUND, form=st.integers(0, 99))
def test_a_known_secret_is_found_in_every_form(
    environment: pytest.MonkeyPatch, secret: str, before: str, after: str, form: int
) -> None:
    """Plain, or quoted for URLs or JSON, or in base64: nothing of it is left, in answers too."""
    environment.setenv(NAME, secret)
    texts = coded(secret)
    text = texts[form % len(texts)]
    for cleaned in (redact(f"{before} {text} {after}"), redact_answer(f"{before} {text} {after}")):
        assert "***" in cleaned
        assert text not in cleaned
        assert secret not in cleaned


@given(key=st.text(string.ascii_letters + string.digits, min_size=24, max_size=60), data=st.data())
def test_half_a_secret_is_found(
    environment: pytest.MonkeyPatch, key: str, data: st.DataObject
) -> None:
    """Cut at either end, or wrapped anywhere, ten characters or more of it are not shown."""
    environment.setenv(NAME, key)
    cut = data.draw(st.integers(10, len(key)))
    assert key[:cut] not in redact(f"cut: {key[:cut]}")
    assert key[-cut:] not in redact(f"{key[-cut:]} was cut")
    breaks = data.draw(st.sets(st.integers(1, len(key) - 1), max_size=3))
    places = [0, *sorted(breaks), len(key)]
    lines = [key[start:end] for start, end in pairwise(places)]
    wrapped = "\n".join(lines)
    for text in (redact(f"wrapped: {wrapped} so"), redact_answer(f"wrapped: {wrapped} so")):
        assert text == "wrapped: *** so"


@pytest.mark.parametrize("text", SHAPED_TEXTS)
def test_what_looks_like_a_key_is_taken_out_of_messages_alone(text: str) -> None:
    """Nobody told of it; an answer that looks so stays, to be scored."""
    cleaned = redact(f'before "{text}", after')
    assert "***" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(", after")
    escaped = redact(json.dumps({"said": f"two lines:\n{text}"}))
    for secret in SHAPED.values():
        assert secret not in cleaned
        assert secret not in escaped
    assert redact_answer(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "basic authentication is required, and bearer authentication too.",
        "Unexpected token: 'Paris', at position 7",
        "--max-tokens 1024 is over max_tokens=512",
        "404 from https://host.invalid/v1?api-version=2024-02-01: no model there",
        "put one into TQB_API_KEY, or into secret.txt",
        "a risk-averse task-force asked sk-learn",
        "app.py:12 in answer, 'user@example.com' // not a URL",
        "/usr/lib/python3/key/token/password",
    ],
)
def test_ordinary_messages_stay_as_they_are(text: str) -> None:
    """What speaks of keys and tokens holds none."""
    assert redact(text) == text


def test_words_and_numbers_in_answers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is a plain word, a number or short hides no right answer."""
    for number, value in enumerate(("postgres", "Honolulu", "12345678", "2024-01-01", "a1b2c3")):
        monkeypatch.setenv(f"TQB_TEST_{number}_PASSWORD", value)
        assert redact_answer(f"It is {value}.") == f"It is {value}."
    assert redact("It is postgres.") == "It is ***."


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("PGPASSWORD", True),
        ("MYSQL_PWD", True),
        ("GH_TOKEN_2", True),
        ("npm_config__authToken", True),
        ("GOOGLE_APPLICATION_CREDENTIALS", True),
        ("TOKENIZERS_PARALLELISM", False),
        ("OLDPWD", False),
        ("KEYBOARD_LAYOUT", False),
        ("DB_PASSWORD_FILE", False),
        ("SSH_AUTH_SOCK", False),
        ("MAX_TOKENS", False),
    ],
)
def test_variables_named_like_keys(
    monkeypatch: pytest.MonkeyPatch, name: str, secret: bool
) -> None:
    """A name tells whether the value is one to keep."""
    monkeypatch.setenv(name, "some7thing-or-other")
    assert (redact("it is some7thing-or-other") == "it is ***") is secret


def test_what_is_learned_is_known() -> None:
    """Of the user's own text: credentials in a URL, a key in a prompt, an option of a program."""
    learn("http://somebody:pass%2Fword-4711@host.invalid/v1?token=cn4ry-query-4711#m")
    learn("Use sk-ant-cn4ry-prompt-4711 for the tools.")
    learn_command("./ask.sh --api-key cn4ry-option-4711 -u me:cn4ry-basic-4711")
    for secret in (
        "pass/word-4711",
        "pass%2Fword-4711",
        "cn4ry-query-4711",
        "ant-cn4ry-prompt-4711",
        "cn4ry-option-4711",
        "cn4ry-basic-4711",
    ):
        assert redact_answer(f"so {secret} is") == "so *** is"


def test_a_target_with_a_key_is_told_from_one_without() -> None:
    """A key in the user's own text is known by its place, its looks, and what it is called."""
    with_a_key = (
        "http://somebody:pw1@host/v1#m",
        "https://tk9@host/v1#m",
        "http://host/v1?api_key=x1#m",
        "http://host/v1?Subscription-Key=x1#m",
        "cmd:./ask.sh --api-key x1",
        "openai/sk-cn4ryH2gVxWm9RbTz5KqNd",
    )
    without = (
        "http://host:8000/v1#model",
        "https://host/v1?api-version=1&max_tokens=9#m",
        "python:app:answer",
        "openai/gpt-4o-mini",
        "cmd:./ask.sh --fast",
        "http://[::1/v1",
    )
    assert all(map(holds_secret, with_a_key))
    assert not any(map(holds_secret, without))
