"""The JSON report: its schema, shipped and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import RIGHT, Cli, write_answers
from tests.formats.write_schema import RECORDS, SCHEMA, schema_text
from tests.make import report
from tqb.formats.json import to_json

FIELDS = {
    "": "schema_version tool run metrics results comparison findings verdict",
    "tool": "name version",
    "run": "id started_at finished_at target prompt_sha256 params packs",
    "metrics": "accuracy n by_pack by_language by_category by_difficulty latency tokens cost_usd",
    "verdict": "status exit_code reasons",
}
RESULT = (
    "pack item_id repeat language outcome answer targets score matched_by explanation "
    "finish_reason prompt_tokens completion_tokens latency_s cost_usd model symptoms failure"
)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_shipped_schema_is_that_of_the_records(path: Path) -> None:
    """A schema file says what `types.py` says; tests.formats.write_schema writes it anew."""
    assert path.read_text("utf-8") == schema_text(path)
    Draft202012Validator.check_schema(json.loads(schema_text(path)))


def test_reports_of_real_runs_are_valid(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """What the command line writes is valid, with and without failures and comparison."""
    schema = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    assert cli("run", capitals, "--target", target, "-o", "base.json").code == 0
    target = write_answers(tmp_path / "a.jsonl", q1="Paris", q2="Oslo", q3="Madrid")
    flags = ("--baseline", "base.json", "--max-errors", 0.5)
    assert cli("run", capitals, "--target", target, *flags, "-o", "new.json").code == 1
    for name in ("base.json", "new.json"):
        data = json.loads((tmp_path / name).read_text("utf-8"))
        schema.validate(data)
        for path, fields in FIELDS.items():
            assert set(fields.split()) <= (data[path] if path else data).keys()
        assert all(set(RESULT.split()) <= result.keys() for result in data["results"])
    failure = data["results"][3]["failure"]
    assert failure.keys() == {"kind", "message", "attempts", "retried", "waited_s"}
    assert data["comparison"]["counts"] == {"broken": 1, "inconclusive": 1, "unchanged": 2}


def test_schema_refuses_what_is_no_report() -> None:
    """An unknown outcome, a missing verdict and a negative type are refused."""
    schema = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    good = json.loads(to_json(report("+e")))
    assert schema.is_valid(good)
    assert not schema.is_valid({**good, "verdict": None})
    assert not schema.is_valid({**good, "results": [{**good["results"][0], "outcome": "great"}]})
    assert not schema.is_valid({**good, "results": [{**good["results"][0], "repeat": "0"}]})
