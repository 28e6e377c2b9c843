"""``python aiohttp_script.py URL ITEMS.jsonl AT_ONCE``: aiohttp, a semaphore, exact match."""

import asyncio
import json
import sys

import aiohttp


async def main(url: str, path: str, at_once: str) -> None:
    """Ask every question and print how many answers equal the label."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        items = [json.loads(line) for line in file]
    gate = asyncio.Semaphore(int(at_once))

    async def ask(session: aiohttp.ClientSession, item: dict[str, str]) -> bool:
        messages = [{"role": "user", "content": item["text"]}]
        body = {"model": "m", "messages": messages, "temperature": 0}
        async with gate, session.post(f"{url}/chat/completions", json=body) as reply:
            data = await reply.json()
        answer = data["choices"][0]["message"]["content"]
        return bool(answer.strip().lower() == item["label"].lower())

    async with aiohttp.ClientSession() as session:
        right = await asyncio.gather(*(ask(session, item) for item in items))
    print(f"{sum(right)} of {len(right)}")


asyncio.run(main(*sys.argv[1:]))
