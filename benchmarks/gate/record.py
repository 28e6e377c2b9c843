"""Record how often a real model passes each item, and what changes when its engine does.

    python -m benchmarks.gate.record

SmolLM2-135M-Instruct (from the dev requirements) answers `core-en` in two pipelines: `passage` has
the demo's prompt and passage, `closed` nothing but the question. Each is asked once at temperature
0 and several times at 0.7; `passage` also on engines that compute the same weights in another
way. Takes about a quarter of an hour.

A line of `passes.jsonl` is an item. Under each condition stand three numbers: answers that passed,
answers, and answers whose text is that of temperature 0 on the plain engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tqb
from benchmarks.gate.pipelines import RECORDED
from tests.local_model import MODEL, serve
from tqb.changes import by_item
from tqb.types import Report, Result

PROMPTS = {"passage": Path(__file__).parents[1] / "demo_prompt.yaml", "closed": None}
SLOTS = 4
Change = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to ask all items."""

    pipeline: str
    name: str
    temperature: float = 0.0
    repeats: int = 1
    at_once: int = 1
    engine: Change = lambda params: None


def cached(params: Any) -> None:
    """Keep the prompt's beginning from one question to the next."""
    params.cache_prompt = True


def batched(params: Any) -> None:
    """Answer several questions at once, as a busy server does."""
    params.n_parallel, params.n_ctx, params.cache_prompt = SLOTS, 512 * SLOTS, True


def other_attention(params: Any) -> None:
    """Compute attention in the plain way, not the fused one."""
    from xllamacpp import llama_flash_attn_type

    params.flash_attn_type = llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED


def cache_of(bits: int) -> Change:
    """Hold keys and values in so many bits."""

    def change(params: Any) -> None:
        from xllamacpp import ggml_type

        kind = {8: ggml_type.GGML_TYPE_Q8_0, 4: ggml_type.GGML_TYPE_Q4_0}[bits]
        params.cache_type_k = params.cache_type_v = kind

    return change


CONDITIONS = (
    Condition("passage", "temperature 0"),
    Condition("closed", "temperature 0"),
    Condition("passage", "temperature 0.7", 0.7, repeats=20, engine=cached),
    Condition("closed", "temperature 0.7", 0.7, repeats=10, engine=cached),
    Condition("passage", "batched", repeats=4, at_once=SLOTS, engine=batched),
    Condition("passage", "cached prompt", engine=cached),
    Condition("passage", "other attention", engine=other_attention),
    Condition("passage", "8-bit cache", engine=cache_of(8)),
    Condition("passage", "4-bit cache", engine=cache_of(4)),
)


def main() -> None:
    """Ask under each condition and write the counts."""
    rows: dict[str, dict[str, Any]] = {}
    first: dict[str, dict[str, str | None]] = {}
    for condition in CONDITIONS:
        report = ask(condition)
        groups = by_item(report.results)
        answers = {found[0].key: found[0].answer for found in groups.values()}
        plain = first.setdefault(condition.pipeline, answers)
        for found in groups.values():
            key = found[0].key
            row = rows.setdefault(key, {"id": key})
            row.setdefault(condition.pipeline, {})[condition.name] = counts(found, plain[key])
        write(rows)
        passed = f"{report.metrics.passed} of {report.metrics.n}"
        print(f"{condition.pipeline}, {condition.name}: {passed}", flush=True)


def ask(condition: Condition) -> Report:
    """Run the gold set under one condition."""
    with serve(condition.engine) as url:
        report = tqb.run(
            ["core-en"],
            target=f"{url}#{MODEL}",
            prompt=PROMPTS[condition.pipeline],
            max_tokens=48,
            temperature=condition.temperature,
            seed=1,
            repeats=condition.repeats,
            max_concurrency=condition.at_once,
        )
    if report.metrics.errors:
        raise SystemExit(f"{condition}: {report.metrics.failures}")
    return report


def counts(found: list[Result], plain: str | None) -> list[int]:
    """Return passes, answers, and answers worded as on the plain engine at temperature 0."""
    passed = sum(result.outcome == "pass" for result in found)
    return [passed, len(found), sum(result.answer == plain for result in found)]


def write(rows: dict[str, dict[str, Any]]) -> None:
    """Write what there is so far, one line an item."""
    lines = (json.dumps(row) + "\n" for _, row in sorted(rows.items()))
    RECORDED.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
