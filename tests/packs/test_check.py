"""`check_pack`: every finding at once, with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.packs.make import edit, file_of, item, jsonl, pack, rewrite_items
from tqb.packs import check_pack
from tqb.scorers import item_faults
from tqb.types import Item

GOOD = {
    "text": "Which planet is red?",
    "label": "Mars",
    "context": "Mars is the red planet.",
    "lang": "en",
    "id": "red",
}


def findings(source: Path) -> list[tuple[str, int | None, str]]:
    """Return the findings as file name, line and message."""
    return [(Path(one.file).name, one.line, one.message) for one in check_pack(str(source))[1]]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_pack_of_ours_has_no_findings(tmp_path: Path, synthetic: bool) -> None:
    """What write_pack writes passes every check."""
    needs: dict[str, Any] = {"answer_type": "number", "tolerance": "1%", "forbidden": ("planet X",)}
    items = [item(1, aliases=("One",), concept="planet-1"), item(2, **needs)]
    extra = {"rai:hasSyntheticData": synthetic}
    loaded, found = check_pack(str(pack(tmp_path, items, keywords=["a"], extra=extra)))
    assert found == ()
    assert loaded is not None
    assert len(loaded.items) == 2


def test_every_finding_is_told_at_once(tmp_path: Path) -> None:
    """Faults of metadata and items are all told, sorted by file and line."""
    folder = pack(tmp_path, [item(1), item(2), item(3, lang="fr")])
    rows = [json.loads(line) for line in (folder / "items.jsonl").read_text().splitlines()]
    rows[0]["lable"] = "x"
    rows[1]["text"] = "WHICH  planet is number １?"
    rows[2]["label"] = 3
    rewrite_items(folder, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def change(meta: dict[str, Any]) -> None:
        del meta["citeAs"]
        meta["licence"] = "x"
        meta["inLanguage"] = "de"

    edit(folder, change)
    lines = (folder / "croissant.json").read_text().splitlines()
    at = {
        key: 1 + [f'"{key}"' in line for line in lines].index(True)
        for key in ("licence", "inLanguage")
    }
    loaded, _ = check_pack(str(folder))
    assert loaded is None
    assert findings(folder) == sorted(
        [
            (
                "croissant.json",
                None,
                'mlcroissant: [Metadata(planets)] Property "http://mlcommons.org/croissant/citeAs"'
                " is recommended, but does not exist.",
            ),
            (
                "croissant.json",
                at["licence"],
                "unknown property 'licence'; did you mean 'license'?",
            ),
            (
                "croissant.json",
                at["inLanguage"],
                "inLanguage and the items differ in 'de', 'en'; declare what they are",
            ),
            (
                "items.jsonl",
                1,
                "key 'lable' is in no field of the croissant.json; did you mean 'label'?",
            ),
            (
                "items.jsonl",
                2,
                "sha256 does not match the item: the item was edited after it was stamped; "
                "stamp it anew with `tqb pack seal`, take the sha256 out, or load with --no-verify",
            ),
            ("items.jsonl", 3, "'label' must be a non-empty string, not '3'"),
        ],
        key=lambda one: (one[0], one[1] or 0),
    )


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"lang": "english!"}, "'lang' is 'english!'; write a BCP 47 language tag"),
        ({"id": "a b"}, "'id' is 'a b'; write letters, digits and . _ - only"),
        ({"concept": "Red Planet"}, "'concept' is 'Red Planet'; write a slug"),
        ({"aliases": ["a", "a"]}, "'aliases' is"),
        ({"aliases": [" a"]}, "'aliases.0' is ' a'; write another right answer"),
        ({"tags": {"Category": "x"}}, "write the name of a tag"),
        ({"tags": {"category": ""}}, "'tags.category' is ''; write the value of a tag"),
        ({"label": "Mars "}, "'label' is 'Mars '; write the canonical answer"),
        ({"label": "Venus"}, "label 'Venus' does not stand in the context"),
        ({"catgory": "x"}, "key 'catgory' is no key of an item"),
        ({"labels": "x"}, "key 'labels' is no key of an item; did you mean 'label'?"),
        ({"forbidden": ["Venus", "Venus"]}, "'forbidden' is"),
        ({"forbidden": ["Venus "]}, "'forbidden.0' is 'Venus '; write what no right answer holds"),
        ({"forbiden": ["Venus"]}, "no key of an item; did you mean 'forbidden'?"),
        ({"text": 7}, "'text' must be a non-empty string"),
        ({"sha256": "0" * 64}, "sha256 does not match the item"),
    ],
)
def test_a_fault_of_an_item_is_one_finding(
    tmp_path: Path, change: dict[str, Any], wanted: str
) -> None:
    """Each fault is told once, on the item's line."""
    path = jsonl(tmp_path / "a.jsonl", {**GOOD, **change})
    ((file, line, message),) = findings(path)
    assert (file, line) == ("a.jsonl", 1)
    assert wanted in message


def test_faults_that_a_scorer_finds_are_findings(tmp_path: Path) -> None:
    """What the given scorer has against an item is told on the item's line."""
    path = jsonl(
        tmp_path / "a.jsonl", GOOD, {**GOOD, "id": "b", "text": "?", "forbidden": ["mars"]}
    )
    found = check_pack(str(path), item_faults)[1]
    assert [(one.line, one.message) for one in found] == [
        (2, "the answer 'Mars' would fail: holds the forbidden 'mars'; mend either")
    ]


def test_the_same_question_twice_is_a_finding(tmp_path: Path) -> None:
    """Case, width and space do not make another question."""
    again = {**GOOD, "text": "which  planet ｉｓ RED?", "id": "again"}
    path = jsonl(tmp_path / "a.jsonl", GOOD, again)
    assert findings(path) == [("a.jsonl", 2, "asks the same question as line 1; ask another")]


def test_the_same_id_twice_is_a_finding(tmp_path: Path) -> None:
    """An id that is taken is told with the line that has it."""
    path = jsonl(tmp_path / "a.jsonl", GOOD, {**GOOD, "text": "Which planet is not blue?"})
    assert findings(path) == [("a.jsonl", 2, "id 'red' is taken by line 1; give another")]


def test_a_large_pack_is_a_finding(tmp_path: Path) -> None:
    """An items file beyond 20,000 bytes is told, and loads."""
    items = [item(number, context=f"Planet {number}" + " x" * 200) for number in range(50)]
    loaded, (found,) = check_pack(str(pack(tmp_path, items)))
    assert loaded is not None
    assert "more than 20,000" in found.message


def test_an_empty_pack_is_a_finding(tmp_path: Path) -> None:
    """A pack without items loads, but is told."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert findings(tmp_path / "a.jsonl") == [
        ("a.jsonl", None, "holds no items; write one on each line")
    ]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda meta: file_of(meta).update(encodingformat="x"), "did you mean 'encodingFormat'?"),
        (lambda meta: meta.update({"rai:dataBias": "x"}), "did you mean 'dataBiases'?"),
        (lambda meta: meta["recordSet"][0].update(keys="x"), "did you mean 'key'?"),
        (lambda meta: meta["creator"].update(nome="x"), "did you mean 'name'?"),
        (lambda meta: meta["@context"].pop("citeAs"), "@context lacks 'citeAs'"),
        (lambda meta: meta["@context"].update(cite="cr:cite"), "@context has an unknown key"),
        (lambda meta: meta["@context"].update(column="sc:column"), "a meaning of its own"),
        (lambda meta: meta.pop("license"), 'license" is recommended'),
        (lambda meta: meta.update(version="one"), "Version doesn't follow MAJOR.MINOR.PATCH"),
    ],
)
def test_a_fault_of_the_metadata_is_a_finding(tmp_path: Path, change: Any, wanted: str) -> None:
    """Typos and what mlcroissant warns of are told."""
    assert any(wanted in message for _, _, message in findings(edit(pack(tmp_path), change)))


def test_all_of_mlcroissants_errors_are_told(tmp_path: Path) -> None:
    """Where mlcroissant refuses a pack, each of its reasons is a finding."""

    def change(meta: dict[str, Any]) -> None:
        del file_of(meta)["sha256"], file_of(meta)["encodingFormat"]

    messages = [message for _, _, message in findings(edit(pack(tmp_path), change))]
    assert sum(message.startswith("mlcroissant: ") for message in messages) == 2
    assert not any(message.startswith("mlcroissant refuses") for message in messages)


def test_items_of_a_column_of_numbers_still_load_as_written(tmp_path: Path) -> None:
    """A column that pandas would mangle is told, and is not mangled."""
    items: list[Item] = [item(1, id="007"), item(2, id="8")]
    loaded, (found,) = check_pack(str(pack(tmp_path, items)))
    assert loaded is not None
    assert [one.id for one in loaded.items] == ["007", "8"]
    assert found.message.startswith("every 'id' is a number")


def test_a_pack_that_is_not_there_is_a_finding() -> None:
    """Checking never raises for what is wrong with a pack."""
    loaded, (found,) = check_pack("no-such-pack")
    assert loaded is None
    assert "no pack is named" in found.message


def test_a_column_of_numbers_is_a_finding_where_mlcroissant_would_read_it(tmp_path: Path) -> None:
    """Pandas makes 7 of "007" in a Croissant pack; a bare file never meets it."""
    items = [item(n, label=f"00{n}", context=f"It is 00{n}.") for n in (1, 2)]
    found = findings(pack(tmp_path / "croissant", items))
    assert [message.partition(",")[0] for _, _, message in found] == ["every 'label' is a number"]
    bare = tmp_path / "bare.jsonl"
    bare.write_bytes((tmp_path / "croissant" / "items.jsonl").read_bytes())
    assert findings(bare) == []
