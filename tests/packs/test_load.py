"""Loading packs by name, folder, Croissant file, JSON Lines and TQB++ array."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packs.make import edit, file_of, item, jsonl, pack, problem, problems, rewrite_items
from tqb.packs import item_sha256, load_pack, shipped_folder, shipped_packs
from tqb.types import Item

ROW = {"text": "What is 2 + 2?", "label": "4"}


def test_a_folder_and_its_croissant_json_are_the_same_pack(tmp_path: Path) -> None:
    """A pack may be named by its folder or by the croissant.json in it."""
    folder = pack(tmp_path / "planets")
    by_folder = load_pack(str(folder))
    assert by_folder == load_pack(str(folder / "croissant.json"))
    assert by_folder.name == "planets"
    assert by_folder.version == "1.2.0"
    assert by_folder.license == "https://spdx.org/licenses/CC0-1.0.html"
    assert by_folder.description == "Questions about planets."
    assert by_folder.path == folder / "items.jsonl"
    assert by_folder.sha256 == hashlib.sha256(by_folder.path.read_bytes()).hexdigest()


def test_items_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Writing and loading keeps every field, and adds hash and line."""
    written = [
        item(1, aliases=("P1", "¡P!"), concept="planet-1", lang="es"),
        item(4, answer_type="number", tolerance=0.05, forbidden=("Pluto", "X")),
        item(5, answer_type="number", tolerance="1.5%"),
        item(6, answer_type="choice"),
        item(2, label="007", tags={"category": "x", "topic": "y"}),
        item(3, context="", tags={}),
    ]
    loaded = load_pack(str(pack(tmp_path, written))).items
    expected = [
        replace(one, sha256=item_sha256(one), line=line)
        for line, one in enumerate(written, start=1)
    ]
    assert list(loaded) == expected


def test_a_bare_file_needs_only_text_and_label(tmp_path: Path) -> None:
    """What a bare item leaves out gets a default, and its id is made of its hash."""
    path = jsonl(tmp_path / "sums.jsonl", ROW)
    loaded = load_pack(str(path))
    (only,) = loaded.items
    assert (loaded.name, loaded.version) == ("sums", "")
    assert (only.lang, only.context, only.tags, only.aliases) == ("und", "", {}, ())
    assert only.id == item_sha256(only, "A")[:8]
    assert only.sha256 == item_sha256(only)


def test_lines_are_counted_through_blank_lines_and_crlf(tmp_path: Path) -> None:
    """An item's line is the one an editor shows."""
    path = tmp_path / "sums.jsonl"
    path.write_bytes(b'\r\n{"text": "a", "label": "b"}\r\n  \r\n\r\n{"text": "c", "label": "d"}')
    assert [one.line for one in load_pack(str(path)).items] == [2, 5]


@pytest.mark.parametrize("scheme", ["A", "B"])
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_both_tqbpp_hashes_are_accepted_in_every_format(
    tmp_path: Path, scheme: Literal["A", "B"], suffix: str
) -> None:
    """A TQB++ item is verified whether its hash is over its content or over its id as well."""
    keys = ["text", "label", "context", "tags"] + (["id", "lang"] if scheme == "B" else [])
    row = _fields(item(1, text="Où est Vénus ?"))
    hashed = json.dumps({key: row[key] for key in keys}, sort_keys=True, ensure_ascii=False)
    row["sha256"] = hashlib.sha256(hashed.encode()).hexdigest()
    row = {key: row[key] for key in (*keys, "id", "lang", "sha256")}
    path = tmp_path / f"venus{suffix}"
    path.write_text(json.dumps([row], indent=1) if suffix == ".json" else json.dumps(row))
    assert load_pack(str(path)).items[0].sha256 == row["sha256"]
    assert item_sha256(item(1, text="Où est Vénus ?"), scheme) == row["sha256"]


def test_elements_of_an_array_know_their_lines(tmp_path: Path) -> None:
    """An item of a .json array has the line on which its object starts."""
    path = tmp_path / "sums.json"
    path.write_text('\n[\n {"text": "a",\n  "label": "b"}\n,\n\n {"text": "c", "label": "d"} ]\n')
    assert [one.line for one in load_pack(str(path)).items] == [3, 7]


@given(
    st.lists(
        st.fixed_dictionaries({"text": st.text('ab\n"é', min_size=1), "label": st.just("x")}),
        unique_by=lambda row: row["text"],
    ).filter(lambda rows: all(row["text"].strip() for row in rows)),
    st.sampled_from([None, 0, 2]),
)
def test_an_array_and_its_lines_are_the_same_items(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], indent: int | None
) -> None:
    """However a .json array is indented, it holds what the same objects hold line by line."""
    folder = tmp_path_factory.mktemp("same")
    array = folder / "a.json"
    array.write_text(json.dumps(rows, indent=indent), encoding="utf-8")
    lines = jsonl(folder / "a.jsonl", *rows)
    assert [_fields(one) for one in load_pack(str(array)).items] == [
        _fields(one) for one in load_pack(str(lines)).items
    ]


def test_an_edited_item_is_refused_where_it_stands(tmp_path: Path) -> None:
    """An item that is not what was hashed is a problem with its line; --no-verify lets it in."""
    folder = pack(tmp_path)
    data = (folder / "items.jsonl").read_bytes().replace(b'"Planet 2"', b'"Planet X"')
    rewrite_items(folder, data)
    found = problem(folder)
    assert (found.file, found.line) == (str(folder / "items.jsonl"), 2)
    assert found.message.startswith("sha256 does not match the item: the item was edited")
    assert "--no-verify" in found.message
    assert load_pack(str(folder), verify=False).items[1].label == "Planet X"


def test_an_edited_file_is_refused(tmp_path: Path) -> None:
    """A file that is not what the metadata hashed is refused; --no-verify lets it in."""
    folder = pack(tmp_path)
    with (folder / "items.jsonl").open("ab") as stream:
        stream.write(b"\n")
    assert "its sha256 is not the one in croissant.json" in problem(folder).message
    assert len(load_pack(str(folder), verify=False).items) == 2


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"text": ""}, "'text' must be a non-empty string, not ''"),
        ({"label": 7}, "'label' must be a non-empty string, not '7'"),
        ({"lang": ["en"]}, "'lang' must be a string"),
        ({"id": 7}, "'id' must be a string"),
        ({"id": "a\u001b[2J"}, "'id' holds control characters: 'a\\x1b[2J'"),
        ({"concept": {}}, "'concept' must be a string"),
        ({"sha256": 1}, "'sha256' must be a string"),
        ({"aliases": "four"}, "'aliases' must be a list of non-empty strings"),
        ({"aliases": [4]}, "'aliases' must be a list of non-empty strings"),
        ({"aliases": [" "]}, "'aliases' must be a list of non-empty strings"),
        ({"forbidden": "four"}, "'forbidden' must be a list of non-empty strings"),
        ({"forbidden": [""]}, "'forbidden' must be a list of non-empty strings"),
        ({"answer_type": "numbre"}, "'answer_type' is 'numbre'; did you mean 'number'?"),
        ({"answer_type": "x"}, "'answer_type' is 'x'; write one of 'text', 'number', 'date'"),
        ({"answer_type": {}}, "'answer_type' is '{}'; write one of"),
        ({"tolerance": -1}, "'tolerance' must be a number from 0 up, or as '1%', not '-1'"),
        ({"tolerance": "-1%"}, "'tolerance' must be a number from 0 up"),
        ({"tolerance": "a lot"}, "'tolerance' must be a number from 0 up"),
        ({"tolerance": True}, "'tolerance' must be a number from 0 up"),
        ({"tolerance": [1]}, "'tolerance' must be a number from 0 up"),
        (
            {"answer_type": "choice", "tolerance": 1},
            "'tolerance' is for numbers and words, not for",
        ),
        ({"tags": []}, "'tags' must be an object of strings"),
        ({"tags": {"level": 1}}, "'tags' must be an object of strings"),
    ],
)
def test_types_are_strict(tmp_path: Path, change: dict[str, object], wanted: str) -> None:
    """A value of another type is refused, and the message says which is wanted."""
    found = problem(jsonl(tmp_path / "a.jsonl", {**ROW, **change}))
    assert found.line == 1
    assert found.message.startswith(wanted)


@pytest.mark.parametrize(
    ("given", "loaded"),
    [(0, 0), (0.5, 0.5), ("0.5", 0.5), ("1%", "1%"), ("", None), (None, None), (1e-20, 1e-20)],
)
def test_a_tolerance_is_a_number_or_a_share(tmp_path: Path, given: object, loaded: object) -> None:
    """A number may be written as one or as a text; a pack keeps it either way."""
    row = {**ROW, "id": "sum", "lang": "en", "tolerance": given}
    items = load_pack(str(jsonl(tmp_path / "a.jsonl", row))).items
    assert items[0].tolerance == loaded
    assert load_pack(str(pack(tmp_path / "again", items))).items[0].tolerance == loaded


def test_an_item_without_text_says_what_it_has(tmp_path: Path) -> None:
    """A missing key is named, with the keys there are."""
    found = problem(jsonl(tmp_path / "a.jsonl", {"question": "a", "label": "b"}))
    assert found.message == "the item has no 'text' but 'question', 'label'; add a string"


def test_all_problems_are_told_at_once_in_file_order(tmp_path: Path) -> None:
    """One load tells what is wrong with every line."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": 1, "label": 2}\n{"text": "a"\n\n{"label": "b"}\n[]\n')
    assert [found.line for found in problems(path)] == [1, 1, 2, 4, 5]


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    """A key that tqb does not know does not keep an item from loading."""
    path = jsonl(tmp_path / "a.jsonl", {**ROW, "note": 10**30, "id": "a"})
    assert load_pack(str(path)).items[0].id == "a"


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_two_items_of_one_id_are_refused(tmp_path: Path, suffix: str) -> None:
    """Ids are unique, wherever the items stand."""
    rows = [{**ROW, "id": "a"}, {**ROW, "id": "b"}, {**ROW, "id": "a"}]
    path = tmp_path / f"a{suffix}"
    path.write_text(json.dumps(rows) if suffix == ".json" else "\n".join(map(json.dumps, rows)))
    assert problem(path).message == "id 'a' is taken by line 1; give another"


def test_an_empty_file_is_a_pack_of_no_items(tmp_path: Path) -> None:
    """Nothing to ask is not an error of the pack."""
    for name in ("a.jsonl", "a.json"):
        (tmp_path / name).write_bytes(b"")
        assert load_pack(str(tmp_path / name)).items == ()
    assert load_pack(str(pack(tmp_path / "none", []))).items == ()


def test_a_folder_without_croissant_json_says_so(tmp_path: Path) -> None:
    """The message names the file that is missing."""
    assert "holds no croissant.json" in problem(tmp_path).message


def test_a_missing_path_is_called_a_path(tmp_path: Path) -> None:
    """What looks like a path is not taken for a pack's name."""
    assert "no such file or folder" in problem(tmp_path / "gone.jsonl").message


@pytest.mark.parametrize("name", ["no-such-pack", "", "a\0b", "no\u001bpack", "x" * 5000])
def test_an_unknown_name_is_one_line(name: str) -> None:
    """Any string that is no pack is refused in one line."""
    assert "no pack is named" in problem(name).message


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    """A file that is no kind of pack says which kinds there are."""
    path = tmp_path / "a.txt"
    path.write_text("{}")
    assert ".jsonl" in problem(path).message


def test_a_pack_may_lie_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder named without a separator is found where no shipped pack has its name."""
    pack(tmp_path / "planets")
    monkeypatch.chdir(tmp_path)
    assert load_pack("planets").path == Path("planets/items.jsonl")


@pytest.mark.skipif(not shipped_packs(), reason="no packs in this checkout")
def test_a_shipped_pack_wins_over_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name means the shipped pack; a path to a folder of that name means the folder."""
    name = shipped_packs()[0]
    pack(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert load_pack(name).path == shipped_folder(name) / "items.jsonl"
    assert load_pack(f"./{name}").name == "planets"
    assert f"did you mean '{name}'?" in problem(f"{name}x").message


def test_the_metadata_may_have_another_name(tmp_path: Path) -> None:
    """A .json that holds an object is read as Croissant."""
    folder = pack(tmp_path)
    (folder / "croissant.json").rename(folder / "planets.json")
    assert load_pack(str(folder / "planets.json")).name == "planets"


def test_rows_are_numbered_in_a_croissant_pack(tmp_path: Path) -> None:
    """Blank lines in a pack's items file count."""
    folder = pack(tmp_path)
    lines = (folder / "items.jsonl").read_bytes().splitlines()
    rewrite_items(folder, b"\r\n".join([lines[0], b"", lines[1]]))
    assert [one.line for one in load_pack(str(folder)).items] == [1, 3]


def test_a_pack_of_ours_loads_without_mlcroissant(tmp_path: Path) -> None:
    """Neither the import nor loading a pack that tqb wrote imports anything heavy."""
    folder = pack(tmp_path)
    script = (
        "import sys, tqb.packs; tqb.packs.load_pack(sys.argv[1]); "
        "heavy = 'mlcroissant', 'pandas', 'jsonschema', 'pydantic'; "
        "print([name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-c", script, str(folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_mlcroissant_other_packs_say_what_is_missing(tmp_path: Path) -> None:
    """A pack outside our subset asks for mlcroissant where it cannot be imported."""
    folder = edit(pack(tmp_path), lambda meta: file_of(meta).update(md5="0" * 32))
    script = (
        "import sys; sys.modules['mlcroissant'] = None\n"
        "import tqb.packs\n"
        "try: tqb.packs.load_pack(sys.argv[1])\n"
        "except tqb.errors.PackError as error: print(error)"
    )
    command = [sys.executable, "-c", script, str(folder)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "this pack needs mlcroissant" in out
    assert out.count("\n") == 1


def _fields(one: Item) -> dict[str, object]:
    return {name: getattr(one, name) for name in Item.__slots__ if name not in ("sha256", "line")}


def test_null_counts_as_absent(tmp_path: Path) -> None:
    """A bare file may say null where it has nothing to say."""
    path = tmp_path / "a.jsonl"
    row = {"text": "Q?", "label": "x", "context": None, "lang": None, "aliases": None, "id": None}
    row |= {"answer_type": None, "tolerance": None, "forbidden": None}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (only,) = load_pack(str(path)).items
    assert (only.context, only.lang, only.aliases) == ("", "und", ())
    assert (only.answer_type, only.tolerance, only.forbidden) == ("", None, ())
