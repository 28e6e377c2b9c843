"""Item + template → messages.

The built-in prompt needs no template engine. A file of the user's is a Jinja2 template, rendered in
a sandbox where an undefined variable is an error: a text file makes one user turn, a YAML or JSON
file holds a list of ``{role, content}``.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqb.errors import PromptError
from tqb.files import read_text
from tqb.redaction import learn
from tqb.text import well_formed
from tqb.types import Item, Message

VARIABLES = ("input", "language", "context", "item")

DEFAULT_SYSTEM = (
    "You answer quiz questions. Reply with the shortest correct answer and nothing else: "
    "a name, a word, a number or a formula, in the language of the question. "
    "No sentence, no explanation."
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A way of turning an item into messages."""

    name: str
    """`default`, or the path of the template."""
    template_sha256: str
    """Hash of the template's text."""
    render: Callable[[Item], tuple[Message, ...]]


def load_prompt(path: Path | None = None) -> Prompt:
    """Return the built-in prompt, or the template in `path`.

    Raises:
        PromptError: the file cannot be read, is not a template, or holds no messages.
    """
    if path is None:
        return Prompt("default", _sha256(DEFAULT_SYSTEM), _render_default)
    text = read_text(path, PromptError, "prompt file")
    learn(text)
    return Prompt(str(path), _sha256(text), _compile(path, text))


def fingerprint(prompts: Iterable[str]) -> str:
    """Hash rendered prompts, each given by its own hash: SHA-256 over one line for each."""
    digest = hashlib.sha256()
    for prompt in prompts:
        digest.update(f"{prompt}\n".encode())
    return digest.hexdigest()


def _render_default(item: Item) -> tuple[Message, ...]:
    return (Message("system", DEFAULT_SYSTEM), Message("user", item.text))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _compile(path: Path, text: str) -> Callable[[Item], tuple[Message, ...]]:
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        turns = _turns(path, text)
    else:
        turns = [("user", text)]
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        templates = [(role, environment.from_string(content)) for role, content in turns]
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise PromptError(f"{_where(path, line)}: {error.message}; mend the template") from None

    def render(item: Item) -> tuple[Message, ...]:
        values = _variables(item)
        try:
            return tuple(Message(role, template.render(values)) for role, template in templates)
        except Exception as error:
            raise PromptError(_explain(path, error)) from None

    return render


def _turns(path: Path, text: str) -> list[tuple[str, str]]:
    """Read ``[{role, content}, …]`` or ``{messages: [...]}``."""
    import yaml

    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", None)
        problem = getattr(error, "problem", None) or getattr(error, "msg", None) or "cannot be read"
        raise PromptError(f"{_where(path, line)}: {problem}; mend the file") from None
    if isinstance(data, Mapping):
        data = data.get("messages")
    if not isinstance(data, list) or not data:
        raise PromptError(f"{path}: wanted a list of messages, each with `role` and `content`")
    return [_turn(path, number, turn) for number, turn in enumerate(data, 1)]


def _turn(path: Path, number: int, turn: Any) -> tuple[str, str]:
    if not isinstance(turn, Mapping) or set(turn) != {"role", "content"}:
        raise PromptError(f"{path}: message {number}: wanted exactly `role` and `content`")
    role, content = turn["role"], turn["content"]
    if not isinstance(role, str) or not isinstance(content, str):
        raise PromptError(f"{path}: message {number}: `role` and `content` must be text")
    return well_formed(role), well_formed(content)


def _variables(item: Item) -> dict[str, Any]:
    fields = {
        "id": item.id,
        "text": item.text,
        "label": item.label,
        "aliases": list(item.aliases),
        "answer_type": item.answer_type,
        "tolerance": item.tolerance,
        "forbidden": list(item.forbidden),
        "context": item.context,
        "lang": item.lang,
        "tags": dict(item.tags),
        "concept": item.concept,
    }
    return {
        "input": item.text,
        "language": item.lang,
        "context": item.context,
        "item": fields,
    }


def _explain(path: Path, error: Exception) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<template>"
    ]
    known = ", ".join(VARIABLES)
    where = _where(path, lines[-1] if lines and path.suffix.lower() not in _STRUCTURED else None)
    return f"{where}: {error}; a template may use {known}"


_STRUCTURED = (".yaml", ".yml", ".json")


def _where(path: Path, line: int | None) -> str:
    return f"{path}:{line}" if line else str(path)
