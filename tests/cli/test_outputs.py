"""The outputs of `tqb run`, and `tqb report`, which makes them of a finished report."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.conftest import RIGHT, Cli, write_answers

NAMES = ("run.junit.xml", "junit.xml", "run.md", "run.html", "run.sarif", "run.prom", "run.csv")
OUTPUTS = [word for name in NAMES for word in ("-o", name)]


def test_a_run_and_its_report_write_the_same_files(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """`tqb run` writes each output, and `tqb report` the same bytes from the JSON report."""
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Oslo"})
    flags = ("--target", target, "--fail-under", 1, "-o", "run.json")
    ended = cli("run", capitals, *flags, *OUTPUTS)
    assert ended.code == 1, ended.err
    first = {name: (tmp_path / name).read_bytes() for name in NAMES}
    for name in NAMES:
        (tmp_path / name).unlink()
    again = cli("report", "run.json", *OUTPUTS)
    assert (again.code, again.out, again.err) == (0, "", "")
    assert {name: (tmp_path / name).read_bytes() for name in NAMES} == first
    assert ET.fromstring(first["junit.xml"]).attrib["failures"] == "1"
    assert first["run.md"].startswith(b"### tqb: FAIL\n")


def test_outputs_name_file_and_line_from_the_root_of_the_project(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """In a folder of a git repository, a failed item stands at its line, seen from the root."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "evals"
    folder.mkdir()
    capitals.rename(folder / "capitals.jsonl")
    target = write_answers(folder / "a.jsonl", **{**RIGHT, "q3": "Oslo"})
    outputs = ("-o", "r.sarif", "-o", "r.csv")
    assert cli("run", "capitals.jsonl", "--target", target, *outputs, cwd=folder).code == 0
    (result,) = json.loads((folder / "r.sarif").read_text("utf-8"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "evals/capitals.jsonl"
    assert place["region"] == {"startLine": 3}
    rows = list(csv.DictReader((folder / "r.csv").read_text("utf-8").splitlines()))
    assert [row["line"] for row in rows] == ["1", "2", "3", "4"]


def test_a_shipped_pack_has_the_same_path_everywhere(cli: Cli, tmp_path: Path) -> None:
    """The path of a shipped pack names no folder of this machine, and no baseline holds it."""
    assert cli("run", "--limit", 1, "-o", "r.json").code == 0
    (pack,) = json.loads((tmp_path / "r.json").read_text("utf-8"))["run"]["packs"]
    assert pack["path"].endswith("packs/core-en/items.jsonl")
    assert not pack["path"].startswith(("/", ".."))
    assert cli("baseline", "accept").code == 0
    assert '"path"' not in (tmp_path / "tqb-baseline.jsonl").read_text("utf-8")


def test_parquet_without_pyarrow_is_said_before_anything_is_asked(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """Where pyarrow cannot be imported, one sentence says what to install; nothing is written."""
    (tmp_path / "pyarrow.py").write_text("raise ImportError\n", "utf-8")
    ended = cli("run", capitals, "--target", "demo", "-o", "r.parquet")
    assert (ended.code, ended.out) == (2, "")
    assert "Parquet needs pyarrow" in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / ".tqb").exists()


def test_report_refuses_what_it_cannot_read_or_write(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """No report, no format, and a report over itself are one sentence each, and end in 2."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", target, "-o", "run.json")
    before = (tmp_path / "run.json").read_bytes()
    mistakes = {
        ("capitals.jsonl", "-o", "r.md"): "not a report of tqb",
        ("run.json", "-o", "r.xml"): "no format has the suffix '.xml'",
        ("run.json", "-o", "run.json"): "this file is read by the run",
        ("run.json",): "--output",
    }
    for arguments, wanted in mistakes.items():
        ended = cli("report", *arguments)
        assert ended.code == 2
        assert wanted in ended.err
        assert "Traceback" not in ended.err
    assert (tmp_path / "run.json").read_bytes() == before
