"""Croissant in both ways: our subset read at once, everything else by mlcroissant."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.packs.make import ABOUT, edit, file_of, item, pack, problem, rewrite_items
from tqb.errors import PackError
from tqb.packs import load_pack, write_pack
from tqb.packs.croissant import Source, read_fast, read_metadata
from tqb.packs.slow import read_slow
from tqb.packs.subset import CONTEXTS, read_subset
from tqb.types import Item

TAGS = {"category": "x", "difficulty": "easy"}
FULL = [
    item(1, aliases=("P1", "One"), concept="planet-1", lang="es"),
    item(2, tags={"category": "x", "topic": "y"}, tolerance=0.5, forbidden=("Pluto",)),
    item(3, context="", tags={}, label="007", answer_type="number", tolerance="1%"),
]
EXTRA = {
    "rai:dataCollection": "Written by hand.",
    "rai:dataBiases": ["English first", "Planets only"],
    "rai:hasSyntheticData": True,
    "prov:wasGeneratedBy": {
        "@type": "prov:Activity",
        "prov:label": "tqb generate",
        "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "prov:label": "a model"},
    },
}


@pytest.mark.parametrize(
    ("items", "about"),
    [
        ([item(1)], {}),
        (FULL, {"keywords": ["planets", "sky"], "extra": EXTRA}),
        ([item(1, tags={}, context="")], {"keywords": ["one"]}),
        ([], {}),
    ],
)
def test_mlcroissant_validates_what_we_write(
    tmp_path: Path, items: list[Item], about: dict[str, Any]
) -> None:
    """The real mlcroissant finds neither an error nor a warning, and reads every row."""
    folder = pack(tmp_path, items, **about)
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    assert len(list(dataset.records("items"))) == len(items)


@pytest.mark.parametrize("version", list(CONTEXTS))
def test_our_contexts_are_those_of_mlcroissant(version: str) -> None:
    """A dataset of mlcroissant's own making has the canonical context that we hold."""
    context = mlcroissant.Context(conforms_to=version)
    context.rdf = mlcroissant.Rdf.from_json(context, {"@context": dict(CONTEXTS[version])})
    assert context.issues.warnings == set()
    made = mlcroissant.Metadata(ctx=context, name="x").to_json()["@context"]
    assert made == CONTEXTS[version]


def test_items_are_written_one_on_a_line_in_order(tmp_path: Path) -> None:
    """items.jsonl has readable text, keys in one order, and no column that is always empty."""
    folder = pack(tmp_path, [item(1, text="Où est Vénus ?"), item(2)])
    lines = (folder / "items.jsonl").read_bytes().decode().splitlines()
    assert "Où est Vénus ?" in lines[0]
    assert [list(json.loads(line)) for line in lines] == [
        ["text", "label", "context", "tags", "lang", "id", "sha256"]
    ] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "1.0"},
        {"license": ""},
        {"date_published": "2026-02-30"},
        {"cite_as": " "},
        {"extra": {"autor": "x"}},
    ],
)
def test_write_pack_refuses_what_it_could_not_read_back(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    """A property that is malformed is an error, and nothing is written."""
    with pytest.raises(ValueError, match="property"):
        write_pack(tmp_path / "pack", [item(1)], **{**ABOUT, **wrong})
    assert not (tmp_path / "pack").exists()


def _by_mlcroissant(folder: Path) -> Source:
    metadata = read_metadata(folder / "croissant.json")
    return Source(*read_slow(metadata.path, metadata.values, metadata.text, verify=True))


def _at_once(folder: Path) -> Source | None:
    metadata = read_metadata(folder / "croissant.json")
    subset = read_subset(metadata.values)
    return read_fast(metadata, subset, verify=True) if subset else None


def _assert_same(folder: Path) -> bool:
    """Hold both ways and mlcroissant's records together; tell whether ours accepts the pack."""
    try:
        fast = _at_once(folder)
        if fast is None or fast.problems:
            return False
        load_pack(str(folder), verify=False)
    except PackError:
        return False
    slow = _by_mlcroissant(folder)
    assert (slow.picked, slow.rows.sha256) == (fast.picked, fast.rows.sha256)
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    record_set = dataset.metadata.record_sets[0]
    for row, record in zip(fast.picked, dataset.records(record_set.uuid), strict=True):
        for path, value in record.items():
            key = path.rsplit("/", 1)[-1]
            if isinstance(value, bytes) and isinstance(row.values.get(key), str):
                assert _alike(value.decode(), row.values[key])
    return True


def _alike(theirs: str, ours: str) -> bool:
    """Compare a string with what pandas made of it: numbers come back as numbers."""
    if theirs == ours:
        return True
    try:
        return float(theirs) == float(ours)
    except ValueError:
        return False


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
texts = st.one_of(words, st.sampled_from(["007", "1e5", "nan", "true", "null", "-0", "2020-01-01"]))
nonempty = texts.filter(lambda text: bool(text.strip()))
ids = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
items = st.builds(
    Item,
    id=ids,
    text=nonempty,
    label=nonempty,
    aliases=st.lists(nonempty, max_size=2).map(tuple),
    answer_type=st.sampled_from(["", "number"]),
    tolerance=st.sampled_from([None, 0, 0.25, "1%"]),
    forbidden=st.lists(nonempty, max_size=2).map(tuple),
    context=texts,
    lang=st.sampled_from(["en", "zh-Hant"]),
    tags=st.dictionaries(st.sampled_from(["category", "difficulty", "topic"]), texts, max_size=3),
    concept=st.sampled_from(["", "a-b"]),
)
packs = st.lists(items, max_size=4, unique_by=lambda one: one.id)


@settings(max_examples=40, deadline=None)
@given(packs)
def test_both_ways_agree_on_generated_packs(
    tmp_path_factory: pytest.TempPathFactory, generated: list[Item]
) -> None:
    """What we write, both ways accept, with equal items: those that were written."""
    folder = pack(tmp_path_factory.mktemp("generated"), generated)
    assert _assert_same(folder)
    loaded = load_pack(str(folder)).items
    assert [one.targets for one in loaded] == [one.targets for one in generated]
    assert [(one.text, one.tags) for one in loaded] == [(one.text, one.tags) for one in generated]
    needs = [(one.answer_type, one.tolerance, one.forbidden) for one in generated]
    assert [(one.answer_type, one.tolerance, one.forbidden) for one in loaded] == needs


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Return every container of a tree with each of its keys."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    found = [(node, key) for key in keys]
    for key in keys:
        if isinstance(node[key], (dict, list)):
            found += _places(node[key])
    return found


odd_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        *["", " ", "x", "text", "items/id", "cr:Field", "sc:Text", "items.jsonl", "../x", "a b"],
        *["http://mlcommons.org/croissant/1.0", "1.0.0", "2026-01-01", "$.category", "en"],
        *[True, False, 0, 1.5, None, [], {}, ["a"], [[]], {"@id": "items.jsonl"}, {"@value": "x"}],
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_whatever_we_accept_mlcroissant_accepts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bend the metadata in any place: where our way still accepts it, both ways agree."""
    folder = pack(tmp_path_factory.mktemp("bent"), FULL, keywords=["a", "b"], extra=EXTRA)

    def bend(meta: dict[str, Any]) -> None:
        places = [(node, key) for node, key in _places(meta) if node is not meta["@context"]]
        node, key = data.draw(st.sampled_from(places))
        how = data.draw(st.sampled_from(["value", "swap", "drop", "add", "copy", "rename"]))
        other, other_key = data.draw(st.sampled_from(places))
        if how == "value":
            node[key] = data.draw(odd_values)
        elif how == "swap":
            node[key] = copy.deepcopy(other[other_key])
        elif how == "drop":
            del node[key]
        elif how == "copy" and isinstance(node, list):
            node.append(copy.deepcopy(node[key]))
        elif how == "add" and isinstance(node, dict):
            node[str(other_key)] = copy.deepcopy(other[other_key])
        elif how == "rename" and isinstance(node, dict):
            node[str(other_key)] = node.pop(key)

    _assert_same(edit(folder, bend))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_whatever_rows_we_accept_mlcroissant_accepts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bend the rows in any place: where our way still accepts them, both ways agree."""
    folder = pack(tmp_path_factory.mktemp("rows"), FULL)
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    values: st.SearchStrategy[Any] = st.one_of(
        texts, st.none(), st.just([]), st.just(["7"]), st.just({"category": "7"})
    )
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.sampled_from(rows))
        key = data.draw(st.sampled_from(list(row)))
        if data.draw(st.booleans()):
            row[key] = data.draw(values)
        elif len(row) > 1:
            del row[key]
    rewrite_items(folder, "".join(json.dumps(row) + "\n" for row in rows).encode())
    _assert_same(folder)


def _fields(meta: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = meta["recordSet"][0]["field"]
    return found


def _drop_cite_as(meta: dict[str, Any]) -> None:
    del meta["citeAs"]


def _as_1_0(meta: dict[str, Any]) -> None:
    meta["@context"] = dict(CONTEXTS["http://mlcommons.org/croissant/1.0"])
    meta["conformsTo"] = "http://mlcommons.org/croissant/1.0"
    for field in _fields(meta):
        if field.pop("isArray", None):
            del field["arrayShape"]
            field["repeated"] = True


def _constant_language(meta: dict[str, Any]) -> None:
    (lang,) = (field for field in _fields(meta) if field["@id"] == "items/lang")
    del lang["source"]
    lang["value"] = "en"


def _full_names(meta: dict[str, Any]) -> None:
    file_of(meta)["https://schema.org/sha256"] = file_of(meta).pop("sha256")
    for number, field in enumerate(_fields(meta)):
        if "subField" not in field and field["name"] != "id":
            field["@id"] = f"items/column-{number}"


def _read_me_too(meta: dict[str, Any]) -> None:
    file = {**file_of(meta), "@id": "again", "name": "again", "encodingFormat": "text/plain"}
    meta["distribution"].append(file)


@pytest.mark.parametrize(
    "change", [_drop_cite_as, _as_1_0, _constant_language, _full_names, _read_me_too]
)
def test_other_croissant_packs_load_to_the_same_items(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """However the metadata is worded, the items come from the raw file: "007" stays "007"."""
    written = [item(1, label="007", aliases=("7",)), item(2, label="42", id="10")]
    expected = load_pack(str(pack(tmp_path / "ours", written))).items
    folder = edit(pack(tmp_path / "theirs", written), change)
    assert load_pack(str(folder)).items == expected


def test_a_croissant_1_0_pack_needs_no_mlcroissant(tmp_path: Path) -> None:
    """Both versions of the format are read at once."""
    folder = edit(pack(tmp_path, FULL), _as_1_0)
    assert _assert_same(folder)


@pytest.mark.parametrize(
    ("suffix", "form", "mark"),
    [("csv", "text/csv", ","), ("tsv", "text/tab-separated-values", "\t")],
)
def test_csv_is_read_as_text(tmp_path: Path, suffix: str, form: str, mark: str) -> None:
    """Values of a CSV or TSV file are the characters that stand in it, lines and all."""
    folder = pack(tmp_path)
    head = mark.join(["nr", "question", "label", "category"])
    rows = [["01", '"Which\nplanet?"', "007", "sky"], ["02", "Which star?", "42", ""]]
    data = "\n".join([head, *map(mark.join, rows)]) + "\n"
    _columns(folder, f"items.{suffix}", form, data.encode())
    loaded = load_pack(str(folder)).items
    assert [(one.id, one.text, one.label, one.tags, one.line) for one in loaded] == [
        ("01", "Which\nplanet?", "007", {"category": "sky"}, 2),
        ("02", "Which star?", "42", {}, 4),
    ]


def test_broken_csv_is_one_line(tmp_path: Path) -> None:
    """A record with more cells than the header is told by its line."""
    data = b"nr,question,label,category\n1,a,b,c\n2,a,b,c,d\n"
    found = problem(_columns(pack(tmp_path), "items.csv", "text/csv", data))
    assert (found.line, "more cells than the header" in found.message) == (3, True)


def _columns(folder: Path, name: str, form: str, data: bytes) -> Path:
    """Make a pack of a table with the columns nr, question, label and category."""
    (folder / name).write_bytes(data)
    columns = {"id": "nr", "text": "question", "label": "label", "category": "category"}

    def change(meta: dict[str, Any]) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        file_of(meta).update(contentUrl=name, encodingFormat=form, sha256=sha256)
        meta["recordSet"][0]["field"] = [
            {
                "@type": "cr:Field",
                "@id": f"items/{key}",
                "name": key,
                "dataType": "sc:Text",
                "source": {"fileObject": {"@id": "items.jsonl"}, "extract": {"column": column}},
            }
            for key, column in columns.items()
        ]

    return edit(folder, change)


def test_an_array_of_objects_is_read_by_json_path(tmp_path: Path) -> None:
    """A JSON file with jsonPath goes by mlcroissant's records."""
    folder = pack(tmp_path)
    data = json.dumps([{"q": "Which planet?", "a": "Mars"}, {"q": "Which star?", "a": "Sun"}])
    (folder / "items.jsonl").write_text(data)

    def change(meta: dict[str, Any]) -> None:
        sha256 = hashlib.sha256(data.encode()).hexdigest()
        file_of(meta).update(encodingFormat="application/json", sha256=sha256)
        paths = {"text": "$[*].q", "label": "$[*].a"}
        meta["recordSet"][0]["field"] = [
            {
                "@type": "cr:Field",
                "@id": f"items/{key}",
                "dataType": "sc:Text",
                "source": {"fileObject": {"@id": "items.jsonl"}, "extract": {"jsonPath": path}},
            }
            for key, path in paths.items()
        ]
        del meta["recordSet"][0]["key"]

    loaded = load_pack(str(edit(folder, change))).items
    assert [(one.text, one.label) for one in loaded] == [
        ("Which planet?", "Mars"),
        ("Which star?", "Sun"),
    ]


def _no_text(meta: dict[str, Any]) -> None:
    for field in _fields(meta):
        if field["name"] == "text":
            field.update({"@id": "items/question", "name": "question"})


def _no_column(meta: dict[str, Any]) -> None:
    _fields(meta)[0]["source"]["extract"]["column"] = "gone"


def _two_sets(meta: dict[str, Any]) -> None:
    again = json.loads(json.dumps(meta["recordSet"][0]).replace('"items/', '"more/'))
    meta["recordSet"].append({**again, "@id": "more"})


def _file_set(meta: dict[str, Any]) -> None:
    kind = {"@type": "cr:FileSet", "@id": "set", "includes": "*.jsonl"}
    meta["distribution"].append({**kind, "encodingFormat": "application/jsonlines"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_no_text, "no field gives an item's text; the fields found are 'question', 'label'"),
        (_no_column, "mlcroissant cannot read it"),
        (_two_sets, "one record set must hold the items, not 'items', 'more'"),
        (_file_set, "a FileSet has no hash"),
        (lambda meta: meta.pop("@type"), "mlcroissant refuses it"),
        (lambda meta: meta.pop("recordSet"), "one record set must hold the items, not none"),
        (lambda meta: file_of(meta).pop("sha256"), "mlcroissant refuses it"),
        (lambda meta: file_of(meta).update(sha256="0" * 64), "its sha256 is not the one"),
        (lambda meta: file_of(meta).update(md5="0" * 32), "its sha256 is not the one"),
        (
            lambda meta: file_of(meta).update(encodingFormat="application/jsonl"),
            "cannot load encodingFormat 'application/jsonl'; use one of 'application/jsonlines'",
        ),
    ],
)
def test_what_croissant_does_not_allow_is_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    """A pack that mlcroissant or tqb cannot use is refused in one line."""
    assert said in problem(edit(pack(tmp_path), change)).message


def test_an_unverified_pack_skips_the_hash_in_mlcroissant_too(tmp_path: Path) -> None:
    """--no-verify loads an edited pack that our own way does not read."""
    folder = edit(pack(tmp_path), lambda meta: file_of(meta).update(md5="0" * 32))
    assert len(load_pack(str(folder), verify=False).items) == 2
