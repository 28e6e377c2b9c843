"""A provider's batch API, through LiteLLM: requests go out as one file, and cost half as much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tqb.errors import CallError
from tqb.targets.failures import Origin, read_completion
from tqb.text import one_line
from tqb.types import BatchNews, Request, Response

PROVIDERS = ("openai", "azure", "hosted_vllm", "litellm_proxy", "mistral", "xai")
"""Whose batches LiteLLM sends as OpenAI's are."""
ENDPOINT = "/v1/chat/completions"
ENDED = ("completed", "expired", "cancelled", "failed")
"""States of a batch in which nothing more will come."""
UNKNOWN = "unknown"
MOST_SAID = 300
"""Characters of what a provider says of a batch that failed."""


class Batches:
    """The batches of one model."""

    def __init__(
        self,
        litellm: Any,
        provider: str,
        origin: Origin,
        *,
        body: Callable[[Request], Mapping[str, Any]],
        failure: Callable[[Exception], CallError],
        prices: Mapping[str, Any],
    ) -> None:
        """Send nothing yet.

        Args:
            litellm: the module.
            provider: as LiteLLM calls it.
            origin: who answers, for messages.
            body: makes the body of a chat completion.
            failure: names what an exception of LiteLLM stands for.
            prices: what the price map has on the model.
        """
        self._litellm = litellm
        self._provider = provider
        self._origin = origin
        self._body = body
        self._failure = failure
        self._prices = prices

    async def submit(self, requests: Mapping[str, Request]) -> str:
        """Send requests, each by a key of its own; return the batch's id. Raises `CallError`."""
        lines = (
            {"custom_id": key, "method": "POST", "url": ENDPOINT, "body": dict(self._body(request))}
            for key, request in requests.items()
        )
        text = "".join(json.dumps(line) + "\n" for line in lines)  # no other line end in it
        try:
            file = await self._litellm.acreate_file(
                file=("tqb.jsonl", text.encode()),
                purpose="batch",
                custom_llm_provider=self._provider,
            )
            batch = await self._litellm.acreate_batch(
                completion_window="24h",
                endpoint=ENDPOINT,
                input_file_id=file.id,
                custom_llm_provider=self._provider,
            )
        except Exception as exc:
            raise self._failure(exc) from exc
        return str(batch.id)

    async def look(self, batch: str) -> BatchNews:
        """Ask how a batch stands. Raises `CallError`."""
        stand = await self._stand(batch)
        counts = getattr(stand, "request_counts", None)
        status = str(getattr(stand, "status", UNKNOWN))
        return BatchNews(
            ended=status in ENDED,
            status=status,
            answered=getattr(counts, "completed", 0) or 0,
            asked=getattr(counts, "total", 0) or 0,
            trouble="; ".join(_troubles(stand)),
        )

    async def collect(self, batch: str) -> Mapping[str, Response]:
        """Return the answers that a batch has, by key; what it does not answer is not in it.

        Raises:
            CallError: they cannot be had.
        """
        stand = await self._stand(batch)
        if not getattr(stand, "output_file_id", None):
            return {}
        try:
            content = await self._litellm.afile_content(
                file_id=stand.output_file_id, custom_llm_provider=self._provider
            )
            raw = bytes(content.content)
        except Exception as exc:
            raise self._failure(exc) from exc
        return dict(self._answers(raw.decode("utf-8", "replace").split("\n")))

    async def _stand(self, batch: str) -> Any:
        try:
            return await self._litellm.aretrieve_batch(
                batch_id=batch, custom_llm_provider=self._provider
            )
        except Exception as exc:
            raise self._failure(exc) from exc

    def _answers(self, lines: Iterable[str]) -> Iterator[tuple[str, Response]]:
        """Yield each answer that can be read, by its key."""
        for line in lines:
            try:
                row = json.loads(line)
                key, response = row["custom_id"], row["response"]
                if response["status_code"] != 200:
                    continue
                read = read_completion(response["body"], 0.0, self._origin)
            except (ValueError, KeyError, TypeError, RecursionError, CallError):
                continue
            if isinstance(key, str):
                yield key, replace(read, source="batch", cost_usd=self._cost(read))

    def _cost(self, read: Response) -> float | None:
        """Return what an answer cost, by the price map; None where that does not say."""
        counts = {"input": read.prompt_tokens, "output": read.completion_tokens}
        cost = 0.0
        for way, n in counts.items():
            price = self._prices.get(f"{way}_cost_per_token_batches")
            if price is None or n is None:
                return None
            cost += price * n
        return cost or None


def _troubles(stand: Any) -> Iterator[str]:
    """Yield what is said to be wrong with a batch as a whole."""
    for one in getattr(getattr(stand, "errors", None), "data", None) or ():
        yield one_line(str(getattr(one, "message", None) or one), MOST_SAID)
