"""What an importer is, and what importers have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tqb.imports.reading import Lines
from tqb.packs.messages import listed, quoted
from tqb.packs.reading import Row
from tqb.types import Item, Problem

Fields = dict[str, Any]

QUESTIONS = tuple("text question input query prompt user_input instruction problem".split())
"""Names under which a question is looked for, the first that is there."""
ANSWERS = (
    *("label", "answer", "answers", "target", "targets", "expected_output", "expected_response"),
    *("expected", "expected_answer", "ideal", "reference", "ground_truth", "output", "solution"),
)
"""Names under which the answer is looked for."""

_KNOWN = (
    *("id", "aliases", "answer_type", "tolerance", "forbidden"),
    *("context", "lang", "tags", "concept"),
)


class Unmapped(Exception):  # noqa: N818 (it names what the row is, and ends nothing)
    """A row that is no item; the message says why, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Reads the items of one format."""

    name: str
    """As `--from` takes it."""
    title: str
    """What the format is called."""
    knows: Callable[[Mapping[str, Any]], bool]
    """Whether a row is one of this format."""
    item: Callable[[Fields], Fields]
    """Takes out of a row what it understands, and returns it by key of an item.

    What stays in the row is told as left out. Raises `Unmapped`.
    """
    unpack: Callable[[Mapping[str, Any], Lines], Iterable[Row]] | None = None
    """Returns the rows in the object that a file is; None where no file of the format is one."""
    opens: Callable[[Mapping[str, Any]], bool] = lambda whole: False
    """Whether the object that a file is, is one of this format."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file or folder holds."""

    items: tuple[Item, ...]
    problems: tuple[Problem, ...]
    """One for each row that is no item."""
    notes: tuple[str, ...]
    """What was left out of rows that are, and what was renamed."""
    formats: tuple[str, ...]
    """Titles of the formats found."""


def has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what tells whether a row has all of these keys."""
    return lambda row: all(key in row for key in keys)


def text_of(value: Any, what: str) -> str:
    """Return a text, or a number as one.

    Raises:
        Unmapped: it is neither, or empty.
    """
    if value is None:
        raise Unmapped(f"has no {what}; give a text")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise Unmapped(f"{what} is {quoted(value)}; give a text")
    return value


def as_text(value: Any) -> str:
    """Return a text or a number as a text; nothing for anything else."""
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return str(value) if plain else ""


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as an empty one, and any other value as the only one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def targets_of(value: Any, what: str) -> Fields:
    """Return label and aliases of one answer, or of a list of them, without repetitions.

    Raises:
        Unmapped: there is none, or one is no text.
    """
    texts = list(dict.fromkeys(text_of(one, what) for one in as_list(value)))
    if not texts:
        raise Unmapped(f"{what} is empty; give an answer")
    return {"label": texts[0], "aliases": texts[1:]}


def question_of(value: Any, what: str) -> str:
    """Return the question of a text, or of a conversation with a single user turn.

    What the system says stands before it.

    Raises:
        Unmapped: it is neither.
    """
    if not isinstance(value, list):
        return text_of(value, what)
    roles = [str(turn.get("role")) if isinstance(turn, dict) else "" for turn in value]
    if roles.count("user") != 1 or not set(roles) <= {"system", "developer", "user"}:
        raise Unmapped(
            f"{what} has the turns {listed(roles) or 'none'}; an item is one user turn, "
            "with a system's before it or without"
        )
    return "\n\n".join(_said(turn.get("content"), what) for turn in value)


def _said(content: Any, what: str) -> str:
    if isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" for part in content
    ):
        return "\n".join(text_of(part.get("text"), what) for part in content)
    return text_of(content, what)


def take_first(fields: Fields, names: Iterable[str], what: str) -> Any:
    """Take the value of the first name that is there.

    Raises:
        Unmapped: none is.
    """
    for name in names:
        if fields.get(name) not in (None, ""):
            return fields.pop(name)
    raise Unmapped(
        f"has no {what} but {listed(fields) or 'nothing'}; name it by --map COLUMN=FIELD"
    )


def take_details(fields: Fields, key: str) -> Fields:
    """Take the fields of an item out of the metadata under a key; plain values become tags.

    What is neither stays under the key.
    """
    metadata = fields.pop(key, None)
    if not isinstance(metadata, dict):
        if metadata:
            fields[key] = metadata
        return {}
    rest = dict(metadata)
    found = {name: rest.pop(name) for name in _KNOWN if name in rest}
    found |= {name: as_list(found[name]) for name in ("aliases", "forbidden") if name in found}
    if not isinstance(found.get("tags", {}), dict):
        rest["tags"] = found.pop("tags")
    plain = {name: value for name, value in rest.items() if isinstance(value, (str, int, float))}
    left = {name: value for name, value in rest.items() if name not in plain}
    if left:
        fields[key] = left
    if plain:
        found["tags"] = {**plain, **found.get("tags", {})}
    return found


def with_targets(details: Fields, targets: Fields) -> Fields:
    """Return details with label and aliases; the aliases that they have already are kept."""
    aliases = [*targets["aliases"], *details.get("aliases", [])]
    return {**details, "label": targets["label"], "aliases": aliases}


def joined(value: Any, what: str) -> str:
    """Return a passage, or several with an empty line between them.

    Raises:
        Unmapped: one is no text.
    """
    return "\n\n".join(text_of(one, what) for one in as_list(value) if one not in (None, ""))


def take_question(row: Fields, key: str) -> str:
    """Take the question out of an object: by its name, or as the only value there.

    Raises:
        Unmapped: there is no such object, or no question in it.
    """
    inputs = row[key] = _copy(row, key)
    names = [name for name in QUESTIONS if name in inputs] or list(inputs)
    if len(inputs) > 1 and names == list(inputs):
        raise Unmapped(f"none of {listed(inputs)} is called 'question'; rename one")
    return question_of(take_first(inputs, names, "question"), f"the question in {key!r}")


def take_answers(row: Fields, key: str) -> Fields:
    """Take the answer and its aliases out of an object.

    Raises:
        Unmapped: there is no such object, or no answer in it.
    """
    outputs = row[key] = _copy(row, key)
    names = [name for name in ANSWERS if name in outputs] or list(outputs)[:1]
    targets = targets_of(take_first(outputs, names, "answer"), f"the answer in {key!r}")
    return {**targets, "aliases": [*targets["aliases"], *as_list(outputs.pop("aliases", None))]}


def _copy(row: Fields, key: str) -> Fields:
    value = row.get(key)
    if not isinstance(value, dict):
        raise Unmapped(f"{key!r} is no object; name the question or answer in it")
    return dict(value)
