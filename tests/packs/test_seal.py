"""`new_pack` and `seal_pack`: a pack from the template to its first version, and every edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.packs.make import edit, item, pack
from tqb.errors import ConfigError, PackError
from tqb.packs import check_pack, load_pack, new_pack, seal_pack
from tqb.scorers import item_faults

CARD = """---
language:
- en
license: cc0-1.0
---

# Planets — an edited card
"""


def rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "items.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def edit_items(folder: Path, *changed: dict[str, Any]) -> Path:
    """Write other rows over those of a pack, as an editor does."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in changed)
    (folder / "items.jsonl").write_text(text, "utf-8")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("language", ["en", "zh-Hant", "no"])
def test_a_new_pack_is_valid_and_sealed(tmp_path: Path, language: str) -> None:
    """The template has no finding and nothing to seal, in any language."""
    folder = tmp_path / "fresh"
    assert {path.name for path in new_pack(folder, language=language)} == set(content(folder))
    loaded, found = check_pack(str(folder), item_faults)
    assert found == ()
    assert loaded is not None
    assert (loaded.name, loaded.language) == ("fresh", language)
    before = content(folder)
    assert seal_pack(folder)[1] == ()
    assert content(folder) == before


def test_an_edited_pack_is_mended_by_seal(tmp_path: Path) -> None:
    """After any edit of the items a seal makes the pack valid, and a second one changes nothing."""
    folder = pack(tmp_path / "planets", [item(1), item(2), item(3)])
    (folder / "README.md").write_text(CARD, "utf-8")
    first, second, _ = rows(folder)
    first |= {"text": "Quelle planète ?", "lang": "fr"}
    second |= {"aliases": ["P2"], "tags": {"topic": "x"}, "answer_type": "text"}
    added = {"text": "Which is the fourth?", "label": "P4", "id": "p4", "lang": "fr"}
    edit_items(folder, added, first, second)
    assert not check_pack(str(folder))[0]
    assert "`tqb pack seal`" in check_pack(str(folder))[1][-1].message
    loaded, changes = seal_pack(folder, item_faults)
    assert changes == (
        "items.jsonl: sha256 of 'p4', 'planet-1', 'planet-2'",
        "croissant.json: inLanguage, sha256 of the file, fields",
        "README.md: language",
    )
    assert check_pack(str(folder), item_faults)[1] == ()
    assert [one.id for one in load_pack(str(folder)).items] == [one.id for one in loaded.items]
    assert loaded.languages == ("en", "fr")
    card = (folder / "README.md").read_text("utf-8")
    assert card == CARD.replace("- en\n", "  - en\n  - fr\n")
    before = content(folder)
    assert seal_pack(folder)[1] == ()
    assert content(folder) == before


def test_seal_keeps_what_an_author_wrote_into_the_metadata(tmp_path: Path) -> None:
    """Authors, notes and descriptions stay, in their order, and so does every other file."""
    folder = pack(tmp_path, keywords=["sky"], extra={"rai:dataBiases": ["Planets only"]})
    card = CARD.replace("\n", "\r\n")
    (folder / "README.md").write_bytes(card.encode())

    def change(meta: dict[str, Any]) -> None:
        meta["creator"] = [{"@type": "Person", "name": "Ada", "url": "https://example.org/ada"}]
        meta["recordSet"][0]["field"][0]["description"] = "The question."

    before = json.loads((edit(folder, change) / "croissant.json").read_text())
    edit_items(folder, *({**row, "label": "x", "context": "x"} for row in rows(folder)))
    seal_pack(folder, version="1.3.0-rc.1")
    after = json.loads((folder / "croissant.json").read_text())
    assert list(after) == list(before)
    assert {key for key in after if after[key] != before[key]} == {"version", "distribution"}
    assert after["version"] == "1.3.0-rc.1"
    assert (folder / "README.md").read_bytes().decode() == card


def test_spaces_and_order_are_made_uniform_and_told(tmp_path: Path) -> None:
    """A file that says the same in another form is written anew, and named."""
    folder = pack(tmp_path)
    before = content(folder)
    edit_items(folder, *(dict(reversed(row.items())) for row in rows(folder)))
    assert seal_pack(folder)[1] == ("items.jsonl: order of keys, spaces or empty columns",)
    metadata = json.loads((folder / "croissant.json").read_text())
    (folder / "croissant.json").write_text(json.dumps(metadata, indent=1))
    assert seal_pack(folder)[1] == ("croissant.json: order of keys, or spaces",)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("row", "meta", "said"),
    [
        ({"lable": "x"}, {}, "items.jsonl:1: key 'lable' is no key of an item"),
        ({"label": 7}, {}, "items.jsonl:1: 'label' must be a non-empty string"),
        ({"label": "Pluto"}, {}, "items.jsonl:1: label 'Pluto' does not stand in the context"),
        ({"forbidden": ["planet"]}, {}, "items.jsonl:1: the answer 'Planet 1' would fail"),
        ({"id": "planet-2"}, {}, "items.jsonl:2: id 'planet-2' is taken by line 1"),
        ({}, {"citeAs": ""}, "property 'citeAs' is malformed, so the pack cannot be sealed"),
        ({}, {"autor": "x"}, "property 'autor' is none that tqb knows"),
        ({}, {"distribution": [{"@type": "cr:FileSet", "@id": "set"}]}, "in one file, items.jsonl"),
    ],
)
def test_what_cannot_be_sealed_is_left_as_it_is(
    tmp_path: Path, row: dict[str, Any], meta: dict[str, Any], said: str
) -> None:
    """A fault of an item or a foreign property is told by its line, and nothing is written."""
    folder = edit(pack(tmp_path), lambda values: values.update(meta))
    first, second = rows(folder)
    before = content(edit_items(folder, {**first, **row}, second))
    with pytest.raises(PackError) as caught:
        seal_pack(folder, item_faults)
    assert said in str(caught.value)
    assert content(folder) == before


def test_the_size_that_counts_is_that_of_the_sealed_file(tmp_path: Path) -> None:
    """A file that is too large only for its spaces is sealed; a longer one is refused."""
    folder = pack(tmp_path, [item(1, text="x" * 9_000 + "?"), item(2, text="y" * 9_000 + "?")])
    path = folder / "items.jsonl"
    path.write_text(path.read_text().replace('"text":', f'"text":{" " * 5_000}'))
    assert "more than 20,000" in str(check_pack(str(folder))[1])
    seal_pack(folder)
    assert check_pack(str(folder))[1] == ()
    edit_items(folder, *({**row, "text": row["text"] * 2} for row in rows(folder)))
    with pytest.raises(PackError, match="more than 20,000"):
        seal_pack(folder)


def test_seal_follows_no_symlink(tmp_path: Path) -> None:
    """A pack whose items lie elsewhere is refused, and the file there is not touched."""
    folder = pack(tmp_path / "planets")
    away = (folder / "items.jsonl").rename(tmp_path / "away.jsonl")
    away.write_bytes(away.read_bytes() + b"\n")
    before = away.read_bytes()
    (folder / "items.jsonl").symlink_to(away)
    with pytest.raises(PackError, match="symlink"):
        seal_pack(folder)
    assert away.read_bytes() == before


def test_a_version_must_be_semver(tmp_path: Path) -> None:
    """A version of two parts is refused, and nothing is written."""
    folder = pack(tmp_path)
    before = content(folder)
    with pytest.raises(ConfigError, match=r"MAJOR\.MINOR\.PATCH"):
        seal_pack(folder, version="1.3")
    assert content(folder) == before
