"""Recipes: those shipped, and those of users, which may be hostile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from tests.generate.models import Order
from tqb.errors import RecipeError
from tqb.lint.answers import giveaways
from tqb.lint.scripts import script_findings
from tqb.lint.texts import text_findings
from tqb.minting.recipe import (
    DEFAULT,
    Recipe,
    language_of,
    list_recipes,
    load_recipe,
    shipped_recipes,
)
from tqb.packs import load_pack, shipped_packs
from tqb.scorers import load_scorer
from tqb.scorers.languages import NAMES
from tqb.types import AnswerType, Item

RECIPES = list_recipes()
PLAN = [
    {"category": "history", "topic": "treaties", "difficulty": "easy"},
    {"category": "art", "topic": "painters", "difficulty": "hard"},
]


def values(recipe: Recipe, **changes: object) -> dict[str, object]:
    """Return what the engine gives a template."""
    return {
        "language": language_of("fr"),
        "count": 2,
        "plan": PLAN,
        "exemplars": [exemplar.as_dict() for exemplar in recipe.exemplars_for("fr")],
        "digest": ["Qui a peint Guernica ? → Pablo Picasso"],
        "schema": json.dumps(recipe.reply_schema),
        "passage": "Le prêt dure 21 jours.\n\nLe retour se fait au comptoir.",
        "concepts": [
            {
                "concept": "river-cairo",
                "text": "Which river …?",
                "label": "Nile",
                "lang": "en",
                "answer_type": "text",
            },
            {
                "concept": "blood-pump",
                "text": "Which organ …?",
                "label": "heart",
                "lang": "en",
                "answer_type": "",
            },
        ],
        "context": "a quiz at school",
        "item": {"text": "Qui ?", "label": "Lui", "context": "C'est Lui."},
        "errors": ["item 1: no label"],
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default recipe, for breaking."""
    copy = tmp_path / "mine"
    shutil.copytree(load_recipe().path, copy)
    return copy


def test_shipped() -> None:
    """The three recipes are shipped, and the default is one of them."""
    assert shipped_recipes() == ("general", "grounded", "parallel")
    assert DEFAULT in shipped_recipes()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe_is_whole(recipe: Recipe) -> None:
    """A recipe shipped covers the twelve languages, many topics, and its own schema's words."""
    assert set(recipe.languages) == set(NAMES)
    assert len(recipe.taxonomy) >= 14
    assert all(len(topics) >= 12 for topics in recipe.taxonomy.values())
    properties = recipe.item_schema["properties"]
    assert tuple(properties["difficulty"]["enum"]) == recipe.difficulties
    assert tuple(properties["answer_type"]["enum"]) == recipe.answer_types
    assert set(recipe.item_schema["required"]) == set(properties)
    assert recipe.item_schema["additionalProperties"] is False
    assert set(recipe.answer_types) <= set(get_args(AnswerType))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_exemplars(recipe: Recipe) -> None:
    """Exemplars fit the schema, the limits and the strict rules, and are in no shipped pack."""
    packs = [item for name in shipped_packs() for item in load_pack(name).items]
    taken = {(item.lang, item.text) for item in packs}
    schema = {**recipe.item_schema, "required": ["text", "label"]}
    score = load_scorer()
    for lang in NAMES:
        assert len(recipe.exemplars_for(lang)) >= 3
    for exemplar in recipe.exemplars:
        Draft202012Validator(schema).validate(exemplar.as_dict())
        assert len(exemplar.text) <= recipe.limits.question
        assert len(exemplar.label) <= recipe.limits.label
        assert len(exemplar.context) <= recipe.limits.context
        item = Item(
            id="x",
            text=exemplar.text,
            label=exemplar.label,
            aliases=exemplar.aliases,
            answer_type=exemplar.answer_type,  # type: ignore[arg-type]
            context=exemplar.context,
            lang=exemplar.lang,
        )
        findings = [*giveaways(item), *script_findings(item), *text_findings(item)]
        assert not findings
        assert score(item.label, item).passed
        assert (item.lang, item.text) not in taken


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_orders_can_be_read(recipe: Recipe) -> None:
    """The order, and the second try, say language, number and plan so that a model can follow."""
    messages = recipe.messages(values(recipe))
    assert [message.role for message in messages] == ["system", "user"]
    for text in (messages[1].content, recipe.render("repair", values(recipe))):
        order = Order.read({"messages": [{"role": "user", "content": text}]})
        assert order is not None
        assert (order.lang, order.count) == ("fr", 2)
        if recipe.name == "parallel":
            assert [(one.slug, one.label) for one in order.concepts] == [
                ("river-cairo", "Nile"),
                ("blood-pump", "heart"),
            ]
        else:
            assert list(order.plan) == PLAN
    assert "Guernica" in messages[1].content
    assert "a quiz at school" in messages[1].content
    assert json.dumps(recipe.reply_schema) in messages[1].content


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_blind(recipe: Recipe) -> None:
    """Who verifies sees the question and not the label; of a document also the passage."""
    shown = recipe.render("verify", values(recipe))
    assert "Qui ?" in shown
    assert "Lui" not in shown
    assert ("Le prêt dure" in shown) == (recipe.name == "grounded")


def test_language_without_exemplars() -> None:
    """A language without exemplars is shown the English ones, a region its language's."""
    recipe = load_recipe()
    assert {one.lang for one in recipe.exemplars_for("sw")} == {"en"}
    assert {one.lang for one in recipe.exemplars_for("pt-BR")} == {"pt"}
    assert {one.lang for one in recipe.exemplars_for("zh-TW")} == {"zh-Hant"}


def test_language_names() -> None:
    """Languages are called as in English and as by their speakers; an unknown one by its tag."""
    assert language_of("sw") == {"tag": "sw", "name": "Swahili", "own_name": "Kiswahili"}
    assert language_of("pt-BR")["name"] == "Portuguese (Brazil)"
    assert language_of("zh-Hant")["name"] == "Chinese (Traditional)"
    assert language_of("qqq")["name"] == "qqq"


def test_hash(folder: Path) -> None:
    """A recipe has the same hash wherever it lies; one letter more in any file changes it."""
    original = load_recipe()
    assert load_recipe(str(folder)).sha256 == original.sha256
    assert load_recipe(str(folder / "recipe.toml")).sha256 == original.sha256
    hashes = {original.sha256}
    for name in ("user.j2", "taxonomy.toml", "recipe.toml", "exemplars.jsonl"):
        path = folder / name
        path.write_text(path.read_text("utf-8") + "\n", "utf-8")
        hashes.add(load_recipe(str(folder)).sha256)
    assert len(hashes) == 5


def test_no_such_recipe() -> None:
    """An unknown name is told with those that there are."""
    with pytest.raises(RecipeError, match=r"no recipe is named 'generl'.*did you mean 'general'"):
        load_recipe("generl")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("a\n{% include '/etc/passwd' %}", "user.j2:2: `include` is not for templates"),
        ("{% import 'x' as x %}", "user.j2:1: `import`"),
        ("{% extends 'x' %}", "user.j2:1: `extends`"),
        ("{% set a = 'x' %}", "user.j2:1: `set`"),
        ("{% macro a() %}{% endmacro %}", "user.j2:1: `macro`"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "user.j2:1: a call"),
        ("{{ cycler('a') }}", "user.j2:1: a call"),
        ("{{ range(9) }}", "user.j2:1: a call"),
        ("{{ 'a' * 1000000000 }}", "user.j2:1: Mul"),
        ("{{ 9 ** 9 ** 9 }}", "user.j2:1: Pow"),
        ("{{ 'a' + 'b' }}", "user.j2:1: Add"),
        ("\n\n{{ 'x' | attr('__class__') }}", "user.j2:3: No filter named 'attr'"),
        ("{{ 'a' | center(1000000000) }}", "user.j2:1: No filter named 'center'"),
        ("{% if %}", "user.j2:1: Expected an expression"),
        ("{{ plan", "user.j2:1: unexpected end of template"),
        ("(" * 10 + "{{ " + "(" * 5000 + " 1 " + ")" * 5000 + "}}", "nested too deeply"),
        (
            "{% for a in plan %}{% for b in plan %}{% for c in plan %}{% endfor %}{% endfor %}"
            "{% endfor %}",
            "loops are 2 deep at most",
        ),
        ("x" * 70_000, "more than 65,536 characters"),
    ],
)
def test_hostile_template(folder: Path, template: str, said: str) -> None:
    """A template that would read, call, assign or multiply is refused with file and line."""
    (folder / "user.j2").write_text(template, "utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(folder))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ no_such }}", "'no_such' is undefined; a template may use language, count"),
        ("{{ ''.__class__ }}", "access to attribute '__class__'"),
        ("{{ lipsum }}", "'lipsum' is undefined"),
        (
            "{% for a in passage %}{% for b in passage %}{% endfor %}{% endfor %}",
            "more than 100,000",
        ),
        ("{% for a in passage %}{{ passage }}{% endfor %}", "more than 200,000 characters"),
        ("{{ (passage | join(passage)) | join(passage) }}", "more than 200,000 characters"),
        ("{{ count | first }}", "not iterable"),
    ],
)
def test_hostile_rendering(folder: Path, template: str, said: str) -> None:
    """What shows only in rendering ends in a sentence too, and soon."""
    (folder / "user.j2").write_text(template, "utf-8")
    recipe = load_recipe(str(folder))
    with pytest.raises(RecipeError) as caught:
        recipe.messages(values(recipe, passage="word " * 300))
    assert said in str(caught.value)
    assert str(folder / "user.j2") in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("recipe.toml", "batch = 8", "batch = 0", ":7: batch must be a whole number from 1 to 50"),
        ("recipe.toml", "batch = 8", "batch = true", ":7: batch must be"),
        ("recipe.toml", "batch = 8", "bach = 8", ":7: bach is no key of a recipe"),
        ("recipe.toml", "batch = 8", "batch = = 8", ":7: is not valid TOML"),
        ("recipe.toml", '"date"', '"day"', ":9: answer_types does not know 'day'"),
        ("recipe.toml", "label = 60", "labels = 60", ":19: labels is no limit"),
        ("recipe.toml", '"user.j2"', '"/etc/passwd"', "no plain file name"),
        ("recipe.toml", '"user.j2"', '"../user.j2"', "no plain file name"),
        ("recipe.toml", '"user.j2"', '"absent.j2"', "absent.j2: cannot be read"),
        ("recipe.toml", 'verify = "verify.j2"\n', "", ":11: templates names exactly system"),
        ("taxonomy.toml", "topics = ", "themes = ", ":3: geography must hold `topics`"),
        ("taxonomy.toml", '"islands"', '"deserts"', ":3: geography has a topic twice"),
        ("exemplars.jsonl", '"label": "W"', '"label": "Wo"', ":4: the label does not stand"),
        ("exemplars.jsonl", '"label": "W"', '"lable": "W"', ":4: label must be a text"),
        ("exemplars.jsonl", '{"lang"', '{"lang', ":1: is not valid JSON"),
        ("item.schema.json", '"type": "object"', '"type": "array"', '"type": "object"'),
        ("item.schema.json", '"required": ["text", ', '"required": [', "text and label must be"),
        ("item.schema.json", '"label": {', '"answer": {', ":5: 'answer' is no part of an item"),
        (
            "item.schema.json",
            '"description": "the question"',
            '"$ref": "file:///etc/passwd"',
            ":4: '$ref' is not for the schema",
        ),
        (
            "item.schema.json",
            '"description": "the question"',
            '"pattern": "(a+)+$"',
            ":4: 'pattern' is not for the schema",
        ),
        ("item.schema.json", '"type": "string"}', '"type": "words"}', "at properties/"),
    ],
)
def test_mistakes(folder: Path, name: str, old: str, new: str, said: str) -> None:
    """A mistake in any file is one sentence with file and line."""
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(folder))
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_elsewhere(folder: Path, tmp_path: Path) -> None:
    """A file behind a symlink out of the folder, a pipe or a giant is not read."""
    (tmp_path / "secret").write_text("secret")
    system = folder / "system.j2"
    system.unlink()
    system.symlink_to(tmp_path / "secret")
    with pytest.raises(RecipeError, match="lies outside of the recipe's folder"):
        load_recipe(str(folder))
    system.unlink()
    system.mkdir()
    with pytest.raises(RecipeError, match="this is a folder"):
        load_recipe(str(folder))
    system.rmdir()
    system.write_text("x" * (2**20 + 1))
    with pytest.raises(RecipeError, match="longer than 1,048,576 bytes"):
        load_recipe(str(folder))
