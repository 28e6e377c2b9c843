"""Which files a run reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tqb.watch import Watched, changed, watched


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, "utf-8")


def names(found: Watched, folder: Path) -> set[str]:
    """The files in the folder, as seen from there."""
    files = (file for file in found.stamps() if file.is_relative_to(folder))
    return {file.relative_to(folder).as_posix() for file in files}


def test_what_belongs_to_a_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a package its folder, of a plain module all code beside it, of a program its script."""
    monkeypatch.chdir(tmp_path)
    make(
        tmp_path,
        *("rag/__init__.py", "rag/deep/ask.py", "rag/prompt.j2", "rag/log.db", "rag/.git/x.py"),
        *(
            "app.py",
            "facts.py",
            "notes.md",
            "venv/pyvenv.cfg",
            "venv/lib/x.py",
            "node_modules/y.py",
        ),
        *("ask.sh", "ask.log", "answers.jsonl", "tests/test_app.py", "rag/__pycache__/z.py"),
    )
    package = {"rag/__init__.py", "rag/deep/ask.py", "rag/prompt.j2"}
    code = {"app.py", "facts.py", "tests/test_app.py", "rag/__init__.py", "rag/deep/ask.py"}

    def of(*pipelines: str) -> set[str]:
        return names(watched(["core-en"], pipelines, [], [tmp_path]), tmp_path)

    assert of("python:rag.deep.ask:answer") == package
    assert of("python:app:answer") == of("python:not_yet_written:answer") == code
    assert of("python:json:dumps", "demo:broken", "default", "openai/gpt-4o-mini") == set()
    assert of("cmd:./ask.sh --log ask.log", "replay:answers.jsonl") == {"ask.sh", "answers.jsonl"}
    assert of("cmd:python3 ask.sh") == {"ask.sh"}


def test_what_belongs_to_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata and items, of all packs in a folder; one that is not there may be written yet."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "packs/a/croissant.json", "packs/a/README.md", "packs/b/croissant.json")
    found = watched(["./packs", "mine.jsonl", "./no/such"], [], [Path("p.txt")], [tmp_path])
    assert names(found, tmp_path) == {
        *("packs/a/croissant.json", "packs/a/items.jsonl"),
        *("packs/b/croissant.json", "packs/b/items.jsonl"),
        *("mine.jsonl", "no/such", "p.txt"),
    }
    shipped = watched(["core-en"], [], [], [tmp_path]).stamps()
    assert {file.name for file in shipped} == {"croissant.json", "items.jsonl"}


def test_changes_are_noticed(tmp_path: Path) -> None:
    """A file that is new, gone, replaced or grown has changed; what the run writes never has."""
    make(tmp_path, "a.py", "b.py", "c.py", "d.py", "run.md")
    found = watched(
        ["core-en"], ["python:a:f"], [tmp_path / "run.md"], [tmp_path], [tmp_path / "run.md"]
    )
    before = found.stamps()
    assert changed(before, found.stamps()) == ()
    (tmp_path / "b.py").unlink()
    (tmp_path / "c.py").write_text("another text", "utf-8")
    (tmp_path / "new").write_text("d.py", "utf-8")
    (tmp_path / "new").replace(tmp_path / "d.py")
    make(tmp_path, "e.py", "run.md", "f.txt")
    after = changed(before, found.stamps())
    assert [file.name for file in after] == ["b.py", "c.py", "d.py", "e.py"]
