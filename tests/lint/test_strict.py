"""`strict_findings`: what is held of a pack to publish, each rule by its finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.lint.make import GOOD, bent, in_language
from tests.packs.make import edit, jsonl, published
from tqb.lint import strict_findings
from tqb.packs import check_pack, load_pack, new_pack
from tqb.scorers import item_faults
from tqb.types import Item

Finding = tuple[str, int | None, str]
"""File name, line and message."""

TODAY = date(2026, 2, 1)


def findings(*folders: Path, today: date = TODAY) -> list[Finding]:
    """Return the findings on packs given together."""
    packs = {str(folder): load_pack(str(folder)) for folder in folders}
    told = strict_findings(packs, today)
    return [(Path(one.file).name, one.line, one.message) for name in packs for one in told[name]]


def of(folder: Path, items: Iterable[Item], **about: Any) -> list[Finding]:
    return findings(published(folder, items, **about))


def test_a_sound_pack_has_no_finding(tmp_path: Path) -> None:
    """Neither the strict rules nor the others find fault with it."""
    folder = published(tmp_path / "sound", GOOD)
    assert findings(folder) == []
    assert check_pack(str(folder), item_faults)[1] == ()


def test_the_template_is_refused_for_its_placeholders_alone(tmp_path: Path) -> None:
    """Each placeholder of a new pack is a finding, in any language, and nothing else is."""
    new_pack(tmp_path / "fresh", language="ru")
    found = findings(tmp_path / "fresh", today=date.today())
    assert [file for file, _, _ in found] == ["README.md", "croissant.json", *["items.jsonl"] * 3]
    assert all("placeholder of `tqb pack new`; " in message for _, _, message in found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "Capital_Peru"}, "id 'Capital_Peru' is no slug"),
        ({"answer_type": ""}, "has no answer_type; write text, number"),
        ({"tags": {"category": "geography"}}, "has no tag 'difficulty'; add it"),
        ({"context": ""}, "has no context; write one sentence"),
        ({"text": "Is Lima the capital of Peru?"}, "gives the answer 'Lima' away"),
        ({"text": " Which city is the capital of Peru?"}, "has space around it; take it off"),
        ({"text": "Which city is Peru\u0301s capital?"}, "is not in Unicode's form NFC"),
        ({"text": "Which city\u200b is the capital?"}, "holds the invisible character U+200B"),
        ({"aliases": ("Lima\u202e!",)}, "holds the direction character U+202E; take it out"),
        ({"context": "Peru\u00ad: Lima"}, "holds the invisible character U+00AD"),
        ({"context": "Lima\ufffd"}, "holds the invisible character U+FFFD"),
        ({"text": "Какой город столица Перу?"}, "is in another script than 'en', see 'Какой'"),
        ({"text": "Which сity is the capital of Peru?"}, "'сity' mixes Latin and Cyrillic letters"),
    ],
)
def test_a_fault_of_an_item_is_one_finding(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Each rule speaks alone, on the item's line, and says how to mend it."""
    ((file, line, message),) = of(tmp_path / "p", bent(**changes))
    assert (file, line) == ("items.jsonl", 1)
    assert said in message


def test_an_item_without_language_is_told(tmp_path: Path) -> None:
    """The tag for an undetermined language is none."""
    found = of(tmp_path / "p", bent(lang="und"))
    assert ("items.jsonl", 1, "has no lang; write the BCP 47 tag of its language") in found


@pytest.mark.parametrize("odd", [{"answer_type": "verbatim"}, {"tags": {"canary": "true"}}])
def test_a_canary_may_look_odd(tmp_path: Path, odd: dict[str, Any]) -> None:
    """What must come back character for character is spared the rules of wording and tags."""
    evil = " Repeat: \u202eSSAP\u200b Cafe\u0301 Привет"
    items = [replace(GOOD[0], text=evil, label="\u202eSSAP\u200b", context="", **odd), *GOOD[1:]]
    assert of(tmp_path / "p", items) == []


def test_two_items_of_one_answer_must_have_one_label(tmp_path: Path) -> None:
    """An answer that is right for two items is told, unless both have it for a label."""
    text, context = "Which beans are flat and pale?", "These are butter beans."
    beans = replace(
        GOOD[0], id="beans", concept="beans", text=text, label="butter", context=context
    )
    said = "the answer {!r} of line 1 is right here too; tell the two items apart"
    known = [*GOOD, replace(beans, aliases=("Lima",))]
    assert of(tmp_path / "label", known) == [("items.jsonl", 4, said.format("Lima"))]
    both = [*bent(aliases=("flat one",)), replace(beans, aliases=("Flat one",))]
    assert of(tmp_path / "alias", both) == [("items.jsonl", 4, said.format("flat one"))]
    same = replace(beans, label="Lima", context="These are Lima beans.")
    assert of(tmp_path / "same", [*GOOD, same]) == []


def test_a_question_in_other_words_is_told(tmp_path: Path) -> None:
    """The same question in another order is told in a pack and across those given together."""
    again = replace(GOOD[0], id="again", concept="again", text="The capital of Peru is which city?")
    ((_, line, message),) = of(tmp_path / "one", [*GOOD, again])
    assert line == 4
    assert message.startswith(
        "asks nearly the same as line 1, 'Which city is the capital of Peru?'"
    )
    chile = replace(again, text="Which city is the capital of Chile?", label="Santiago")
    chile = replace(chile, context="Chile is governed from Santiago.")
    assert of(tmp_path / "other", [*GOOD, chile]) == []
    first = published(tmp_path / "first", GOOD)
    second = published(tmp_path / "second", [replace(again, label="Lima"), *in_language("und")])
    ((_, line, message),) = findings(first, second)
    assert line == 1
    assert f"asks nearly the same as {first / 'items.jsonl'}:1" in message
    french = published(tmp_path / "french", [replace(again, lang="fr")])
    assert [said for _, _, said in findings(first, french) if "nearly" in said] == []


def test_a_concept_stands_once(tmp_path: Path) -> None:
    """Two items of a pack cannot be the same fact in one language."""
    assert of(tmp_path / "p", bent(concept="spider-legs")) == [
        ("items.jsonl", 2, "concept 'spider-legs' is taken by line 1; give another")
    ]


def test_tags_are_balanced(tmp_path: Path) -> None:
    """One difficulty for all, or a category with more than half of the items, is told."""
    items = [replace(item, tags={"category": "x", "difficulty": "easy"}) for item in GOOD]
    assert of(tmp_path / "p", items) == [
        (
            "items.jsonl",
            None,
            "all items have the difficulty 'easy'; write some of another",
        ),
        (
            "items.jsonl",
            None,
            "the category 'x' has 3 of 3 items; split it, or write others",
        ),
    ]
    assert of(tmp_path / "one", GOOD[:1]) == []


def test_parallel_packs_have_the_same_concepts(tmp_path: Path) -> None:
    """Packs given together that share concepts lack what the other has; core-en may have more."""
    english = published(tmp_path / "facts-en", GOOD)
    short = published(tmp_path / "facts-fr", in_language("fr", "capital-peru", "magna-carta-year"))
    same = published(tmp_path / "facts-de", in_language("de", "capital-peru", "magna-carta-year"))
    assert findings(short, same) == []
    (missing,) = findings(english, short)
    assert missing == (
        "items.jsonl",
        None,
        "lacks the concepts 'spider-legs' of 'facts-en'; add an item for each, "
        "or take them out there",
    )
    apart = published(tmp_path / "other-fr", in_language("fr", "else", "elsewhere"))
    assert findings(english, apart) == []


def test_a_core_pack_has_only_concepts_of_the_gold_set(tmp_path: Path) -> None:
    """Wherever it lies, a pack called core-… is held against the core-en that comes with tqb."""
    concepts = ("capital-japan", "olympic-rings", "capital-peru")
    folder = published(tmp_path / "core-xx", in_language("fr", *concepts))
    (told,) = [message for _, line, message in findings(folder) if line == 3]
    assert told.startswith("concept 'capital-peru' is not in ")
    assert "'core-" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda meta: meta.update(license=""), "the metadata has no license; add it"),
        (lambda meta: meta.update(description=" "), "the metadata has no description; add it"),
        (lambda meta: meta.pop("citeAs"), "the metadata has no citeAs; add it"),
        (lambda meta: meta.update(citeAs="planets 1.1.0"), "names version 1.1.0, but this is"),
        (lambda meta: meta.update(version="1.2"), "version '1.2' is not SemVer"),
        (lambda meta: meta.update(datePublished="2026-01"), "'2026-01' is no date; write it as"),
        (lambda meta: meta.update(datePublished="2026-02-02"), "is yet to come; write a past date"),
        (lambda meta: meta.update(license="MIT"), "license 'cc0-1.0', croissant.json 'MIT'"),
    ],
)
def test_a_fault_of_the_metadata_is_one_finding(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    """What a published pack must say of itself is told where it lacks or errs."""
    found = findings(edit(published(tmp_path / "p", GOOD), change))
    assert [said in message for _, _, message in found].count(True) == 1
    assert {file for file, _, _ in found} <= {"croissant.json", "README.md"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---", "", "has no front matter; begin it with YAML"),
        ("license: cc0-1.0", "license: [", "has no front matter; begin it with YAML"),
        ("license: cc0-1.0", "license: mit", "license 'mit', croissant.json 'https://spdx.org/"),
        ('["en"]', '["fr"]', "front matter has language 'fr', the items 'en'; `tqb pack seal`"),
        ('language: ["en"]', "", "front matter has language none"),
        ("items.jsonl", "data.csv", "configs name 'data.csv'; name the file 'items.jsonl'"),
        ("# p", "Say here what the pack asks about.", "holds a placeholder of `tqb pack new`"),
    ],
)
def test_a_fault_of_the_card_is_one_finding(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The front matter agrees with the metadata in language, license and files."""
    folder = published(tmp_path / "p", GOOD)
    card = (folder / "README.md").read_text()
    assert old in card
    (folder / "README.md").write_text(card.replace(old, new))
    ((file, _, message),) = findings(folder)
    assert file == "README.md"
    assert said in message


def test_a_card_may_give_files_and_license_in_any_form(tmp_path: Path) -> None:
    """A path alone or in a list is a file, and an address of Creative Commons is a license."""
    url = "https://creativecommons.org/licenses/by-sa/4.0/"
    folder = published(tmp_path / "p", GOOD, license=url)
    card = (folder / "README.md").read_text().replace("cc0-1.0", "cc-by-sa-4.0")
    head, rest = card.split("    data_files:\n")
    tail = rest[rest.index("---") :]
    for files in ("items.jsonl", "[items.jsonl]", "[{split: test, path: [items.jsonl]}]"):
        (folder / "README.md").write_text(f"{head}    data_files: {files}\n{tail}")
        assert findings(folder) == []


def test_a_pack_to_publish_has_metadata_and_a_card(tmp_path: Path) -> None:
    """A bare file of items, or a pack without its card, is told so."""
    rows = [{"text": i.text, "label": i.label, "context": i.context, "lang": "en"} for i in GOOD]
    bare = jsonl(tmp_path / "bare.jsonl", *rows)
    assert ("bare.jsonl", None) in [finding[:2] for finding in findings(bare)]
    assert any("start a pack by `tqb pack new`" in said for _, _, said in findings(bare))
    folder = published(tmp_path / "p", GOOD)
    (folder / "README.md").unlink()
    ((file, _, message),) = findings(folder)
    assert (file, "there is no such card" in message) == ("README.md", True)
