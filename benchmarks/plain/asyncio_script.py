"""``python asyncio_script.py ITEMS.jsonl ANSWERS.jsonl AT_ONCE``: recorded answers, exact match."""

import asyncio
import json
import sys


async def main(items_path: str, answers_path: str, at_once: str) -> None:
    """Look every answer up in a task of its own and print how many equal the label."""
    with open(items_path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        items = [json.loads(line) for line in file]
    with open(answers_path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        answers = {row["id"]: row["answer"] for row in map(json.loads, file)}
    gate = asyncio.Semaphore(int(at_once))

    async def ask(item: dict[str, str]) -> bool:
        async with gate:
            await asyncio.sleep(0)
        return bool(answers[item["id"]].strip().lower() == item["label"].lower())

    right = await asyncio.gather(*map(ask, items))
    print(f"{sum(right)} of {len(right)}")


asyncio.run(main(*sys.argv[1:]))
