"""`tqb pack import`: what other tools have, as a pack; what cannot be mapped is said."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Cli
from tests.exports.make import HOSTILE, pack
from tqb.errors import InputError, PackError
from tqb.exports import export_packs, find_exporter, registry
from tqb.imports import NAMES, import_items
from tqb.packs import load_pack
from tqb.types import Item

FORMATS = tuple(registry.BUILT_IN)
CSV = "langsmith-csv"
LOST_IN_CSV: dict[str, Any] = {"answer_type": "", "tolerance": None, "forbidden": ()}
PRINTABLE = tuple(item for item in HOSTILE if item.id.isprintable())


def exchanged(name: str, items: tuple[Item, ...]) -> list[Item]:
    """Export items, import what was written, and return what came of it, bare of lines."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "out"
        export_packs([pack(*items)], find_exporter(name.removesuffix("-csv")), folder)
        file = {"langsmith": "examples.jsonl", CSV: "examples.csv"}.get(name, "")
        found = import_items(folder / file)
    assert found.problems == ()
    assert not [note for note in found.notes if "left out '" in note]
    return [replace(item, line=0) for item in found.items]


@pytest.mark.parametrize("name", [*FORMATS, CSV])
def test_hostile_items_come_back_the_same(name: str) -> None:
    """Export and import again gives each field of the hostile items letter by letter."""
    wanted = [replace(item, **LOST_IN_CSV) if name == CSV else item for item in PRINTABLE]
    if name == CSV:  # RFC 4180 has no control characters
        wanted = [replace(one, context=one.context.replace("\x85", "")) for one in wanted]
    found = exchanged(name, PRINTABLE)
    for item, again in zip(wanted, found, strict=True):
        tolerance = again.tolerance
        assert replace(again, tolerance=None) == replace(item, tolerance=None)
        assert str(tolerance) == str(item.tolerance)


def test_a_folder_exported_comes_back_once(tmp_path: Path) -> None:
    """Of one file in two formats one is read, and the other told: LangSmith has both."""
    export_packs([pack(*PRINTABLE)], find_exporter("langsmith"), tmp_path / "out")
    found = import_items(tmp_path / "out")
    assert [item.id for item in found.items] == [item.id for item in PRINTABLE]
    csv = tmp_path / "out" / "examples.csv"
    assert f"{csv}: left out, examples.jsonl is taken" in found.notes


TEXTS = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
    ).filter(str.strip),
    st.sampled_from(
        ['["a", "b"]', "{}", "{{7*7}}", "file://x", "=1", "1999-12-31", "null", "a, b"]
    ),
)
IDS = st.text("abcXYZ019-_./{}'\"é漢", min_size=1, max_size=6)


@st.composite
def items(draw: st.DrawFn) -> tuple[Item, ...]:
    """Up to three items with whatever a pack can hold."""
    made = []
    for name in draw(st.lists(IDS, min_size=1, max_size=3, unique=True)):
        targets = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
        made.append(
            Item(
                id=name,
                text=draw(TEXTS),
                label=targets[0],
                aliases=tuple(targets[1:]),
                answer_type=draw(st.sampled_from(["", "text", "number"])),
                tolerance=draw(st.sampled_from([None, 0.5, "1%"])),
                forbidden=tuple(draw(st.lists(TEXTS, max_size=1))),
                context=draw(st.one_of(st.just(""), TEXTS)),
                lang=draw(st.sampled_from(["und", "en", "zh-Hant"])),
                tags=draw(st.dictionaries(st.sampled_from(["level", "topic"]), TEXTS, max_size=2)),
                concept=draw(st.one_of(st.just(""), IDS)),
            )
        )
    return tuple(made)


@settings(max_examples=10, deadline=None)
@given(made=items())
@pytest.mark.parametrize("name", FORMATS)
def test_any_items_come_back_the_same(name: str, made: tuple[Item, ...]) -> None:
    """For every format, whatever a pack can hold survives export and import."""
    assert exchanged(name, made) == list(made)


def write(folder: Path, name: str, content: Any) -> Path:
    """Write a file: text as it is, a list of rows as JSON Lines, an object as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, list):
        content = "".join(json.dumps(row) + "\n" for row in content)
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, "utf-8", newline="")
    return path


PASSAGE = "The Normans came from Normandy, in France."
SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Normans",
            "paragraphs": [
                {
                    "context": PASSAGE,
                    "qas": [
                        {
                            "id": "56dd",
                            "question": "Where is Normandy?",
                            "answers": [
                                {"text": "France", "answer_start": 35},
                                {"text": "in France", "answer_start": 32},
                                {"text": "France", "answer_start": 35},
                            ],
                            "is_impossible": False,
                        },
                        {"id": "5ad3", "question": "Why?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ],
}
YES = {"id": "a", "text": "Sky?", "label": "blue", "aliases": ("azure",)}
TASK = """\
task: sky
dataset_path: json
dataset_kwargs: {data_files: {train: other.jsonl, test: docs/test.jsonl}}
test_split: test
doc_to_text: "Q: {{q}}\\nA:"
doc_to_target: "{{a}}"
"""
CARD = """\
---
configs:
- config_name: default
  data_files:
  - split: test
    path: data.csv
---
# Sky
"""
PROMPTFOO = """\
prompts: ['{{question}}']
tests:
  - vars: {question: "Sky?", locale: en}
    assert:
      - type: icontains-any
        value: [blue, azure]
      - {type: contains-any, value: "blue, sky blue"}
      - {type: not-contains, value: green}
      - {type: llm-rubric, value: is friendly}
    metadata: {id: a, Level 1: easy}
"""


@pytest.mark.parametrize(
    ("files", "wanted", "notes"),
    [
        (
            {"x.json": json.dumps([{"text": "Sky?", "label": "blue", "sha256": "0"}])},
            {"text": "Sky?", "label": "blue"},
            [],
        ),
        (
            {"x.jsonl": [{"id": 1, "title": "T", "question": "Sky?", "context": "The sky is blue.",
              "answers": {"text": ["blue", "azure"], "answer_start": [11]}}]},
            {"id": "1", "text": "Sky?", "label": "blue", "aliases": ("azure",),
             "context": "The sky is blue.", "tags": {"title": "T"}},
            ["x.jsonl: left out 'answers.answer_start' of 1 row"],
        ),
        (
            {"x.csv": "\ufeffFrage;Antwort;Stufe;Rest\r\n'=1+1?;zwei;\"leicht;\n\";x\r\n"},
            {"text": "=1+1?", "label": "zwei", "lang": "de", "tags": {"stufe": "leicht;\n"}},
            ["x.csv: left out 'Rest' of 1 row"],
        ),
        (
            {"x.tsv": 'question\tanswers\tdifficulty\nSky?\t["blue", "azure"]\teasy\n'},
            {"text": "Sky?", "label": "blue", "aliases": ("azure",),
             "tags": {"difficulty": "easy"}},
            [],
        ),
        (
            {"x.jsonl": [{"prompt": "Sky?", "reference": 7, "language": "en", "n": [1]}]},
            {"text": "Sky?", "label": "7", "lang": "en"},
            ["x.jsonl: left out 'n' of 1 row"],
        ),
        (
            {"registry/data/s/x.jsonl": [{"input": [{"role": "system", "content": "Be brief."},
              {"role": "user", "content": "Sky?"}], "ideal": ["blue", "azure"]}]},
            {"text": "Be brief.\n\nSky?", "label": "blue", "aliases": ("azure",)},
            [],
        ),
        (
            {"x.jsonl": [{"input": "Sky?", "target": "B", "choices": ["red", "blue"], "id": 3,
              "metadata": {"n": 1, "deep": {"er": 1}}}]},
            {"id": "3", "text": "Sky?\n\nA) red\nB) blue", "label": "B", "answer_type": "choice",
             "tags": {"n": "1"}},
            ["x.jsonl: left out 'metadata.deep' of 1 row"],
        ),
        (
            {"promptfooconfig.yaml": PROMPTFOO},
            {**YES, "aliases": ("azure", "sky blue"), "forbidden": ("green",),
             "tags": {"Level_1": "easy"}},
            ["promptfooconfig.yaml: tag 'Level 1' is called 'Level_1' in 1 row",
             "promptfooconfig.yaml: left out 'vars.locale' of 1 row",
             "promptfooconfig.yaml: left out 'assert.llm-rubric' of 1 row"],
        ),
        (
            {"c.yaml": "prompts: [a]\ntests: [file://t.jsonl]\n",
             "t.jsonl": [{"vars": {"q": "Sky?"}, "assert": [{"type": "equals", "value": "blue"}]}]},
            {"text": "Sky?", "label": "blue"},
            [],
        ),
        (
            {"sky.yaml": TASK, "other.jsonl": [], "docs/test.jsonl": [{"q": "Sky?", "a": "blue"}]},
            {"text": "Sky?", "label": "blue"},
            ["sky.yaml: left out of doc_to_text: 'Q: \\nA:'",
             "sky.yaml: left out the splits 'train'"],
        ),
        (
            {"README.md": CARD, "data.csv": "question,answer\nSky?,blue\n", "z.json": "[]"},
            {"text": "Sky?", "label": "blue"},
            [],
        ),
        (
            {"g.json": json.dumps([{"input": "Sky?", "expected_output": "blue", "name": "a",
              "context": ["One.", "Two."], "actual_output": "x",
              "additional_metadata": {"aliases": ["azure"]}}])},
            {**YES, "context": "One.\n\nTwo."},
            ["g.json: left out 'actual_output' of 1 row"],
        ),
    ],
)  # fmt: skip
def test_each_format_is_told_by_its_content(
    tmp_path: Path, files: dict[str, Any], wanted: dict[str, Any], notes: list[str]
) -> None:
    """A folder of each format gives the item that it holds, and says what was left out of it."""
    for name, content in files.items():
        write(tmp_path, name, content)
    columns = {"Frage": "text", "Antwort": "label", "Stufe": "tags.stufe"}
    found = import_items(
        tmp_path,
        columns=columns if "x.csv" in files else None,
        language="de" if "x.csv" in files else "und",
    )
    (item,) = found.items
    unsaid = {"id": item.id, "line": item.line}
    assert item == Item(**{**unsaid, **wanted})
    said = [note.replace(str(tmp_path), "").lstrip("/\\") for note in found.notes]
    assert said == notes
    assert found.problems == ()


def test_squad_becomes_a_pack_but_for_what_has_no_answer(cli: Cli, tmp_path: Path) -> None:
    """A question without an answer stops the import, or is skipped by name; the pack is valid."""
    write(tmp_path, "squad.json", SQUAD)
    stopped = cli("pack", "import", "squad.json")
    assert stopped.code == 2
    assert stopped.err.splitlines() == [
        "error: squad.json:4: the question 5ad3 has no answer in its passage; an item needs one",
        "error: squad.json: 1 row cannot be mapped; mend them, or give --skip-unmapped",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["squad.json"]
    ended = cli("pack", "import", "squad.json", "--language", "en", "--skip-unmapped", "-o", "p")
    assert ended.code == 0
    assert ended.err.startswith("note: squad.json: left out 'answers.answer_start' of 1 row\nskip")
    assert ended.out.startswith("p: 1 item from SQuAD, 1 row skipped\n")
    assert cli("pack", "validate", "p").out == "p: valid, 1 item\n"
    (item,) = load_pack(str(tmp_path / "p")).items
    assert (item.id, item.targets, item.lang) == ("56dd", ("France", "in France"), "en")
    assert (item.tags, item.context) == ({"title": "Normans"}, PASSAGE)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", "a,b\n1,2\n", "x.csv: is in no format known: the first row has 'a', 'b'"),
        ("x.csv", "text,label\nSky?,blue,green\n", "x.csv:2: has 3 cells, the first line 2"),
        ("x.csv", 'text,label\nSky?,"blue\n', "x.csv:2: is not a valid table: unexpected end"),
        ("x.csv", "text,label\nSky?,\n", "x.csv:2: 'label' is ''; give a text"),
        ("x.csv", "input,output\nSky?,\n", "x.csv:2: has no label but 'output'; name it by"),
        ("x.csv", "text,text\nSky?,\n", "x.csv:1: the columns 'text' stand twice"),
        ("x.jsonl", '{"text": "a", "label": "b"}\n{"text": 1\n', "x.jsonl:2: is not valid JSON"),
        ("x.jsonl", '{"input": "a", "ideal": []}\n', "x.jsonl:1: 'ideal' is empty; give"),
        ("x.jsonl", '{"input": "a", "target": {}}', "x.jsonl:1: 'target' is '{}'; give a text"),
        ("x.jsonl", '{"id":"a","text":"q","label":"a"}\n' * 2, "x.jsonl:2: id 'a' is taken by"),
        ("x.jsonl", '{"vars":{"q":"file:///etc/passwd"}}\n', "x.jsonl:1: its question is read"),
        ("x.jsonl", '{"vars":{"q":"a"},"assert":[{"type":"llm-rubric"}]}\n', "('llm-rubric')"),
        ("x.json", "[1]", "x.json:1: an item is a JSON object"),
        ("x.yaml", "a: &a [x]\nb: *a\n", "x.yaml:2: refers to an anchor"),
        ("x.yaml", "- text: !!python/object/apply:os.system [id]\n", "would run code"),
        ("x.yaml", "a: [\n", "is not valid YAML"),
        ("x.yaml", "[" * 2000, "x.yaml: is nested too deeply"),
        ("x.yaml", "tests: ../../etc/passwd\n", "leads out of the pack by '..'"),
        ("x.yaml", "tests: file:///etc/passwd\n", "is an absolute path"),
        ("x.yaml", "task: x\ndoc_to_text: a\ndataset_path: squad\n", "which is not fetched"),
        ("x.yaml", "task: x\ndoc_to_text: '{{a}} {{b}}'\ndataset_kwargs: {data_files: d}\n",
         "which shows no single column"),
        ("README.md", "---\nconfigs: [{data_files: a.parquet}]\n---\n", "add the file"),
        ("x.parquet", "PAR1", "'.parquet' is none of '.json'"),
        ("croissant.json/x", "", "it is a pack already"),
        ("empty.jsonl", "", "holds no rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_by_its_line(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    """A file that means harm, or nothing, ends in one printable line for each fault, at once."""
    path = write(tmp_path, name, content)
    try:
        found = import_items(tmp_path if name.startswith("croissant") else path)
        problems = found.problems
    except PackError as error:
        problems = error.problems
    assert said in str(problems[-1]).replace(f"{tmp_path}{os.sep}", "")
    assert len(problems) == 1
    assert str(problems[0]).isprintable()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["x.csv", "--from", "squat"],
            "--from squat: there is no such format; did you mean",
        ),
        (["x.csv", "--map", "text"], "--map text: write COLUMN=FIELD"),
        (["x.csv", "--map", "a=lable"], "--map a=lable: an item has no such field; did you mean"),
        (["x.csv", "--map", "a=text", "--map", "b=text"], "'text' is given two columns"),
        (["x.csv", "--map", "a=text", "--from", "squad"], "--map is for tables"),
        (["x.csv", "--language", "x y"], "--language x y: give a BCP 47 tag"),
        (["x.csv", "-o", "."], "is not an empty folder and was left as it is"),
        (["no.csv"], "no.csv: cannot be read: No such file or directory"),
    ],
)
def test_wrong_usage_of_import_ends_in_one_sentence(
    cli: Cli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """What cannot be done is said in one line, ends in 2 and writes nothing."""
    write(tmp_path, "x.csv", "text,label\nSky?,blue\n")
    ended = cli("pack", "import", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


KEYS = st.sampled_from(
    "text label input ideal target choices id metadata vars assert item targets tags aliases name "
    "question answers context data qas paragraphs expected_output inputs outputs expectations "
    "user_input reference retrieved_contexts additional_metadata role content type value "
    "title is_impossible answer_type tolerance forbidden lang concept messages".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["", "x", "user", "equals"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=6), max_size=4))
@pytest.mark.parametrize("name", ["", *NAMES])
def test_whatever_a_row_holds_it_is_an_item_or_a_problem(name: str, rows: list[Any]) -> None:
    """Each row of any shape becomes an item or is told by its line, in every format."""
    with tempfile.TemporaryDirectory() as place:
        path = write(Path(place), "x.jsonl", rows)
        try:
            found = import_items(path, format=name)
        except PackError:
            return
    lines = {item.line for item in found.items} | {one.line for one in found.problems}
    assert lines == set(range(1, len(rows) + 1))


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in a folder, or one that a configuration names, is not read."""
    secret = write(tmp_path, "secret.jsonl", [{"text": "a", "label": "b"}])
    folder = tmp_path / "folder"
    write(folder, "x.yaml", "prompts: [a]\ntests: file://t.jsonl\n")
    try:
        (folder / "t.jsonl").symlink_to(secret)
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(InputError, match="behind a symlink"):
        import_items(folder)
    (folder / "x.yaml").unlink()
    with pytest.raises(InputError, match="holds no rows"):
        import_items(folder)


def test_what_is_imported_is_valid_and_named_for_a_shell(cli: Cli, tmp_path: Path) -> None:
    """Rows without tags make a pack without findings; the next command can be copied."""
    write(tmp_path, "q.csv", "question,answer\nWhere is Rome?,Italy\nWhere is Oslo?,Norway\n")
    ended = cli("pack", "import", "q.csv", "-o", "it's mine")
    command = shlex.split(ended.out.partition("Next: tqb ")[2])
    assert command == ["pack", "validate", "it's mine"]
    assert cli(*command).out == "it's mine: valid, 2 items\n"


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.yaml"])
def test_an_empty_file_holds_no_rows(tmp_path: Path, name: str) -> None:
    """It is said that a file is empty, whatever its format, and not how to name columns."""
    (tmp_path / name).touch()
    with pytest.raises(PackError, match="holds no rows; name a file that does"):
        import_items(tmp_path / name)
