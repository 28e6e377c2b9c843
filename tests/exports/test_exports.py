"""`tqb export`: files of other tools, whatever stands in the items."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Cli, bare_environment
from tests.exports.make import HOSTILE, NUL, answer, pack
from tests.openai_server import OpenAIServer
from tqb.errors import ConfigError
from tqb.exports import Exporter, export_packs, find_exporter, registry
from tqb.formats.csv import FORMULA

ROOT = Path(__file__).parents[2]
FORMATS = tuple(registry.BUILT_IN)
DATA = (".json", ".jsonl", ".yaml", ".csv")
HIDDEN = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def exported(folder: Path, name: str, *items: Any) -> dict[str, str]:
    """Export the hostile items, or these; return the text of each file by its path."""
    paths = export_packs([pack(*items)], find_exporter(name), folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in paths}


def parsed(path: str, text: str) -> Any:
    """What a reader of the format finds in a file of data."""
    if path.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(text)))
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)


def strings(value: Any) -> Iterator[str]:
    """All texts in a parsed file, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from strings(child)


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_content_is_data_and_nothing_else(tmp_path: Path, name: str) -> None:
    """Data files parse, line by line, and hold each text whole; no other file has a word of it."""
    files = exported(tmp_path, name)
    innocent = exported(tmp_path / "innocent", name, replace(HOSTILE[0], text="a", label="b"))
    found: set[str] = set()
    for path, text in files.items():
        if path.endswith(DATA) and "promptfooconfig" not in path:
            assert not HIDDEN.search(text) or path.endswith(".csv")
            found |= set(strings(parsed(path, text)))
        elif path != "README.md":
            assert text == innocent[path]
    wanted = {text for item in HOSTILE for text in (item.text, *item.targets, item.id)}
    assert wanted <= found
    assert {item.context for item in HOSTILE if item.context} <= found
    assert {tag for item in HOSTILE for tag in item.tags.values()} <= found
    assert "49" not in "".join(files.values())


@pytest.mark.parametrize("name", FORMATS)
def test_nul_and_half_characters_are_left_out(tmp_path: Path, name: str) -> None:
    """What no file of text can hold is in none of the files, as it is or escaped."""
    text = "".join(exported(tmp_path, name, *HOSTILE, NUL).values())
    assert "\0" not in text
    assert "\\u0000" not in text.lower()
    assert "\\ud800" not in text.lower()


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    """A cell that a spreadsheet could compute begins with an apostrophe."""
    table = parsed("x.csv", exported(tmp_path, "langsmith")["examples.csv"])
    assert [row["question"] for row in table][2] == "'" + HOSTILE[2].text
    assert not [cell for row in table for cell in row.values() if cell.startswith(FORMULA)]


def test_the_pytest_export_runs(tmp_path: Path) -> None:
    """The files for pytest run without tqb: four of the five hostile items pass."""
    exported(tmp_path, "pytest")
    with OpenAIServer(answer) as server:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:tqb"],
            cwd=tmp_path,
            env=bare_environment(OPENAI_BASE_URL=server.url),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert "1 failed, 4 passed" in done.stdout


def test_export_writes_over_nothing_unless_told(cli: Cli, tmp_path: Path) -> None:
    """A second export is refused, and replaces the files with --force."""
    command = ("export", "core-en", "--to", "inspect", "-o", "out")
    first = cli(*command)
    assert (first.code, first.err) == (0, "")
    assert first.out == (
        f"out: 52 items for Inspect AI, 3 files written\nNext: see {Path('out/README.md')}\n"
    )
    (tmp_path / "out" / "task.py").write_text("mine", "utf-8")
    again = cli(*command)
    assert again.code == 2
    assert f"{Path('out/samples.jsonl')} is there already: give --force" in again.err
    assert (tmp_path / "out" / "task.py").read_text("utf-8") == "mine"
    assert cli(*command, "--force").code == 0
    assert "inspect_ai" in (tmp_path / "out" / "task.py").read_text("utf-8")
    assert "inspect eval task.py" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_several_packs_go_into_folders_of_their_own(cli: Cli, tmp_path: Path) -> None:
    """Each of several packs has a folder below the output, called after it."""
    ended = cli("export", "core-en", "core-zh-hant", "--to", "lm-eval", "-o", "out")
    assert ended.code == 0, ended.err
    found = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*.yaml")}
    assert found == {"core_en/core_en.yaml", "core_zh_hant/core_zh_hant.yaml"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["core-en", "--to", "inspct", "-o", "out"], "no such format; did you mean 'inspect'?"),
        (["core-en", "--to", "zzz", "-o", "out"], "no such format; choose one of 'openai-evals'"),
        (["core-en", "-o", "out"], "`tqb export --list` has the formats"),
        (["core-en", "core-en/../core-en", "--to", "ragas", "-o", "o"], "no such file or folder"),
    ],
)
def test_wrong_usage_ends_in_one_sentence(
    cli: Cli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """What cannot be done is said in one line, ends in 2 and writes nothing."""
    ended = cli("export", *arguments)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert said in ended.err
    assert not list(tmp_path.iterdir())


def test_packs_of_one_name_are_refused(tmp_path: Path) -> None:
    """Two packs that would share a folder are refused before anything is written."""
    with pytest.raises(ConfigError, match="two packs are called 'a_b'"):
        export_packs([pack(name="a b"), pack(name="A-B")], find_exporter("ragas"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "a/../b", "c:x", "a\\b", ".hidden", ""])
def test_an_exporter_stays_in_its_folder(tmp_path: Path, path: str) -> None:
    """A third party's exporter that would write elsewhere is refused."""
    rogue = replace(find_exporter("ragas"), name="rogue", write=lambda pack: {path: "x"})
    with pytest.raises(ConfigError, match="no plain path below the folder"):
        export_packs([pack()], rogue, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_third_party_adds_a_format(cli: Cli, tmp_path: Path) -> None:
    """An installed package's entry point is listed and used; a broken one is told in one line."""
    (tmp_path / "theirs.py").write_text(
        "from tqb.exports import Exporter\n"
        "def write(pack):\n"
        "    return {'n.txt': f'{len(pack.items)} items'}\n"
        "COUNT = Exporter('count', 'Counter', 'true', 'cat n.txt', 'All.', write)\n"
        "WRONG = 1\n",
        "utf-8",
    )
    metadata = tmp_path / "theirs-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[tqb.exports]\ncount = theirs:COUNT\nwrong = theirs:WRONG\ngone = theirs:GONE\n"
    )
    env = {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    listed = cli("export", "--list", env=env).out
    assert "count: Counter\n" in listed
    assert "gone: the exporter 'gone' of theirs:GONE cannot be loaded: AttributeError" in listed
    assert "wrong: the exporter 'wrong' of theirs:WRONG is a int" in listed
    assert cli("export", "core-en", "--to", "count", "-o", "out", env=env).code == 0
    assert (tmp_path / "out" / "n.txt").read_text("utf-8") == "52 items"
    assert cli("export", "core-en", "--to", "gone", "-o", "out2", env=env).code == 2


def test_the_list_and_the_documentation_say_what_each_format_loses(cli: Cli) -> None:
    """The list is what the exporters say of themselves; so is the table of the documentation."""
    listed = cli("export", "--list").out
    page = (ROOT / "docs" / "how-to" / "exports.md").read_text("utf-8")
    rows = []
    for name in FORMATS:
        exporter: Exporter = find_exporter(name)
        lost = ", ".join(f"`{field}`" for field in exporter.lost) or "nothing"
        rows.append(f"| `{name}` | {exporter.title} | {lost} | {exporter.loses} |")
        assert f"{name}: {exporter.title}\n" in listed
        assert exporter.loses in listed
    head = (
        "| `--to` | tool | left out of the files | how answers are read there |\n|---|---|---|---|"
    )
    assert "\n".join([head, *rows]) in page


def test_the_format_of_ones_own_works_as_documented(tmp_path: Path) -> None:
    """The example of the documentation is an exporter; its README says what it leaves out."""
    page = (ROOT / "docs" / "how-to" / "exports.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0], names)
    export_packs([pack()], names["ACME"], tmp_path / "out")
    assert (tmp_path / "out" / "questions.txt").read_text("utf-8").startswith(HOSTILE[0].text)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Left out of the files: `label`, `aliases`, `context`, `tags`. A person reads" in card
