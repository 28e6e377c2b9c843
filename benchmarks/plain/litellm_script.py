"""``python litellm_script.py URL ITEMS.jsonl AT_ONCE``: LiteLLM, a semaphore, exact match."""

import asyncio
import json
import sys

import litellm


async def main(url: str, path: str, at_once: str) -> None:
    """Ask every question and print how many answers equal the label."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        items = [json.loads(line) for line in file]
    gate = asyncio.Semaphore(int(at_once))

    async def ask(item: dict[str, str]) -> bool:
        async with gate:
            reply = await litellm.acompletion(
                model="openai/m",
                api_base=url,
                api_key="none",
                messages=[{"role": "user", "content": item["text"]}],
                temperature=0,
            )
        answer = reply.choices[0].message.content or ""
        return bool(answer.strip().lower() == item["label"].lower())

    right = await asyncio.gather(*map(ask, items))
    print(f"{sum(right)} of {len(right)}")


asyncio.run(main(*sys.argv[1:]))
