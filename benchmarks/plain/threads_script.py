"""``python threads_script.py ITEMS.jsonl AT_ONCE``: `busy.answer` in threads, exact match."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, "")
from busy import answer  # type: ignore[import-not-found]


def main(items_path: str, at_once: str) -> None:
    """Ask every question in a thread and print how many answers equal the label."""
    with open(items_path, encoding="utf-8") as file:  # noqa: PTH123 - a plain script
        items = [json.loads(line) for line in file]
    with ThreadPoolExecutor(int(at_once)) as pool:
        answers = list(pool.map(answer, (item["text"] for item in items)))
    right = [a == item["label"] for a, item in zip(answers, items, strict=True)]
    print(f"{sum(right)} of {len(right)}")


main(*sys.argv[1:])
