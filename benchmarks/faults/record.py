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

PACKS = ("core-en", "canary-template", "canary-tokenizer", "core-fr", "core-ko")


def record(case: Case, folder: Path, known: dict[str, Reply], packs: tuple[str, ...]) -> Path:
    """Run one case; return its report. What is there already is left."""
    path = folder / (re.sub(r"\W+", "-", case.name) + ".json")
    if path.exists():
        return path
    start = time.monotonic()
    with pipeline(case, folder, known) as url:
        asked = packs[::-1] if case.reverse else packs
        words = ["run", *asked, "--target", f"{url}#{MODEL}", "-o", str(path), "--quiet"]
        words += ["--timeout", "300", "--max-tokens", "24", "-j", "1", *case.options]
        words += ["--journal", str(folder / "journal.jsonl"), "--max-errors", "1"]
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *words], capture_output=True, text=True, check=False
        )
    said = done.stdout.strip().splitlines()[:1] or done.stderr.strip().splitlines()[-1:]
    print(f"{case.family:15} {case.name:36} {time.monotonic() - start:5.0f} s  {said}", flush=True)
    return path


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


if __name__ == "__main__":
    from benchmarks.faults.catalogue import CASES

    goal = Path(sys.argv[1])
    goal.mkdir(exist_ok=True)
    wanted = sys.argv[2:]
    memory: dict[str, Reply] = {}
    groups: dict[str, list[Case]] = {}
    for one in CASES:
        groups.setdefault(one.family, []).append(one)
    from itertools import chain, zip_longest

    for one in filter(None, chain(*zip_longest(*groups.values()))):
        if not wanted or any(word in one.name or word == one.family for word in wanted):
            try:
                record(one, goal, memory, PACKS)
            except Exception as error:
                print(one.name, repr(error)[:300], flush=True)
