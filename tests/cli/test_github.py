"""What `tqb run` and `tqb compare` tell a GitHub workflow."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import RIGHT, Cli, write_answers, write_items


def read_outputs(text: str) -> dict[str, str]:
    """Parse the file as GitHub's runner does: name, delimiter, lines, delimiter."""
    values, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        values[name] = "\n".join(iter(lambda: next(lines), end))
    return values


def workflow(tmp_path: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }


def test_a_workflow_is_told_of_a_broken_item(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """After the report: the verdict, then the item at file and line; summary and outputs agree."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals.name, "--target", target, "-o", "base.json")
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "::error::100%\nOslo"})
    flags = ("--baseline", "base.json", "-o", "run.json")
    env = workflow(tmp_path)
    ended = cli("run", capitals.name, "--target", target, *flags, env=env)
    assert ended.code == 1, ended.err
    lines = ended.out.splitlines()
    fence = lines[0].removeprefix("::stop-commands::")
    after = lines[lines.index(f"::{fence}::") + 1 :]
    assert lines[1].startswith("FAIL")
    assert after[0].startswith("::error title=tqb%3A FAIL::1 of 4 items that passed before")
    assert after[1].startswith(
        "::error file=capitals.jsonl,line=2,title=broken%3A capitals/q2::question: Capital of "
        "Italy?%0Aexpected: Rome%0Aanswer: ::error::100%25 Oslo%0Awhy: "
    )
    assert len(after) == 2
    summary = (tmp_path / "summary.md").read_text("utf-8")
    assert summary.startswith("### tqb: FAIL\n")
    outputs = read_outputs((tmp_path / "output").read_text("utf-8"))
    wanted = {
        "status": "fail",
        "exit-code": "1",
        "accuracy": "0.75",
        "found": "",
        "broken": "1",
        "broken-items": "capitals/q2",
        "report": "run.json",
    }
    assert outputs == wanted
    (tmp_path / "output").unlink()
    compared = cli("compare", "base.json", "run.json", env=env)
    assert compared.out.splitlines()[-2:] == after
    assert read_outputs((tmp_path / "output").read_text("utf-8")) == wanted
    assert (tmp_path / "summary.md").read_text("utf-8").count("### tqb: FAIL") == 2


def test_no_github_and_no_workflow_say_nothing_more(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """With --no-github, as outside a workflow, the report is all, and no file is touched."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    env = workflow(tmp_path)
    quiet = cli("run", capitals, "--target", target, "--no-github", env=env)
    plain = cli("run", capitals, "--target", target, env={**env, "GITHUB_ACTIONS": ""})
    assert quiet.out == plain.out
    assert "::" not in plain.out
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "summary.md").exists()


def test_limits_of_github_are_kept(cli: Cli, tmp_path: Path) -> None:
    """Of many broken items the verdict and nine are told, and a full summary gets nothing more."""
    items = [{"text": f"Question {n}?", "label": "yes"} for n in range(1, 61)]
    pack = write_items(tmp_path / "many.jsonl", *items)
    target = write_answers(tmp_path / "a.jsonl", **{f"q{n}": "yes" for n in range(1, 61)})
    cli("run", pack, "--target", target, "-o", "base.json")
    target = write_answers(tmp_path / "a.jsonl", **{f"q{n}": "no" for n in range(1, 61)})
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * (1024 * 1024 - 50))
    ended = cli("run", pack, "--target", target, "--baseline", "base.json", env=workflow(tmp_path))
    assert ended.code == 1
    commands = [line for line in ended.out.splitlines() if line.startswith(("::error ", "::warn"))]
    assert len(commands) == 10
    assert commands[0].startswith("::error title=tqb%3A FAIL::")
    assert summary.stat().st_size <= 1024 * 1024
    outputs = read_outputs((tmp_path / "output").read_text("utf-8"))
    assert outputs["broken"] == "60"
    assert len(outputs["broken-items"].splitlines()) == 60


def test_files_that_cannot_be_written_change_no_verdict(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """A workflow's file that is a folder is a warning; the run ends as it would."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    env = {**workflow(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path)}
    ended = cli("run", capitals, "--target", target, env=env)
    assert ended.code == 0
    assert "::notice title=tqb%3A PASS::" in ended.out
    assert f"warning: {tmp_path}: cannot be written" in ended.err
