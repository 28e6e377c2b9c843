"""`tqb pack`, and the gold set that comes with tqb."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Cli, write_items
from tests.lint.make import GOOD, bent
from tests.packs import make
from tests.packs.make import published
from tqb.packs import load_pack, shipped_folder, shipped_packs


def test_list_has_a_line_for_each_pack(cli: Cli) -> None:
    """What a pack is stands in aligned columns of at most 100 characters, groups below them."""
    head, *rows, _, groups = cli("pack", "list").out.splitlines()
    names = ["NAME", "LANGUAGE", "ITEMS", "CATEGORIES", "LICENSE", "SIZE", "VERSION", "SHA256"]
    assert head.split() == names
    assert [row.split()[0] for row in rows] == list(shipped_packs())
    gold = next(row for row in rows if row.startswith("core-en "))
    assert gold.split()[1:5] == ["en", "52", "14", "CC0-1.0"]
    assert gold.split()[6:8] == ["kB", "1.0.0"]
    assert len({row.rindex(" ") for row in (head, *rows)}) == 1
    assert max(map(len, [head, *rows])) <= 100
    assert groups.startswith("`tqb run core` runs all of core-* side by side: ")


@pytest.mark.parametrize("group", ["core", "core-*", "core-[a-z]*"])
def test_a_group_is_all_its_packs(cli: Cli, tmp_path: Path, group: str) -> None:
    """A group's name or a pattern stands for each shipped pack of it, once."""
    core = [name for name in shipped_packs() if name.startswith("core-")]
    ended = cli("run", group, "core-en", "--limit", 1, "-o", "r.json")
    assert ended.code in (0, 3), ended.err
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert sorted(pack["name"] for pack in report["run"]["packs"]) == core


def test_a_folder_of_packs_is_all_its_packs(cli: Cli, tmp_path: Path) -> None:
    """A folder that is no pack itself stands for those in it, in each command that takes packs."""
    for name in ("core-de", "core-fr"):
        shutil.copytree(shipped_folder(name), tmp_path / "mine" / name)
    write_items(tmp_path / "mine" / "bare.jsonl", {"text": "1 + 1?", "label": "2"})
    checked = cli("pack", "validate", "mine")
    assert checked.out.splitlines() == [
        f"{Path('mine') / name}: valid, 40 items" for name in ("core-de", "core-fr")
    ]
    ended = cli("run", "mine", "--target", "demo", "-o", "r.json")
    assert ended.out.startswith("INCONCLUSIVE  core-de, core-fr · demo · 80 items")


def test_a_pattern_without_a_match_is_told(cli: Cli) -> None:
    """A misspelled group ends in 2, and the packs that there are are named."""
    ended = cli("run", "cor-*")
    assert ended.code == 2
    assert "no pack is named 'cor-*': the packs shipped are " in ended.err


def test_show(cli: Cli) -> None:
    """A pack is shown with its facts and each of its items."""
    shown = cli("pack", "show", "core-en").out
    assert "https://spdx.org/licenses/CC0-1.0.html" in shown
    assert "capital-japan" in shown
    assert shown.count("\n") >= 52


def test_validate_passes_the_gold_set(cli: Cli) -> None:
    """The shipped pack has no finding; a pattern and a name that mean it are checked once."""
    ended = cli("pack", "validate", "core-e[n]", "core-en")
    assert (ended.code, ended.out, ended.err) == (0, "core-en: valid, 52 items\n", "")


def test_validate_lists_every_finding(cli: Cli, tmp_path: Path) -> None:
    """All findings of all packs come at once, each with file and line, and end in 2."""
    write_items(
        tmp_path / "a.jsonl",
        {"text": "One?", "label": "1", "contxt": "1"},
        {"text": "one ?", "label": "two", "context": "no such word"},
        {"text": "ONE?", "label": "three", "id": "q1"},
    )
    write_items(tmp_path / "b.jsonl", {"text": "Fine?", "label": "yes"})
    ended = cli("pack", "validate", "a.jsonl", "b.jsonl")
    assert ended.code == 2
    lines = ended.out.splitlines()
    places = [line.split(" ")[0] for line in lines[:-2]]
    assert places == ["a.jsonl:1:", "a.jsonl:2:", "a.jsonl:3:", "a.jsonl:3:"]
    assert "did you mean 'context'?" in lines[0]
    assert "does not stand in the context" in lines[1]
    assert {"id 'q1' is taken by line 1" in line for line in lines[2:4]} == {True, False}
    assert lines[-2:] == ["b.jsonl: valid, 1 item", "4 findings"]


def test_gold_set_is_what_it_says() -> None:
    """52 items, each with all fields, over ten categories and three difficulties, in 20 kB."""
    pack = load_pack("core-en")
    assert len(pack.items) == 52
    assert pack.language == "en"
    for item in pack.items:
        assert item.label in item.context
        assert item.concept
        assert item.lang == "en"
    assert len({item.tags["category"] for item in pack.items}) >= 10
    assert set(Counter(i.tags["difficulty"] for i in pack.items)) == {"easy", "medium", "hard"}
    assert len({item.concept for item in pack.items}) == 52
    assert (shipped_folder("core-en") / "items.jsonl").stat().st_size <= 20_000


def test_gold_set_has_the_hashes_that_tqbpp_checks() -> None:
    """Each sha256 is TQB++'s scheme B, computed here from the raw line."""
    import hashlib

    lines = (shipped_folder("core-en") / "items.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        content = {key: row[key] for key in ("text", "label", "context", "tags", "id", "lang")}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == row["sha256"]


def test_demo_answers_the_whole_gold_set(cli: Cli, tmp_path: Path) -> None:
    """The recording behind `demo` has an answer to every item."""
    cli("run", "-o", "r.json")
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["metrics"]["n"] == 52
    assert report["metrics"]["errors"] == 0


def test_needs_of_an_item_are_shown_and_validated(cli: Cli, tmp_path: Path) -> None:
    """`show` has a column for types where any item has one; `validate` tries each answer."""
    choice = {"text": "A) x B) y?", "label": "B", "answer_type": "choice"}
    path = write_items(tmp_path / "a.jsonl", choice, {"text": "Who?", "label": "Bob"})
    assert [row.split()[-1] for row in cli("pack", "show", path.name).out.splitlines()[-3:]] == [
        "TYPE",
        "choice",
        "Bob",
    ]
    assert cli("pack", "validate", path.name).code == 0
    write_items(path, {**choice, "forbidden": ["b"]}, {"text": "?", "label": "x", "tolerance": 1})
    ended = cli("pack", "validate", path.name)
    assert ended.code == 2
    assert "a.jsonl:1: the answer 'B' would fail: holds the forbidden 'b'" in ended.out
    assert "a.jsonl:2: label 'x' is no number: write 'tolerance' as a share" in ended.out


def test_a_pack_in_four_commands(cli: Cli, tmp_path: Path) -> None:
    """New, edit, seal, run: what each prints, and that it ends in 0."""
    ended = cli("pack", "new", "mine", "--language", "fr", "--name", "my pack")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "mine: items.jsonl, croissant.json, README.md written"
    path = tmp_path / "mine" / "items.jsonl"
    row = json.loads(path.read_text("utf-8").splitlines()[0])
    answer = {"label": "Paris", "aliases": [], "context": "C'est Paris."}
    row |= {**answer, "text": "Quelle est la capitale de la France ?", "id": "capitale"}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    ended = cli("pack", "validate", "mine")
    assert ended.code == 2
    assert "stamp it anew with `tqb pack seal`" in ended.out
    sealed = cli("pack", "seal", "mine", "--version", "1.0.0")
    assert (sealed.code, sealed.out.splitlines()[-1]) == (0, "mine: sealed, 1 item")
    assert "croissant.json: version, sha256 of the file" in sealed.out
    again = cli("pack", "seal", "mine")
    assert (again.code, again.out) == (0, "mine: nothing to seal, 1 item\n")
    assert cli("pack", "validate", "mine").out == "mine: valid, 1 item\n"
    (tmp_path / "a.jsonl").write_text('{"id": "capitale", "answer": "Paris"}\n')
    ended = cli("run", "mine", "--target", "replay:a.jsonl", "--fail-under", 1)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "PASS  my pack · replay:a.jsonl · 1 item")


def test_a_folder_that_holds_something_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    """`tqb pack new` ends in 2 with one sentence where it would write over something."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for folder in ("mine", "mine/notes.txt"):
        ended = cli("pack", "new", folder)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert "was left as it is" in ended.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    ended = cli("pack", "new", "other", "--language", "French!")
    assert (ended.code, "BCP 47" in ended.err) == (2, True)
    assert not (tmp_path / "other").exists()
    ended = cli("pack", "seal", "mine")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "make one by `tqb pack new`" in ended.err


def test_validate_strict_is_for_packs_to_publish(cli: Cli, tmp_path: Path) -> None:
    """--strict finds more than validate does, names file and line, and ends in 2."""
    published(tmp_path / "sound", GOOD)
    published(tmp_path / "odd", bent(text="Is Lima the capital of Peru?"))
    ended = cli("pack", "validate", "--strict", "sound")
    assert (ended.code, ended.out) == (0, "sound: valid, 3 items\n")
    ended = cli("pack", "validate", "--strict", "odd/croissant.json")
    assert ended.code == 2
    assert ended.out.splitlines() == [
        "odd/items.jsonl:1: the question gives the answer 'Lima' away; ask in other words",
        "1 finding",
    ]
    assert cli("pack", "validate", "sound", "odd").code == 0
    cli("pack", "new", "fresh")
    ended = cli("pack", "validate", "--strict", "fresh")
    assert (ended.code, ended.out.count("placeholder of `tqb pack new`")) == (2, 5)


def test_validate_takes_files_of_a_pack_for_the_pack(cli: Cli, tmp_path: Path) -> None:
    """Items, metadata and card mean their pack, once; --changed passes over all other files."""
    folder = make.pack(tmp_path / "core-en", [make.item(1), make.item(2)])
    (folder / "README.md").write_text("# A card\n", "utf-8")
    (tmp_path / "README.md").write_text("# No card\n", "utf-8")
    files = [f"core-en/{name}" for name in ("README.md", "items.jsonl", "croissant.json")]
    both = cli("pack", "validate", *files)
    assert (both.code, both.out.count("valid, 2 items")) == (0, 1)
    assert cli("pack", "validate", "README.md").code == 2
    changed = cli("pack", "validate", "--changed", "README.md", "pack.json", files[1])
    assert (changed.code, changed.out) == (0, both.out)
    none = cli("pack", "validate", "--changed", "README.md")
    assert (none.code, none.out) == (0, "no file of a pack, nothing to check\n")
