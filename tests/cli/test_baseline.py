"""`tqb baseline`: what it accepts, shows and compares."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CAPITALS, RIGHT, Cli, write_answers, write_items


def accepted(cli: Cli, tmp_path: Path, pack: Path, name: str, **answers: str) -> None:
    """Run recorded answers, and accept the run as `name`."""
    target = write_answers(tmp_path / "a.jsonl", **answers)
    assert cli("run", pack, "--target", target).code == 0
    assert cli("baseline", "accept", "-o", name).code == 0


def test_accept_twice_gives_the_same_bytes(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Two runs with the same answers give one file, and no answer stands in it."""
    accepted(cli, tmp_path, capitals, "one.jsonl", **RIGHT)
    accepted(cli, tmp_path, capitals, "two.jsonl", **RIGHT)
    text = (tmp_path / "one.jsonl").read_bytes()
    assert text == (tmp_path / "two.jsonl").read_bytes()
    assert b"Madrid" not in text
    assert cli("baseline", "accept", "--answers", "-o", "three.jsonl").code == 0
    assert b'"answer": "Madrid"' in (tmp_path / "three.jsonl").read_bytes()


def test_show(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """It shows how the baseline was made, and the items that do not pass."""
    accepted(cli, tmp_path, capitals, "tqb-baseline.jsonl", **{**RIGHT, "q2": "Oslo"})
    ended = cli("baseline", "show")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "replay:a.jsonl"
    assert "items   4, 3 of them passing\n  fail  0/1  capitals/q2\n" in ended.out
    assert cli("baseline", "show", "none.jsonl").code == 2


def test_diff(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """It names each item that changed, judges nothing, and ends in 0."""
    accepted(cli, tmp_path, capitals, "old.jsonl", **RIGHT)
    accepted(cli, tmp_path, capitals, "new.jsonl", **{**RIGHT, "q2": "Oslo"})
    ended = cli("baseline", "diff", "old.jsonl", "new.jsonl")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "  1 broken, 3 unchanged",
        "  broken       1/1 → 0/1   capitals/q2",
    ]
    assert cli("baseline", "diff", "old.jsonl", ".tqb/last-run.json").out == ended.out


def test_edited_question_is_no_regression(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A question whose text, answers or context changed is `changed`, and never fails the run."""
    accepted(cli, tmp_path, capitals, "base.jsonl", **RIGHT)
    edits = ({"text": "Its capital?"}, {"label": "Roma"}, {"context": "It is by the Tiber."})
    for edit in edits:
        items = [dict(item) for item in CAPITALS]
        items[1] |= edit
        write_items(capitals, *items)
        target = write_answers(tmp_path / "b.jsonl", **{**RIGHT, "q2": "Oslo"})
        flags = ("--baseline", "base.jsonl", "--max-broken", 0, "-o", "r.json")
        assert cli("run", capitals, "--target", target, *flags).code == 0
        compared = cli("compare", "base.jsonl", "r.json", "--max-broken", 0)
        assert "1 changed, 3 unchanged" in compared.out
