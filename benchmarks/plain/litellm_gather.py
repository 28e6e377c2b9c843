"""``python litellm_gather.py URL ITEMS.jsonl TIMEOUT``: LiteLLM, all at once, with its own retries.

Prints how many answers came, and how many exceptions of each type.
"""

import asyncio
import json
import sys
from collections import Counter

import litellm


async def main(url: str, path: str, timeout: str) -> None:
    """Ask every question at once."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        items = [json.loads(line) for line in file]
    calls = [
        litellm.acompletion(
            model="openai/m",
            api_base=url,
            api_key="none",
            messages=[{"role": "user", "content": item["text"]}],
            temperature=0,
            timeout=float(timeout),
            num_retries=3,
        )
        for item in items
    ]
    replies = await asyncio.gather(*calls, return_exceptions=True)
    raised = Counter(type(reply).__name__ for reply in replies if isinstance(reply, BaseException))
    print(json.dumps({"answered": len(items) - raised.total(), "raised": dict(raised)}))


asyncio.run(main(*sys.argv[1:]))
