"""Record the answers that the targets `demo` and `demo:broken` replay.

    python -m benchmarks.record_demo

SmolLM2-135M-Instruct (from the dev requirements) answers `core-en` with the prompt beside this
file, at temperature 0 and one request at a time; then once more with a template that has lost
the context. The same machine gives the same answers again; another build of llama.cpp may word
a few differently.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import tqb
from tests.local_model import MODEL, serve
from tqb.targets.demo import RECORDED, VARIANTS
from tqb.types import Result

PROMPT = Path(__file__).with_name("demo_prompt.yaml").read_text(encoding="utf-8")
SLIPS = {"": PROMPT, "broken": PROMPT.replace("{{ context }}", "")}


def main() -> None:
    """Ask the model and write the recordings."""
    with serve() as url, tempfile.TemporaryDirectory() as folder:
        for variant, template in SLIPS.items():
            prompt = Path(folder) / "prompt.yaml"
            prompt.write_text(template, encoding="utf-8")
            record(f"{url}#{MODEL}", prompt, RECORDED / VARIANTS[variant])


def record(target: str, prompt: Path, path: Path) -> None:
    """Run the gold set once and write its answers to `path`."""
    report = tqb.run(
        ["core-en"],
        target=target,
        prompt=prompt,
        max_tokens=48,
        max_concurrency=1,
    )
    rows = [json.dumps(_row(result), ensure_ascii=False) + "\n" for result in report.results]
    path.write_text("".join(rows), encoding="utf-8")
    print(f"{path.name}: {report.metrics.n} answers, {report.metrics.passed} right")


def _row(result: Result) -> dict[str, object]:
    if result.failure or result.latency_s is None:
        raise SystemExit(f"{result.key}: {result.explanation}")
    return {
        "id": result.key,
        "answer": result.answer,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
        "latency_s": round(result.latency_s, 3),
        "model": result.model,
    }


if __name__ == "__main__":
    main()
