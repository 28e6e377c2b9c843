"""The real client of each format, in a virtual environment of its own, on hostile items.

Run by ``python -m tests --clients``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.clients import QUIET, installed
from tests.conftest import bare_environment
from tests.exports.make import answer, pack
from tests.openai_server import OpenAIServer
from tqb.exports import export_packs, find_exporter

pytestmark = pytest.mark.clients

NAME = "hostile_7_7"
Found = Callable[[Path, str], list[float]]


def printed(folder: Path, out: str) -> list[float]:
    """The accuracy that the script of the export prints last."""
    return [float(found) for found in re.findall(r"^accuracy (\S+)$", out, re.MULTILINE)]


def read(folder: Path, pattern: str) -> Any:
    """The one JSON file that the client wrote."""
    (path,) = folder.glob(pattern)
    return json.loads(path.read_text("utf-8"))


def of_openai_evals(folder: Path, out: str) -> list[float]:
    lines = (folder / "record.jsonl").read_text("utf-8").split("\n")
    records = [json.loads(line) for line in lines if line]
    return [one["final_report"]["accuracy"] for one in records if "final_report" in one]


def of_inspect(folder: Path, out: str) -> list[float]:
    log = read(folder, "logs/*.json")
    assert log["status"] == "success"
    metrics = [score["metrics"] for score in log["results"]["scores"]]
    assert len(metrics) == 2
    return [one.get("accuracy", one.get("mean"))["value"] for one in metrics]


def of_promptfoo(folder: Path, out: str) -> list[float]:
    stats = read(folder, "out.json")["results"]["stats"]
    assert stats["errors"] == 0
    return [stats["successes"] / (stats["successes"] + stats["failures"])]


def of_lm_eval(folder: Path, out: str) -> list[float]:
    return [read(folder, "out/**/results_*.json")["results"][NAME]["exact_match,none"]]


@dataclass(frozen=True)
class Client:
    """What is installed, what is run, and where the accuracy stands."""

    packages: tuple[str, ...]
    command: str = "python evaluate.py"
    accuracy: Found = printed
    ends_in: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


CLIENTS: Mapping[str, Client] = {
    "openai-evals": Client(
        (
            "--only-binary=snowflake-connector-python,pyarrow",
            "evals==3.0.1.post1",
            "datasets>=2.14",
        ),
        "oaieval gpt-3.5-turbo {name} --registry_path registry --record_path record.jsonl",
        of_openai_evals,
        environment={"EVALS_THREADS": "1", "EVALS_SHOW_EVAL_PROGRESS": ""},
    ),
    "inspect": Client(
        ("inspect-ai==0.3.285", "openai>=2.30"),
        "inspect eval task.py --model openai/gpt-4o-mini -M responses_api=false "
        "--log-dir logs --log-format json --display none",
        of_inspect,
    ),
    "promptfoo": Client(
        ("promptfoo@0.121.20",),
        "promptfoo eval --no-cache -o out.json",
        of_promptfoo,
        ends_in=100,
    ),
    "deepeval": Client(("deepeval==4.3.1",)),
    "lm-eval": Client(
        ("lm-eval[api]==0.4.13",),
        "lm_eval run --model local-chat-completions --tasks {name} --include_path . "
        "--apply_chat_template --output_path out "
        "--model_args model=m,base_url={url}/chat/completions",
        of_lm_eval,
    ),
    "langsmith": Client(("langsmith==0.15.0",)),
    "langchain": Client(("langchain-classic==1.0.8",)),
    "opik": Client(("opik==2.2.122",)),
    "hf-datasets": Client(("datasets==5.2.0",)),
    "ragas": Client(("ragas==0.4.3", "langchain-community<0.4")),
    "mlflow": Client(("mlflow==3.17.2",)),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_the_real_client_reports_four_of_five(name: str, tmp_path: Path) -> None:
    """Five hostile items, one of them answered wrongly: the client reports 0.8."""
    client = CLIENTS[name]
    programs = installed(name, client.packages)
    folder = tmp_path / "export"
    export_packs([pack()], find_exporter(name), folder)
    with OpenAIServer(answer) as server:
        command = client.command.format(name=NAME, url=server.url).split()
        done = subprocess.run(
            [shutil.which(command[0], path=programs) or command[0], *command[1:]],
            cwd=folder,
            env=bare_environment(
                **QUIET,
                **client.environment,
                OPENAI_BASE_URL=server.url,
                HOME=str(tmp_path),
                HF_HOME=str(tmp_path / "hf"),
                PATH=os.pathsep.join((str(programs), os.environ["PATH"])),
            ),
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
    assert done.returncode == client.ends_in, done.stdout[-3000:] + done.stderr[-3000:]
    accuracy = client.accuracy(folder, done.stdout)
    assert accuracy, done.stdout[-3000:]
    assert all(abs(one - 0.8) < 1e-9 for one in accuracy), done.stdout[-3000:]
