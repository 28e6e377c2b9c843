"""Bounds of tokens and money hold for a real tokenizer and real prices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.openai_server import OpenAIServer, Reply
from tests.targets.ask import answer_of, make_request
from tqb.targets import open_target
from tqb.tokens import FORMAT_TOKENS, TURN_TOKENS, cost_bounds, longest_answer, prompt_bounds
from tqb.types import Item, Message, Params, Price, Priced, Request


def asked(text: str, max_tokens: int | None = 100) -> Request:
    params = Params(max_tokens=max_tokens)
    return Request("p", Item("a", text, "x"), 0, (Message("user", text),), params)


Tokenizer = Callable[[str], int]
WORDS = st.lists(st.text(max_size=12), max_size=30).map(" ".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The one of GPT-4, which comes with LiteLLM; opening a target imports that offline."""
    open_target("openai/gpt-4", needs_key=False)
    import litellm

    return lambda text: len(litellm.encode(model="gpt-4", text=text))


@settings(deadline=None)
@given(text=WORDS | st.sampled_from(["", "Wie heißt die Hauptstadt? 東京 🇯🇵 العربية", "a" * 400]))
def test_a_prompt_keeps_to_its_bounds(tokenizer: Tokenizer, text: str) -> None:
    """No prompt has more tokens than bytes, with room for the format, nor fewer than words."""
    fewest, most = prompt_bounds(asked(text))
    assert fewest <= tokenizer(text) <= most - FORMAT_TOKENS - TURN_TOKENS


def test_an_answer_costs_no_more_than_its_price_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all the tokens that its bounds allow, LiteLLM's own bill is not over the bound."""
    request = make_request()
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    for model in ("openai/gpt-4o-mini", "openai/gpt-4o", "openai/o3-mini", "openai/gpt-4.1"):
        target = open_target(model)
        assert isinstance(target, Priced)
        price = target.price(request)
        assert isinstance(price, Price)
        bounds, longest = cost_bounds(request, price), longest_answer(request, price)
        assert bounds
        assert longest
        usage = (prompt_bounds(request)[1], longest)
        with OpenAIServer(Reply("ok", usage=usage)) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            cost = answer_of(model, request).cost_usd
        assert cost is not None
        assert bounds[0] < cost <= bounds[1] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("openai/zz", "unknown"),
        ("hosted_vllm/m", "unknown"),
        ("ollama/llama3", "unknown"),
        ("perplexity/sonar", "told"),
        ("openrouter/openai/gpt-4o-mini", "told"),
    ],
)
def test_a_price_that_is_not_in_the_map_is_never_nothing(model: str, wanted: str) -> None:
    """It is unknown, or for the answers to tell; no key is needed to see that."""
    target = open_target(model, needs_key=False)
    assert isinstance(target, Priced)
    assert target.price(make_request()) == wanted


def test_a_long_prompt_has_its_own_price() -> None:
    """Above the threshold in the map the dearer price counts, below it does not."""
    target = open_target("gemini/gemini-2.5-pro", needs_key=False)
    assert isinstance(target, Priced)
    short, long = (target.price(asked("x" * size)) for size in (1_000, 300_000))
    assert isinstance(short, Price)
    assert isinstance(long, Price)
    assert long.prompt_usd[1] > short.prompt_usd[1]
    assert long.completion_usd > short.completion_usd


def test_an_answer_without_a_limit_is_as_long_as_the_model_allows() -> None:
    """The longest answer is the request's own limit, else the model's, else nobody knows."""
    price = Price((1.0, 1.0), 2.0, longest=50)
    assert longest_answer(asked("x"), price) == 100
    assert longest_answer(asked("x", None), price) == 50
    assert longest_answer(asked("x"), Price((1.0, 1.0), 2.0, 50, takes_limit=False)) == 50
    assert cost_bounds(asked("x", None), Price((1.0, 1.0), 2.0)) is None
