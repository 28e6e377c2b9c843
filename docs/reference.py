"""The reference pages of the documentation, made from the code whenever the site is built.

    mkdocs build

mkdocs runs it as a hook (`mkdocs.yml`). All text of the code is escaped, so that Markdown takes
nothing in it for its own; what stands between backticks becomes code.
"""

from __future__ import annotations

import inspect
import json
import re
import string
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le
from typer.core import TyperArgument, TyperGroup, TyperOption

import tqb
from tqb import baseline, config, errors
from tqb.cli import app, scaffold
from tqb.formats.json import field_meanings, json_schema, schema_of
from tqb.minting.records import Generated
from tqb.types import Baseline, Item, Pack, Score

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ACCEPTED = Path(__file__).parent.parent / ".github" / "tqb-baseline.jsonl"
"""A baseline to show: that of this project's own gate."""
ITEM = Path(tqb.__file__).parent / "packs" / "item.schema.json"
RECORDS: tuple[type[Any], ...] = (Pack, Item, Score, Generated)
"""What the functions of `tqb` take and give beside the report."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to those that mkdocs found."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """Return the text of each page, as Markdown, by its path under ``docs/``."""
    return {
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/items.md": items_page(),
        "reference/report.md": report_page(),
        "reference/baseline.md": baseline_page(),
        "reference/python.md": python_page(),
        "reference/exit-codes.md": exit_codes_page(),
    }


# Markdown


def escape(text: str) -> str:
    """Return text in which Markdown and HTML find nothing but letters."""
    words = " ".join(text.split())
    return "".join(f"&#{ord(c)};" if c in string.punctuation else c for c in words)


def code(text: str) -> str:
    """Return text as code within a line."""
    return f"<code>{escape(text)}</code>" if text else ""


def prose(text: str) -> str:
    """Return a docstring's text; what stands between backticks is code."""
    parts = re.split(r"(``[^`]+``|`[^`]+`)", text.strip())
    return "".join(
        code(part.strip("`")) if n % 2 else _spaced(part) for n, part in enumerate(parts)
    )


def _spaced(text: str) -> str:
    """Escape text, and keep a space at either end, which code may follow."""
    before, after = (" " if edge.isspace() else "" for edge in (text[:1], text[-1:]))
    return f"{before}{escape(text)}{after}" if text.strip() else before


def paragraphs(text: str) -> list[str]:
    """Cut text where a line is empty."""
    return [part for part in re.split(r"\n[ \t]*\n", text.strip("\n")) if part.strip()]


def block(text: str, language: str = "text") -> str:
    """Return text as a block of code, whatever stands in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def heading(level: int, text: str, anchor: str) -> str:
    """Return a heading that can be linked to."""
    return f"{'#' * level} {escape(text)} {{#{anchor}}}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(title: str, *parts: str) -> str:
    """Return a page: a title, and parts with an empty line between them."""
    return "\n\n".join((f"# {title}", *filter(None, parts))) + "\n"


# Commands


@dataclass(frozen=True)
class Option:
    """A flag or an argument, as its help shows it."""

    names: str
    help: str
    default: str
    variable: str
    limits: tuple[str, ...]
    """What may be given, and whether it must be."""

    @property
    def names_and_variable(self) -> str:
        """The names, each as code of its own, and the variable below them, as Markdown."""
        parts = re.split(r"(, | / )", self.names)
        names = (part if place % 2 else code(part) for place, part in enumerate(parts))
        return "<br>".join(filter(None, ("".join(names), code(self.variable))))

    @property
    def meaning(self) -> str:
        """The help with the limits behind it, as Markdown."""
        limits = ("Required." if one == "required" else code(one) for one in self.limits)
        return " ".join((prose(self.help), *limits))


def commands_page() -> str:
    """Each command with its arguments, options and examples."""
    walked = list(commands())
    rows = (
        (f"[{code(path)}](#{_anchor(path)})", prose(paragraphs(command.help or "")[0]))
        for path, command, _ in walked
    )
    return page(
        "Commands",
        "`-h` or `--help` behind any of them prints what stands here. Below an option stands the "
        "variable of the environment that is taken where it is not given.",
        table(("Command", "What it does"), rows),
        *(_command(*one) for one in walked),
    )


def commands() -> Iterator[tuple[str, Any, typer.Context]]:
    """Yield each command: how it is called, what it is, and the context that its help needs."""
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="tqb")
    yield from _walk(root, context)


def _walk(command: Any, context: typer.Context) -> Iterator[tuple[str, Any, typer.Context]]:
    yield context.command_path, command, context
    for name, below in command.commands.items() if isinstance(command, TyperGroup) else ():
        if not below.hidden:
            yield from _walk(below, typer.Context(below, info_name=name, parent=context))


def _anchor(path: str) -> str:
    return path.replace(" ", "-")


def _command(path: str, command: Any, context: typer.Context) -> str:
    arguments = [option(p, context) for p in command.params if isinstance(p, TyperArgument)]
    options = [option(p, context) for p in command.params if isinstance(p, TyperOption)]
    parts = (
        heading(2, path, _anchor(path)),
        *map(prose, paragraphs(command.help or "")),
        block(command.get_usage(context).removeprefix("Usage: ")),
        _options("Argument", arguments),
        _options("Option", options),
        *map(_epilog, paragraphs(command.epilog or "")),
    )
    return "\n\n".join(filter(None, parts))


def option(parameter: Any, context: typer.Context) -> Option | None:
    """Read what the help shows of a parameter; None for a hidden one."""
    record = parameter.get_help_record(context)
    if record is None:
        return None
    names, said = record
    if isinstance(parameter, TyperArgument):
        names = parameter.get_usage_pieces(context)[0]
    told = parameter.help or ""
    facts = said.removeprefix(told).strip()[1:-1].split("; ")
    return Option(
        names,
        told,
        _fact(facts, "default: ").strip("()"),
        _fact(facts, "env var: "),
        tuple(_signs(fact) for fact in facts if fact and ": " not in fact),
    )


def _fact(facts: Sequence[str], name: str) -> str:
    return next((fact.removeprefix(name) for fact in facts if fact.startswith(name)), "")


def _signs(limit: str) -> str:
    return limit.replace("<=", " ≤ ").replace(">=", " ≥ ")


def _options(kind: str, options: Iterable[Option | None]) -> str:
    rows = [(one.names_and_variable, one.meaning, code(one.default)) for one in options if one]
    if any(row[-1] for row in rows):
        return table((kind, "Meaning", "Default"), rows)
    return table((kind, "Meaning"), [row[:-1] for row in rows]) if rows else ""


def _epilog(text: str) -> str:
    """Return a paragraph below the options; one that begins with a backspace is kept as it is."""
    first, _, rest = text.partition("\n")
    return block(textwrap.dedent(rest)) if first.strip() == "\b" else prose(text)


# Settings


def settings_page() -> str:
    """Each setting, how they rank, and the file that `tqb init` writes."""
    _, run, context = next(one for one in commands() if one[0] == "tqb run")
    flags = {parameter.name: option(parameter, context) for parameter in run.params}
    rows = (
        _setting(name, kind, flags[name.replace("-", "_")])
        for name, kind in config.SETTINGS.items()
    )
    variables = ((code(name), prose(said)) for name, said in config.VARIABLES.items())
    return page(
        "Settings",
        "A flag of `tqb run` beats the environment, which beats the settings file, which beats the "
        "default. The file is the nearest `tqb.toml`, or `pyproject.toml` with a table "
        "`[tool.tqb]`, from the current folder up, unless `--config` names one; its paths are "
        "relative to it. The flags are those of [`tqb run`](commands.md#tqb-run).",
        table(("Setting, flag, variable", "Meaning", "Value", "Default"), rows),
        "## Other variables {#variables}",
        table(("Variable", "Meaning"), variables),
        "## The file {#file}",
        "As `tqb init` writes it: what is a comment shows an example.",
        block(scaffold.settings_text("demo", ["core-en"], None, None), "toml"),
    )


def _setting(name: str, kind: Any, flag: Option | None) -> Sequence[str]:
    if flag is None:
        raise ValueError(f"the setting {name} has no flag that the help shows")
    default = str(not flag.default.startswith("no-")).lower() if kind is bool else flag.default
    return (
        f'<strong id="{name}">{code(name)}</strong><br>{flag.names_and_variable}',
        prose(flag.help),
        kind_words(kind),
        code(default),
    )


def kind_words(kind: Any) -> str:
    """Return the type of a setting in words, as Markdown."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return f"list of {kind_words(parts[0])}"
    if origin is Literal:
        return ", ".join(map(code, parts))
    if origin is Annotated:
        named = [part for part in parts[1:] if isinstance(part, str)]
        return code(named[0]) if named else f"{kind_words(parts[0])} {_range(parts[1:])}"
    if parts:
        return " or ".join(map(kind_words, parts))
    return {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}[kind]


def _range(bounds: Iterable[object]) -> str:
    words = {Ge: "from {0.ge:,.12g}", Gt: "above {0.gt:,.12g}", Le: "to {0.le:,.12g}"}
    return " ".join(words[type(bound)].format(bound) for bound in bounds)


# Items, the report and the baseline


def items_page() -> str:
    """The fields of an item of a pack."""
    schema = json.loads(ITEM.read_text("utf-8"))
    rows = (
        (code(name), prose(field["description"]), code(schema_text(field)))
        for name, field in schema["properties"].items()
    )
    return page(
        "Items of a pack",
        f"{prose(schema['description'])} {code(' and '.join(schema['required']))} are needed, and "
        "no other fields are known. The [JSON Schema](https://json-schema.org) is shipped with tqb "
        "as `tqb/packs/item.schema.json`.",
        table(("Field", "What it holds", "As the schema has it"), rows),
    )


def schema_text(field: Mapping[str, Any]) -> str:
    """Return a part of a schema as JSON, without its descriptions."""
    return json.dumps(_bare(field), ensure_ascii=False)


def _bare(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _bare(value) for name, value in part.items() if name != "description"}
    return part


def report_page() -> str:
    """The fields of the JSON report, object by object."""
    return page(
        "JSON report",
        "What `-o run.json` writes and `tqb report`, `tqb compare` and `tqb baseline accept` read. "
        "All fields are written; one with a default may be missing in what is read. `None` in a "
        "meaning is `null` here. The [JSON Schema](https://json-schema.org) is shipped with tqb as "
        "`tqb/formats/report.schema.json`.",
        *objects(json_schema()),
    )


def baseline_page() -> str:
    """The lines of a baseline file."""
    schema = schema_of(Baseline)
    definitions = schema["$defs"]
    del schema["properties"]["items"], definitions["PackRef"]["properties"]["path"]
    kinds = {
        "kind": {"const": baseline.KIND, "description": "By this it is told from a report."},
        "schema_version": {"const": baseline.SCHEMA_VERSION, "description": "Of this format."},
    }
    schema.update(title="Header", description="The first line.")
    schema["properties"] = {**kinds, **schema["properties"]}
    definitions["BaselineItem"].update(title="Item", description="Each other line.")
    header, item = ACCEPTED.read_text("utf-8").splitlines()[:2]
    return page(
        "Baseline file",
        f"What `tqb baseline accept` writes, by default {code(baseline.DEFAULT_NAME)}: JSON lines, "
        "a header and then a line for each item, sorted. The same run writes the same bytes, so "
        "that a diff shows what changed. What is unknown of an item is left out of its line, and "
        "so are a prompt's hash, errors and symptoms where there are none.",
        *objects(schema, "BaselineItem"),
        "## Example {#example}",
        "A header, here on several lines:",
        block(json.dumps(json.loads(header), indent=1, ensure_ascii=False), "json"),
        "An item:",
        block(item, "json"),
    )


def objects(schema: Mapping[str, Any], *more: str) -> Iterator[str]:
    """Yield a section for each object of a schema, in the order in which they are met."""
    definitions = schema["$defs"]
    waiting, met = [schema, *(definitions[name] for name in more)], set(more)
    while waiting:
        part = waiting.pop(0)
        yield _object(part, definitions)
        for name in _references(part["properties"]):
            if name not in met:
                met.add(name)
                waiting.append(definitions[name])


def _object(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    title = part["title"]
    rows = (
        (code(name), json_words(field, definitions), prose(_meaning(field, definitions)))
        for name, field in part["properties"].items()
    )
    return "\n\n".join(
        (
            heading(2, title, title.lower()),
            prose(part["description"]),
            table(("Field", "Type", "Meaning"), rows),
        )
    )


def _meaning(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what is said of a field, or else of the objects in it."""
    named = [definitions[name]["description"] for name in _references(field)]
    return str(field.get("description") or " ".join(named))


def _references(part: Any) -> Iterator[str]:
    """Yield the names of the definitions that a part of a schema leads to."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def json_words(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return the type of a field in words, as Markdown."""
    words = _json_type(field, definitions)
    default = field.get("default")
    if "default" not in field or isinstance(default, dict):
        return words
    return f"{words}; default {code(json.dumps(default))}"


def _json_type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    def words(part: Mapping[str, Any]) -> str:
        return _json_type(part, definitions)

    if "$ref" in field:
        name = definitions[field["$ref"].rpartition("/")[2]]["title"]
        return f"[{escape(name)}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(map(words, field["anyOf"]))
    if "const" in field or "enum" in field:
        return ", ".join(code(json.dumps(one)) for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        places = field.get("prefixItems")
        inner = f"({', '.join(map(words, places))})" if places else f"of {words(field['items'])}"
        return f"list {inner}"
    if field.get("type") == "object":
        values = field["additionalProperties"]
        return f"object of {words({} if values is True else values)} by name"
    return escape(field.get("type", "any value"))


# Python


def python_page() -> str:
    """The names of the package, the records they take and give, and the errors they raise."""
    public = {name: getattr(tqb, name) for name in tqb.__all__}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    values = (
        f"{code(f'tqb.{name}')} is {code(repr(value))}."
        for name, value in public.items()
        if name not in functions
    )
    return page(
        "Python",
        *values,
        *(_function(name, function) for name, function in functions.items()),
        "## Records {#records}",
        "All are frozen. A `Report` and all within have the fields of the "
        "[JSON report](report.md); `Report.passed` says whether the gate let the run through.",
        *map(_record, RECORDS),
        "## Errors {#errors}",
        "All are in `tqb.errors`. The code is what the command line ends in.",
        table(("Error", "Meaning", "Exit code"), _errors()),
    )


def _function(name: str, function: Callable[..., Any]) -> str:
    text, *sections = re.split(r"^(Args|Raises):\n", inspect.getdoc(function) or "", flags=re.M)
    listed = (
        f"{'Parameters' if title == 'Args' else title}:\n\n{_entries(entries)}"
        for title, entries in zip(sections[::2], sections[1::2], strict=True)
    )
    parts = (
        heading(2, f"tqb.{name}", f"tqb-{name}"),
        block(signature(name, function), "python"),
        *map(prose, paragraphs(text)),
        *listed,
        f"Returns: {_returned(function)}",
    )
    return "\n\n".join(parts)


def signature(name: str, function: Callable[..., Any]) -> str:
    """Return how a function is called, a parameter a line."""
    made = inspect.signature(function)
    lines, by_name = [], False
    for parameter in made.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not by_name:
            lines.append("*")
            by_name = True
        given = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"{parameter.name}: {parameter.annotation}{given}")
    inner = "".join(f"    {line},\n" for line in lines)
    return f"tqb.{name}(\n{inner}) -> {made.return_annotation}"


def _entries(section: str) -> str:
    """Return the entries of a docstring's section as a list."""
    entries = re.split(r"^(?=\S)", textwrap.dedent(section), flags=re.M)
    pairs = (entry.partition(": ") for entry in entries if entry.strip())
    return "\n".join(f"- {code(name)}: {prose(said.strip())}" for name, _, said in pairs)


def _returned(function: Callable[..., Any]) -> str:
    name = inspect.signature(function).return_annotation
    own = name in {record.__name__ for record in RECORDS}
    return f"[{escape(name)}]({'' if own else 'report.md'}#{name.lower()})."


def _record(record: type[Any]) -> str:
    said = field_meanings(record)
    rows = (
        (code(field.name), code(str(field.type)), prose(said.get(field.name, "")))
        for field in fields(record)
    )
    return "\n\n".join(
        (
            heading(3, record.__name__, record.__name__.lower()),
            prose(inspect.getdoc(record) or ""),
            table(("Field", "Type", "Meaning"), rows),
        )
    )


def _errors() -> Iterator[tuple[str, str, str]]:
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.TqbError):
            known = error.exit_code != errors.EXIT_BUG
            said = paragraphs(inspect.getdoc(error) or "")[0]
            yield code(name), prose(said), str(error.exit_code) if known else ""


# Exit codes


def exit_codes_page() -> str:
    """What each exit code says, and where a command says it in words of its own."""
    names = {value: name for name, value in vars(errors).items() if name.startswith("EXIT_")}
    rows = (
        (str(value), prose(said), code(f"tqb.errors.{names[value]}"))
        for value, said in errors.MEANINGS.items()
    )
    own = (
        f"- [{code(path)}](commands.md#{_anchor(path)}): {prose(said)}"
        for path, command, _ in commands()
        for said in re.findall(r"Exit codes: (.*?)(?:\n\n|\Z)", command.epilog or "", re.DOTALL)
        if path != "tqb"
    )
    return page(
        "Exit codes",
        table(("Code", "Meaning", "In Python"), rows),
        "Commands that judge something else say it so:",
        "\n".join(own),
    )
