"""LiteLLM's price map, read without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tqb.types import Price, Unpriced

_ASKED_FOR_MODELS = ("ollama", "ollama_chat", "lemonade", "huggingface")
"""Providers whose model LiteLLM would look up over the network; their map has no prices."""
_TELLING = ("openrouter", "litellm_proxy", "perplexity")
"""Providers that say themselves what an answer cost, or that search the web before they answer."""
_TOLD = "told"
_ADDED = (_TOLD, "input_cost_per_request", "input_cost_per_query", "citation_cost_per_token")
"""Prices of what no count of tokens bounds."""
_DEAREST = re.compile(r"(input|output)_cost_per_token(?:_above_(\d+)k_tokens)?(?:_priority)?")
"""A tier of the account's own choice may be the dearer one; a long prompt has its own price."""
_CHEAPEST = re.compile(r"(input_cost_per_token|cache_read_input_token_cost)(_flex)?")


def price_list(litellm: Any, model: str, provider: str) -> Mapping[str, Any]:
    """Return what the map of the module `litellm` says of a model; nothing where it has none.

    Args:
        litellm: the module.
        model: as its provider calls it.
        provider: as LiteLLM calls it.
    """
    if provider in _ASKED_FOR_MODELS:
        return {}
    try:
        info = litellm.get_model_info(model=model, custom_llm_provider=provider)
    except Exception:
        info = {}
    told = provider in _TELLING or "search" in model
    return {**info, **litellm.model_cost.get(info.get("key"), {}), **({_TOLD: 1} if told else {})}


def read_price(
    listed: Mapping[str, Any], most_tokens: int, *, takes_limit: bool
) -> Price | Unpriced:
    """Return the price that a `price_list` has for a prompt of so many tokens at most.

    `takes_limit` is whether the model can be told how long its answer may be.
    """
    if any(listed.get(name) for name in _ADDED):
        return "told"
    dearest = {"input": 0.0, "output": 0.0}
    for which, above, usd in _rates(listed):
        if most_tokens > above:
            dearest[which] = max(dearest[which], usd)
    if not any(dearest.values()):
        return "unknown"
    cheapest = [usd for name, usd in _amounts(listed) if _CHEAPEST.fullmatch(name)]
    return Price(
        prompt_usd=(min(cheapest, default=0.0), dearest["input"] * _uplift(listed)),
        completion_usd=dearest["output"] * _uplift(listed),
        longest=listed.get("max_output_tokens") or listed.get("max_tokens"),
        takes_limit=takes_limit,
    )


def _rates(entry: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Yield input or output, the tokens of a prompt above which the price holds, and the price."""
    for name, usd in _amounts(entry):
        found = _DEAREST.fullmatch(name)
        if found:
            yield found[1], 1000 * float(found[2] or 0), usd
        elif name == "output_cost_per_reasoning_token":
            yield "output", 0.0, usd
    for tier in entry.get("tiered_pricing") or ():
        for which, above, usd in _rates({**tier, "tiered_pricing": None}):
            yield which, max(above, float(tier.get("range", [0])[0])), usd


def _amounts(entry: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in entry.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            yield name, float(value)


def _uplift(entry: Mapping[str, Any]) -> float:
    """Return the most by which a region makes the model dearer."""
    factors = [usd for name, usd in _amounts(entry) if "_uplift_multiplier" in name]
    return max([1.0, *factors])
