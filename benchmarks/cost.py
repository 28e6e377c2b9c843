"""What a matrix costs: ten languages × five models × five repeats, asked in several ways.

    python -m benchmarks.cost [--models 5] [--repeats 5]

The real commands are run against a local server that speaks OpenAI's chat, files and batches, gives
the right answers, and counts tokens as o200k_base does; prices are those of LiteLLM's map. A batch
is taken to cost half, as OpenAI says. Wall time is that of an answer at once: of a provider it is
mostly waiting.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed import TQB, environment
from benchmarks.tokens import counters
from tests.batch_server import BatchServer
from tests.openai_server import Body, Reply, last_user_turn
from tqb.packs import load_pack

LANGUAGES = ("ar", "de", "es", "fr", "ja", "ko", "pt", "ru", "tr", "zh-hans")
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1", "gpt-4.1-nano")
PACKS = tuple(f"core-{language}" for language in LANGUAGES)
CHAT_TOKENS = 4
"""What the chat's format adds to each turn."""
TASK = re.compile(r"^Task (\d+):\n(.+?)(?=\n\nTask \d+:\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Way:
    """One way to ask for all that a matrix has."""

    name: str
    commands: Callable[[str], Sequence[Sequence[str]]]
    """What is run for a model, one after the other; each writes its report to `-o`."""


def ways(folder: Path, repeats: int) -> Iterator[Way]:
    """Yield the ways, in the order in which they are gone."""

    def run(model: str, *flags: str) -> list[str]:
        asked = ("-m", f"openai/{model}", "--repeats", str(repeats), "--fail-under", "0.9")
        return [*TQB, "run", *PACKS, *asked, "--quiet", *flags]

    out = str(folder / "run.json")
    yield Way("one by one", lambda model: [run(model, "-o", out, "--cache")])
    yield Way("again, --cache", lambda model: [run(model, "-o", out, "--cache")])
    shards = [(f"{k}/4", str(folder / f"shard-{k}.json")) for k in range(1, 5)]
    yield Way(
        "4 shards, merged",
        lambda model: [
            *(run(model, "--shard", shard, "-o", path) for shard, path in shards),
            [*TQB, "merge", *(path for _, path in shards), "--quiet", "-o", out],
        ],
    )
    yield Way("--batch", lambda model: [run(model, "--batch", "-o", out)])
    yield Way("--per-request 5", lambda model: [run(model, "--per-request", "5", "-o", out)])
    yield Way("--per-request 20", lambda model: [run(model, "--per-request", "20", "-o", out)])


def answering() -> Callable[[Body], Reply]:
    """Return what gives the right answer to each question of the packs, and counts its tokens."""
    truth = {item.text: item.label for name in PACKS for item in load_pack(name).items}
    count = counters()["o200k_base"]
    known: dict[str, int] = {}

    def size(text: str) -> int:
        if text not in known:
            known[text] = count(text)
        return known[text]

    def reply(body: Body) -> Reply:
        asked = TASK.findall(last_user_turn(body))
        answer = "\n".join(f"{number}: {truth[question]}" for number, question in asked)
        answer = answer or truth[last_user_turn(body)]
        prompt = sum(size(turn["content"]) + CHAT_TOKENS for turn in body["messages"])
        return Reply(answer, usage=(prompt, size(answer)))

    return reply


def go(way: Way, models: Sequence[str], env: Mapping[str, str], folder: Path) -> tuple[float, ...]:
    """Go one way for all models; requests are counted elsewhere.

    Returns:
        Seconds, prompt tokens, completion tokens, and US dollars.
    """
    start, prompt, completion, cost = time.perf_counter(), 0, 0, 0.0
    for model in models:
        for command in way.commands(model):
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
            if done.returncode:
                raise SystemExit(f"{way.name}: {done.stdout.decode()}{done.stderr.decode()}")
        report = json.loads((folder / "run.json").read_text("utf-8"))
        fresh = [r for r in report["results"] if r["source"] != "cache"]
        prompt += sum(r["prompt_tokens"] for r in fresh)
        completion += sum(r["completion_tokens"] for r in fresh)
        cost += report["metrics"]["cost_usd"]
    return time.perf_counter() - start, prompt, completion, cost


def table(models: Sequence[str], repeats: int) -> Iterator[str]:
    """Yield the lines of the table."""
    yield (
        f"{len(PACKS)} languages × {len(models)} models × {repeats} repeats: "
        f"{sum(len(load_pack(p).items) for p in PACKS) * len(models) * repeats:,} answers"
    )
    yield f"{'':20}{'requests':>10}{'in':>12}{'out':>10}{'cost':>10}{'wall':>9}"
    with tempfile.TemporaryDirectory() as name, BatchServer(answering()) as server:
        folder = Path(name)
        env = {**environment(server.url, folder), "OPENAI_API_KEY": "none"}
        for way in ways(folder, repeats):
            before = len(server.requests)
            wall_s, prompt, completion, cost = go(way, models, env, folder)
            requests = len(server.requests) - before
            yield (
                f"{way.name:20}{requests:10,}{prompt:12,.0f}{completion:10,.0f}"
                f"{f'${cost:.2f}':>10}{wall_s:8.0f}s"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=len(MODELS))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for line in table(MODELS[: options.models], options.repeats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
