"""Prompts: what the target is shown, and what a broken template says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tqb.errors import PromptError
from tqb.prompts import fingerprint, load_prompt
from tqb.report import prompt_sha256
from tqb.types import Item, Message

ITEM = Item("q1", "Capital of France?", "Paris", context="Paris is in France.", lang="fr")


def template(tmp_path: Path, text: str, name: str = "prompt.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_default_asks_the_question_as_it_stands() -> None:
    """The built-in prompt ends in a user turn that is the question and nothing else."""
    messages = load_prompt().render(ITEM)
    assert messages[-1] == Message("user", "Capital of France?")
    assert [m.role for m in messages] == ["system", "user"]


def test_text_template_is_one_user_turn(tmp_path: Path) -> None:
    """A text file sees input, language, context and item, and makes one user turn."""
    path = template(tmp_path, "{{ language }}|{{ input }}|{{ context }}|{{ item.id }}")
    assert load_prompt(path).render(ITEM) == (
        Message("user", "fr|Capital of France?|Paris is in France.|q1"),
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "p.yaml",
            "- role: system\n  content: Be brief.\n- role: user\n  content: '{{ input }}'\n",
        ),
        (
            "p.json",
            '{"messages": [{"role": "system", "content": "Be brief."},'
            ' {"role": "user", "content": "{{ input }}"}]}',
        ),
    ],
)
def test_messages_from_a_file(tmp_path: Path, name: str, text: str) -> None:
    """YAML and JSON files hold turns, in a list or under `messages`."""
    assert load_prompt(template(tmp_path, text, name)).render(ITEM) == (
        Message("system", "Be brief."),
        Message("user", "Capital of France?"),
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_question_is_never_a_template(text: str) -> None:
    """Braces and tags in a question are text: what is asked is what the pack says."""
    assert load_prompt().render(Item("a", text, "x"))[-1].content == text


def test_question_with_braces_in_a_template(tmp_path: Path) -> None:
    """A template renders once: braces of the question stay."""
    path = template(tmp_path, "Q: {{ input }}")
    item = Item("a", "{{ 7 * 7 }} {% raw %}", "x")
    assert load_prompt(path).render(item)[0].content == "Q: {{ 7 * 7 }} {% raw %}"


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("p.txt", "one\n{{ inptu }}", "p.txt:2: 'inptu' is undefined; a template may use input"),
        ("p.txt", "{{ item.nmae }}", "p.txt:1: "),
        ("p.txt", "one\n{% if %}", "p.txt:2: "),
        ("p.txt", "{{ ''.__class__.__mro__ }}", "unsafe"),
        ("p.yaml", "- role: [\n", "p.yaml:2: "),
        ("p.yaml", "- role: user\n", "message 1: wanted exactly `role` and `content`"),
        ("p.yaml", "- {role: user, content: 7}\n", "message 1: `role` and `content` must be text"),
        ("p.yaml", "hello", "wanted a list of messages"),
        ("p.yaml", "- role: user\n  content: 2020-13-45\n", "p.yaml"),
        ("p.yaml", "[" * 5000, "p.yaml"),
    ],
)
def test_broken_template_is_one_sentence(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    """What is wrong with a template is said with file and line, on one line."""
    with pytest.raises(PromptError) as caught:
        load_prompt(template(tmp_path, text, name)).render(ITEM)
    message = str(caught.value)
    assert wanted in message
    assert name in message
    assert "\n" not in message


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    """A missing file and one in another encoding are named."""
    with pytest.raises(PromptError, match="no such prompt file"):
        load_prompt(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 {{ input }}")
    with pytest.raises(PromptError, match="not UTF-8 at byte 3"):
        load_prompt(tmp_path / "latin.txt")


def test_json_as_json_writes_it(tmp_path: Path) -> None:
    """Escaped emoji and tabs in a JSON prompt are what JSON says they are."""
    turns = [{"role": "user", "content": "😀\t{{ input }}"}]
    path = template(tmp_path, json.dumps(turns, indent="\t"), "p.json")
    assert load_prompt(path).render(ITEM) == (Message("user", "😀\tCapital of France?"),)


def test_byte_order_mark_is_no_part_of_a_prompt(tmp_path: Path) -> None:
    """A file saved by a Windows editor renders without its mark."""
    (tmp_path / "p.txt").write_bytes(b"\xef\xbb\xbfQ: {{ input }}")
    assert load_prompt(tmp_path / "p.txt").render(ITEM)[0].content == "Q: Capital of France?"


def test_fingerprint_sees_every_turn() -> None:
    """Role, content and order of turns are in the fingerprint."""
    turns = (Message("system", "a"), Message("user", "b"))
    variants = [
        turns,
        turns[::-1],
        turns[:1],
        (Message("user", "a"), Message("user", "b")),
        (Message("system", "a"), Message("user", "b ")),
    ]
    assert len({fingerprint([prompt_sha256(variant)]) for variant in variants}) == len(variants)
    assert fingerprint([prompt_sha256(turns)]) == fingerprint([prompt_sha256(list(turns))])
