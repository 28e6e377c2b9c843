"""Files nobody vouches for → documents: rows, each with its line.

All are read within the bounds of `tqb.packs.reading`. YAML is read without tags and anchors, so
that nothing is run and nothing unfolds.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqb.errors import PackError
from tqb.packs.messages import clean, listed, quoted, refuse
from tqb.packs.reading import (
    MAX_ARRAY_BYTES,
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    MAX_PROBLEMS,
    Row,
    decode,
    open_regular,
    parse,
    read_array,
    read_lines,
)
from tqb.types import Problem

if TYPE_CHECKING:
    import yaml

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml")
FORMULA = re.compile(r"\A'(?=[=+\-@\t\r\n＝＋－＠])")
"""An apostrophe that keeps a spreadsheet from computing a cell."""
Lines = Mapping[str, Sequence[int]]
"""Lines on which the elements of an object's lists begin, by key."""
_TAG = "tag:yaml.org,2002:"
_PLAIN = frozenset(f"{_TAG}{kind}" for kind in "null bool int float str seq map timestamp".split())
"""Tags of YAML that mean a value of JSON, or a text."""
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as rows."""

    path: Path
    rows: Sequence[Row]
    problems: tuple[Problem, ...] = ()
    """One for each line that is no row."""
    whole: Mapping[str, Any] | None = None
    """The object that the file is, where it is one; then it has no rows."""
    lines: Lines = field(default_factory=dict)


def read_document(path: Path) -> Document:
    """Read a file of rows, as its suffix says.

    Raises:
        PackError: it cannot be read at all, or has more faults than are listed.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _read_table(path, "\t" if suffix == ".tsv" else None)
    if suffix in (".yaml", ".yml"):
        return read_yaml(path)
    if suffix == ".json":
        return _read_json(path)
    if suffix not in SUFFIXES:
        refuse(str(path), None, f"{quoted(suffix)} is none of {listed(SUFFIXES)}; save it as one")
    return _read_lines(path)


def _read_json(path: Path) -> Document:
    """Read an array, an object, or objects that stand on lines of their own."""
    with open_regular(path) as stream:
        start = stream.read(4096).lstrip()
    if not start.startswith(b"{"):
        return Document(path, read_array(path).rows)
    text = _text(path, MAX_ARRAY_BYTES)
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") for line in lines):
        return _read_lines(path)
    values = parse(text, str(path), None, MAX_METADATA_DEPTH)
    return Document(path, (), whole=values, lines=_element_lines(text))


def _read_lines(path: Path) -> Document:
    found = read_lines(path)
    if len(found.problems) >= MAX_PROBLEMS:
        raise PackError(found.problems)
    return Document(path, found.rows, found.problems)


def _text(path: Path, limit: int) -> str:
    with open_regular(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        refuse(str(path), None, f"is longer than {limit:,} bytes; split it")
    return decode(data.removeprefix(b"\xef\xbb\xbf"), str(path), 1)


def _element_lines(text: str) -> Lines:
    """Return the lines on which the elements of an object's lists begin, by key."""
    decoder, found = json.JSONDecoder(), {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if text[at] == "[":
            starts, at = _element_starts(text, at, decoder)
            found[key] = [1 + text.count("\n", 0, start) for start in starts]
        else:
            _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _element_starts(text: str, at: int, decoder: json.JSONDecoder) -> tuple[list[int], int]:
    starts = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        starts.append(at)
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return starts, at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _read_table(path: Path, delimiter: str | None) -> Document:
    """Read a table with a line of names; the comma of a .csv may be a semicolon."""
    text = _text(path, MAX_ARRAY_BYTES)
    head = text.partition("\n")[0]
    delimiter = delimiter or max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names, path)
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(names):
                said = f"has {len(cells)} cells, the first line {len(names)}; quote the delimiter"
                problems.append(Problem(str(path), start, said))
            elif any(cells):
                values = [
                    FORMULA.sub("", cell, count=1) if cell[:1] == "'" else cell for cell in cells
                ]
                rows.append(Row(start, dict(zip(names, values, strict=False))))
            start = reader.line_num + 1
    except csv.Error as error:
        refuse(str(path), reader.line_num, f"is not a valid table: {error}; mend it there")
    if len(problems) >= MAX_PROBLEMS:
        raise PackError(problems[:MAX_PROBLEMS])
    return Document(path, tuple(rows), tuple(problems))


def _check_names(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if len(names) > 1000 or twice or not all(names):
        said = f"the columns {listed(twice)} stand twice" if twice else "a column has no name"
        refuse(str(path), 1, f"{said}; the first line names each column once")


def read_yaml(path: Path) -> Document:
    """Read a YAML file; see `parse_yaml`."""
    value, lines = parse_yaml(_text(path, MAX_METADATA_BYTES), str(path))
    if value is None:
        return Document(path, ())
    if isinstance(value, dict):
        return Document(path, (), whole=value, lines=lines)
    if not isinstance(value, list) or not all(isinstance(child, dict) for child in value):
        refuse(str(path), 1, f"holds {quoted(value)}, no list of objects; each item is one")
    rows = zip(lines[""], value, strict=True)
    return Document(path, tuple(Row(line, child) for line, child in rows))


def parse_yaml(text: str, file: str, first: int = 1) -> tuple[Any, Lines]:
    """Read YAML that begins on this line of a file.

    Returns:
        The value, and the lines on which elements begin: of the list that it is under an empty
        key, of those in the object that it is by their keys.

    Raises:
        PackError: it is no YAML, or has tags, references to anchors, or keys that are no texts.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Composes nodes, none of them twice."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                refuse(file, first + self.line, "refers to an anchor; write the value out there")
            return super().compose_node(parent, index)

    try:
        node = yaml.compose(text, Loader=Loader)
        value = None if node is None else _value(node, file, first, 1)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = clean(str(getattr(error, "problem", None) or error))
        refuse(file, first + mark.line if mark else None, f"is not valid YAML: {said}; mend it")
    except RecursionError:
        refuse(file, None, f"is nested too deeply; {MAX_METADATA_DEPTH} levels are the most")
    lists = {"": node}
    if isinstance(node, yaml.MappingNode):
        lists |= {str(key.value): child for key, child in node.value}
    return value, {
        key: [first + child.start_mark.line for child in found.value]
        for key, found in lists.items()
        if isinstance(found, yaml.SequenceNode)
    }


def _value(node: yaml.Node, file: str, first: int, depth: int) -> Any:
    """Return what a node means, with no types but those of JSON: a date stays a text."""
    import yaml

    line = first + node.start_mark.line
    if depth > MAX_METADATA_DEPTH:
        refuse(file, line, f"is nested too deeply; {MAX_METADATA_DEPTH} levels are the most")
    if node.tag not in _PLAIN:
        refuse(file, line, f"{quoted(node.tag)} would run code or is no JSON; write the value out")
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, file, first, depth + 1) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        pairs = [(_value(key, file, first, depth + 1), child) for key, child in node.value]
        if not all(isinstance(key, str) for key, _ in pairs):
            refuse(file, line, "a key is no text; put it in quotes")
        return {key: _value(child, file, first, depth + 1) for key, child in pairs}
    return _scalar(str(node.value), node.tag.removeprefix(_TAG))


def _scalar(text: str, kind: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("yes", "true", "on")
    number = re.fullmatch(r"[-+]?(0|[1-9]\d{0,300})(\.\d{1,300})?", text)
    if kind in ("int", "float") and number:
        return float(text) if number[2] else int(text)
    return text


def elements(whole: Mapping[str, Any], key: str, lines: Lines) -> Iterator[Row]:
    """Yield the objects in a list of an object as rows; what is no object becomes an empty one."""
    begins = lines.get(key, ())
    for number, value in enumerate(whole[key]):
        line = begins[number] if number < len(begins) else 1
        yield Row(line, dict(value) if isinstance(value, dict) else {})
