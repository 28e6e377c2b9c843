"""`tqb export-results`: a run as another tool records its own, read by the real tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients import QUIET, installed
from tests.conftest import Cli, bare_environment, write_answers, write_items
from tests.exports.make import HOSTILE
from tests.exports.test_clients import CLIENTS

READ = {
    "inspect": """
import sys
from inspect_ai.log import list_eval_logs, read_eval_log
(found,) = list_eval_logs(sys.argv[1])
assert read_eval_log(found, header_only=True).eval.model == "replay:a.jsonl"
log = read_eval_log(found)
right = [one.scores["tqb"].value for one in log.samples if one.scores].count("C")
assert (log.status, right, len(log.samples)) == ("success", 4, 6)
print(log.results.scores[0].metrics["accuracy"].value)
""",
    "openai-evals": """
import sys
from pathlib import Path
from evals.utils.log_utils import extract_final_results, extract_individual_results, extract_spec
(path,) = Path(sys.argv[1]).iterdir()
assert [one["correct"] for one in extract_individual_results(path, "match")].count(True) == 4
assert extract_spec(path)["completion_fns"] == ["replay:a.jsonl"]
print(extract_final_results(path)["accuracy"])
""",
}
"""What a user of each tool would do with the record."""


@pytest.fixture
def finished(cli: Cli, tmp_path: Path) -> Path:
    """A run of five hostile items, one answered wrongly, and of one whose call failed."""
    rows = [{"text": item.text, "label": item.label} for item in HOSTILE]
    write_items(tmp_path / "p.jsonl", *rows, {"text": "Unanswered?", "label": "x"})
    said = {f"q{number}": item.label for number, item in enumerate(HOSTILE, 1)}
    target = write_answers(tmp_path / "a.jsonl", **{**said, "q2": "</script>{{7*7}}"})
    ended = cli("run", "p.jsonl", "--target", target, "--scorer", "exact", "-o", "run.json")
    assert ended.code == 3, ended.out + ended.err
    return tmp_path / "run.json"


def record(cli: Cli, name: str) -> Path:
    """Write the record of the run; return its file."""
    ended = cli("export-results", "run.json", "--to", name, "-o", name)
    assert ended.code == 0, ended.err
    again = cli("export-results", "run.json", "--to", name, "-o", name)
    assert again.code == 2
    assert "is there already: give --force" in again.err
    return Path(ended.out.partition(": ")[0])


def test_a_record_of_inspect_has_each_answer(cli: Cli, tmp_path: Path, finished: Path) -> None:
    """Answers are samples with a score, the failed call is an error without one."""
    log = json.loads((tmp_path / record(cli, "inspect")).read_text("utf-8"))
    scores = [sample.get("scores", {}).get("tqb", {}).get("value") for sample in log["samples"]]
    assert scores == ["C", "I", "C", "C", "C", None]
    assert log["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 0.8
    assert log["samples"][5]["error"]["message"].startswith("not_found: ")
    assert [sample["input"] for sample in log["samples"]][:5] == [item.text for item in HOSTILE]


def test_a_record_of_openai_evals_has_each_event(cli: Cli, tmp_path: Path, finished: Path) -> None:
    """Each line is one record: the specification, the events by number, the final report."""
    text = (tmp_path / record(cli, "openai-evals")).read_text("utf-8")
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    kinds = [row["type"] for row in rows[1:-1]]
    assert kinds == ["sampling", "match"] * 5 + ["error"]
    assert [row["event_id"] for row in rows[1:-1]] == list(range(11))
    assert rows[-1]["final_report"]["accuracy"] == 0.8


@pytest.mark.clients
@pytest.mark.parametrize("name", READ)
def test_the_real_tool_reads_the_record(
    cli: Cli, tmp_path: Path, finished: Path, name: str
) -> None:
    """The tool's own reader finds the samples, and the accuracy of 0.8."""
    record(cli, name)
    python = installed(name, CLIENTS[name].packages) / Path(sys.executable).name
    done = subprocess.run(
        [python, "-c", READ[name], name],
        cwd=tmp_path,
        env=bare_environment(**QUIET),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == "0.8\n", done.stderr


def test_unknown_tools_and_reports_end_in_one_sentence(cli: Cli, capitals: Path) -> None:
    """A format that is none, and a file that is no report, are told in one line."""
    unknown = cli("export-results", "run.json", "--to", "inspct", "-o", "x")
    assert (unknown.code, unknown.err) == (
        2,
        "error: --to inspct: there is no such format of results; did you mean 'inspect'?\n",
    )
    wrong = cli("export-results", capitals.name, "--to", "inspect", "-o", "x")
    assert wrong.code == 2
    assert wrong.err.count("\n") == 1
