"""Recipes: how packs are minted, as data in a folder.

A folder ``generators/<name>/`` holds

    recipe.toml        what it is called, its limits, and the names of the other files
    *.j2               templates: the system prompt, the order, the blind question, the second try
    item.schema.json   what the model writes for each item
    taxonomy.toml      topics by category, from which every batch is given other ones
    exemplars.jsonl    items that show the form, by language

A recipe may come from anyone: every file is read up to a limit of size, nothing outside of the
folder is opened, and no template can run code (`tqb.minting.templates`).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args

from tqb.errors import PackError, RecipeError
from tqb.minting.templates import compile_template
from tqb.packs.messages import clean, listed, nearest, quoted
from tqb.packs.reading import parse, read_lines, read_text
from tqb.scorers.languages import ALIASES
from tqb.types import AnswerType, Item, Message

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT = "general"
"""The recipe that is taken where none is named."""
RECIPE_FILE = "recipe.toml"
TEMPLATES = ("system", "user", "verify", "repair")
FIELDS = ("text", "label", "aliases", "context", "category", "difficulty", "answer_type", "concept")
"""What a model may write for an item."""

MAX_FILE_BYTES = 2**20
MAX_SCHEMA_DEPTH = 16
MAX_BATCH = 50
MAX_EXEMPLARS = 2_000

_PACKAGE = Path(__file__).resolve().parents[1]
_ROOTS = (_PACKAGE / "shipped" / "generators", _PACKAGE.parent / "generators")
"""Where recipes lie in a wheel, and in a checkout."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An item that shows the form."""

    lang: str
    text: str
    label: str
    aliases: tuple[str, ...]
    context: str
    answer_type: str
    category: str
    difficulty: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as a model would write it."""
        return {
            "text": self.text,
            "label": self.label,
            "aliases": list(self.aliases),
            "context": self.context,
            "category": self.category,
            "difficulty": self.difficulty,
            "answer_type": self.answer_type,
        }

    def as_item(self) -> Item:
        """Return it as an item, which no pack is to hold."""
        return Item(id="", text=self.text, label=self.label, aliases=self.aliases, lang=self.lang)


@dataclass(frozen=True, slots=True)
class ItemLimits:
    """Most characters of the parts of an item."""

    question: int = 300
    label: int = 80
    context: int = 400

    def as_dict(self) -> dict[str, int]:
        """Return them as templates see them."""
        return {"question": self.question, "label": self.label, "context": self.context}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How packs are minted."""

    name: str
    description: str
    version: str
    path: Path
    """The folder."""
    sha256: str
    """Hash over the names and the bytes of all its files, hexadecimal."""
    templates: Mapping[str, Callable[[Mapping[str, Any]], str]]
    """`system`, `user`, `verify` and `repair`: variables in, text out."""
    item_schema: Mapping[str, Any]
    """JSON Schema of one item."""
    taxonomy: Mapping[str, tuple[str, ...]]
    """Topics by category."""
    exemplars: tuple[Exemplar, ...]
    limits: ItemLimits
    batch: int
    """Items asked for in one request."""
    difficulties: tuple[str, ...]
    answer_types: tuple[str, ...]

    @property
    def reply_schema(self) -> dict[str, Any]:
        """JSON Schema of a whole reply: an object with the list ``items``."""
        items = {"type": "array", "items": dict(self.item_schema)}
        return {
            "type": "object",
            "properties": {"items": items},
            "required": ["items"],
            "additionalProperties": False,
        }

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that have exemplars, sorted."""
        return tuple(sorted({exemplar.lang for exemplar in self.exemplars}))

    def exemplars_for(self, lang: str) -> tuple[Exemplar, ...]:
        """Return the exemplars of a language; the English ones for one that has none."""
        tag = ALIASES.get(lang.lower(), lang)
        for wanted in (tag, tag.partition("-")[0], "en"):
            found = tuple(one for one in self.exemplars if one.lang == wanted)
            if found:
                return found
        return ()

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill in one of the templates; variables that are not given are empty.

        Raises:
            RecipeError: the template uses a variable that there is not, or writes too much.
        """
        return self.templates[template]({"limits": self.limits.as_dict(), **values})

    def messages(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """Return the order for a batch: the system prompt and one user turn.

        Raises:
            RecipeError: as `render`.
        """
        system, user = self.render("system", values), self.render("user", values)
        turns = (Message("system", system), Message("user", user))
        return tuple(turn for turn in turns if turn.content)


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes shipped, sorted."""
    root = next((root for root in _ROOTS if root.is_dir()), None)
    if root is None:
        return ()
    return tuple(sorted(found.parent.name for found in root.glob(f"*/{RECIPE_FILE}")))


def list_recipes() -> tuple[Recipe, ...]:
    """Load all recipes shipped, sorted by name."""
    return tuple(load_recipe(name) for name in shipped_recipes())


def load_recipe(source: str = DEFAULT) -> Recipe:
    """Load and check a recipe.

    Args:
        source: the name of a shipped recipe, the path of a folder, or of the recipe.toml in it.

    Raises:
        RecipeError: there is none, or something in it is wrong; the message says where.
    """
    folder = _locate(source)
    try:
        return _load(folder)
    except PackError as error:
        raise RecipeError(str(error.problems[0])) from None


def language_of(tag: str) -> dict[str, str]:
    """Return what templates know of a language: ``tag``, English ``name``, ``own_name``.

    A language that CLDR does not know is called by its tag.
    """
    from babel import Locale, UnknownLocaleError

    tag = ALIASES.get(tag.lower(), tag)
    try:
        locale = Locale.parse(tag, sep="-", resolve_likely_subtags=True)
    except (UnknownLocaleError, ValueError):
        return {"tag": tag, "name": tag, "own_name": tag}
    parts = tag.split("-")[1:]
    plain = Locale(
        locale.language,
        territory=locale.territory if any(len(part) == 2 for part in parts) else None,
        script=locale.script if any(len(part) == 4 for part in parts) else None,
    )
    name = plain.get_display_name("en") or locale.get_display_name("en") or tag
    own = plain.get_display_name(locale) or name
    return {"tag": tag, "name": name, "own_name": own}


def _locate(source: str) -> Path:
    path = Path(source)
    known = shipped_recipes()
    if source in known:
        return next(root / source for root in _ROOTS if (root / source).is_dir())
    if path.name == RECIPE_FILE and path.is_file():
        return path.parent
    if (path / RECIPE_FILE).is_file():
        return path
    said = f"no recipe is named {quoted(source)}: those shipped are {listed(known)}"
    hint = nearest(source, known)
    raise RecipeError(f"{clean(source)}: {said}; or give a folder with a {RECIPE_FILE}{hint}")


def _load(folder: Path) -> Recipe:
    files = _Files(folder)
    table = _Table(files, RECIPE_FILE)
    table.only(
        "name description version templates schema taxonomy exemplars limits batch difficulties "
        "answer_types"
    )
    named = table.get("templates", dict)
    if set(named) != set(TEMPLATES):
        table.fail("templates", f"names exactly {', '.join(TEMPLATES)}")
    templates = {
        kind: compile_template(files.read(_name(table, named[kind], "templates")), files.last)
        for kind in TEMPLATES
    }
    answer_types = table.strings("answer_types")
    unknown = [kind for kind in answer_types if kind not in get_args(AnswerType) or not kind]
    if unknown:
        kinds = ", ".join(filter(None, get_args(AnswerType)))
        table.fail("answer_types", f"does not know {quoted(unknown[0])}; write some of {kinds}")
    difficulties = table.strings("difficulties")
    schema = _schema(files, _name(table, table.get("schema", str), "schema"))
    taxonomy = _taxonomy(files, _name(table, table.get("taxonomy", str), "taxonomy"))
    exemplars = _exemplars(files, _name(table, table.get("exemplars", str), "exemplars"))
    return Recipe(
        name=table.get("name", str),
        description=table.get("description", str),
        version=table.get("version", str),
        path=folder,
        sha256=files.digest(),
        templates=templates,
        item_schema=schema,
        taxonomy=taxonomy,
        exemplars=exemplars,
        limits=_limits(table),
        batch=table.number("batch", 1, MAX_BATCH),
        difficulties=difficulties,
        answer_types=answer_types,
    )


class _Files:
    """The files of a recipe, each read once, and only those in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.last = ""
        """Path of the file read last, for messages."""

    def read(self, name: str) -> str:
        """Return the text of a file.

        Raises:
            PackError: it is missing, no regular file, too long, or not UTF-8.
            RecipeError: it is behind a symlink that leads out of the folder.
        """
        path = self.folder / name
        self.last = str(path)
        if path.resolve().parent != self.folder.resolve():
            raise RecipeError(f"{path}: lies outside of the recipe's folder; copy the file into it")
        self.texts[name] = read_text(path, MAX_FILE_BYTES)
        return self.texts[name]

    def digest(self) -> str:
        """Return one hash over the names and texts of all files read."""
        whole = hashlib.sha256()
        for name, text in sorted(self.texts.items()):
            for part in (name, text):
                data = part.encode()
                whole.update(f"{len(data)}:".encode() + data)
        return whole.hexdigest()


class _Table:
    """A TOML file, and where in it a key stands."""

    def __init__(self, files: _Files, name: str) -> None:
        self.text = files.read(name)
        self.file = files.last
        try:
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            where = f"{self.file}:{line[1]}" if line else self.file
            raise RecipeError(f"{where}: is not valid TOML: {error}; mend it there") from None
        except RecursionError:
            raise RecipeError(f"{self.file}: is nested too deeply; write plain tables") from None

    def fail(self, key: str, message: str) -> NoReturn:
        pattern = rf"^\s*\[?\s*[\"']?{re.escape(key)}[\"']?\s*[\]=]"
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(pattern, line):
                raise RecipeError(f"{self.file}:{number}: {key} {message}")
        raise RecipeError(f"{self.file}: {key} {message}")

    def only(self, keys: str) -> None:
        known = keys.split()
        for key in self.values:
            if key not in known:
                hint = nearest(key, known)
                self.fail(key, f"is no key of a recipe; write some of {', '.join(known)}{hint}")

    def get(self, key: str, kind: type) -> Any:
        value = self.values.get(key)
        if not isinstance(value, kind) or value in ("", {}):
            word = "a table" if kind is dict else "a text that is not empty"
            self.fail(key, f"is wanted as {word}; add it" if value is None else f"must be {word}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(_is_line(one) for one in value):
            self.fail(key, "must be a list of texts of one line, at least one; mend or add it")
        return tuple(value)

    def number(self, key: str, least: int, most: int, values: Any = None) -> int:
        value = (self.values if values is None else values).get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fail(key, f"must be a whole number from {least} to {most:,}; mend or add it")
        return value


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _name(table: _Table, value: Any, key: str) -> str:
    """Return the name of a file, which must be a plain one."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", value):
        table.fail(key, f"has {quoted(value)}, no plain file name; name a file in the same folder")
    return value


def _limits(table: _Table) -> ItemLimits:
    values = table.get("limits", dict)
    unknown = [key for key in values if key not in ("question", "label", "context")]
    if unknown:
        table.fail(unknown[0], "is no limit; write question, label and context")
    return ItemLimits(
        question=table.number("question", 10, 4_000, values),
        label=table.number("label", 1, 400, values),
        context=table.number("context", 10, 20_000, values),
    )


def _taxonomy(files: _Files, name: str) -> dict[str, tuple[str, ...]]:
    table = _Table(files, name)
    for category, entry in table.values.items():
        topics = entry.get("topics") if isinstance(entry, dict) and len(entry) == 1 else None
        if not isinstance(topics, list) or not topics or not all(map(_is_line, topics)):
            table.fail(category, "must hold `topics`, a list of texts of one line, and no more")
        if len(set(topics)) < len(topics):
            table.fail(category, "has a topic twice; keep one")
    if not table.values:
        raise RecipeError(f"{table.file}: holds no category; write [name] and topics = [...]")
    return {category: tuple(entry["topics"]) for category, entry in table.values.items()}


def _exemplars(files: _Files, name: str) -> tuple[Exemplar, ...]:
    files.read(name)
    found = read_lines(files.folder / name)
    if found.problems:
        raise PackError(found.problems)
    if len(found.rows) > MAX_EXEMPLARS:
        raise RecipeError(f"{files.last}: has more than {MAX_EXEMPLARS:,} lines; keep the best")
    return tuple(_exemplar(row.values, f"{files.last}:{row.line}") for row in found.rows)


def _exemplar(row: Mapping[str, Any], where: str) -> Exemplar:
    texts = ("lang", "text", "label", "context", "answer_type", "category", "difficulty")
    for key in texts:
        if not _is_line(row.get(key)):
            raise RecipeError(f"{where}: {key} must be a text of one line; add or mend it")
    unknown = [key for key in row if key not in (*texts, "aliases")]
    if unknown:
        known = ", ".join((*texts, "aliases"))
        raise RecipeError(f"{where}: {quoted(unknown[0])} is no key of an exemplar; write {known}")
    aliases = row.get("aliases", [])
    if not isinstance(aliases, list) or not all(map(_is_line, aliases)):
        raise RecipeError(f"{where}: aliases must be a list of texts; mend it")
    if row["label"] not in row["context"]:
        raise RecipeError(f"{where}: the label does not stand in the context; mend one of them")
    return Exemplar(aliases=tuple(aliases), **{key: row[key] for key in texts})


_SCHEMA_WORDS = frozenset(
    "$schema title description type properties required additionalProperties items enum const "
    "minLength maxLength minItems maxItems uniqueItems".split()
)
"""What an item's schema may use: no references and no patterns, and what providers understand."""


def _schema(files: _Files, name: str) -> dict[str, Any]:
    from jsonschema import Draft202012Validator, SchemaError

    text = files.read(name)
    file = files.last
    schema = parse(text, file, None, MAX_SCHEMA_DEPTH)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise RecipeError(f'{file}: must be a JSON Schema with "type": "object"; mend it')
    _check_words(schema, file, text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path)) or "the top"
        raise RecipeError(f"{file}: at {place}: {clean(error.message)}; mend it") from None
    properties = schema.get("properties", {})
    unknown = [key for key in properties if key not in FIELDS]
    if unknown:
        known = ", ".join(FIELDS)
        message = f"{quoted(unknown[0])} is no part of an item; write some of {known}"
        raise RecipeError(f"{_line_of(text, unknown[0], file)}: {message}")
    if not {"text", "label"} <= set(schema.get("required", ())) & set(properties):
        raise RecipeError(f"{file}: text and label must be properties and required; add them")
    return schema


def _check_words(schema: Any, file: str, text: str) -> None:
    """Refuse keywords that are not on the list, in a schema and those below it."""
    if not isinstance(schema, dict):
        return
    for word in schema:
        if word not in _SCHEMA_WORDS:
            message = f"{quoted(word)} is not for the schema of a recipe; leave it out"
            raise RecipeError(f"{_line_of(text, word, file)}: {message}")
    properties = schema.get("properties")
    below: Sequence[Any] = list(properties.values()) if isinstance(properties, dict) else []
    for child in [*below, schema.get("items"), schema.get("additionalProperties")]:
        _check_words(child, file, text)


def _line_of(text: str, word: str, file: str) -> str:
    at = text.find(f'"{word}"')
    return file if at < 0 else f"{file}:{1 + text.count(chr(10), 0, at)}"
