"""Whether a text is in the language that was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tqb.minting.language import language_fault
from tqb.minting.recipe import Exemplar, list_recipes
from tqb.packs import load_pack

EXEMPLARS = [exemplar for recipe in list_recipes() for exemplar in recipe.exemplars]
CHINESE = ("zh-Hans", "zh-Hant")


@pytest.mark.parametrize("exemplar", EXEMPLARS, ids=lambda one: f"{one.lang}-{one.label}")
def test_own_language(exemplar: Exemplar) -> None:
    """The exemplars of every recipe, question and context, are taken for what they are."""
    assert language_fault(exemplar.text, exemplar.lang) == ""
    assert language_fault(exemplar.context, exemplar.lang) == ""


def test_gold_set() -> None:
    """Nothing in the gold set is taken for another language."""
    for item in load_pack("core-en").items:
        assert not language_fault(item.text, "en")
        assert not language_fault(item.context, "en")


def test_other_language() -> None:
    """Almost all questions of the exemplars are told from the other eleven languages."""
    langs = {exemplar.lang for exemplar in EXEMPLARS}
    pairs = [
        (exemplar, lang)
        for exemplar in EXEMPLARS
        for lang in langs
        if lang != exemplar.lang and not {lang, exemplar.lang} <= set(CHINESE)
    ]
    missed = [
        (lang, exemplar.text) for exemplar, lang in pairs if not language_fault(exemplar.text, lang)
    ]
    assert len(missed) <= 0.05 * len(pairs), missed


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("What is the name of the capital of Kenya?", "sw"),
        ("What is the name of the capital of Kenya?", "nl"),
        ("Which river flows through Delhi?", "hi"),
        ("Яка річка протікає через Київ?", "ru"),
        ("کدام رود از اهواز می‌گذرد؟", "ar"),
        ("万里の長城は主にどの国にありますか。", "zh-Hans"),
        ("中国面积最大的咸水湖是哪一个？", "ja"),
        ("Ni mto gani unaopita katika mji wa Mombasa kabla ya kufika baharini?", "de"),
    ],
)
def test_told_apart(text: str, lang: str) -> None:
    """Neighbours of the same script are told apart, and English in a language without a table."""
    assert repr(lang) in language_fault(text, lang)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("E = mc²", "fr"),
        ("… Mount Everest …", "fr"),
        ("HTTP/2 表示什么？", "zh-Hans"),
        ("Ni mto gani unaopita katika mji wa Mombasa?", "sw"),
        ("Hoe heet de hoofdstad van Nederland en waar ligt die stad?", "nl"),
        ("Quale fiume attraversa Firenze prima di raggiungere il mare?", "it"),
        ("Quin riu passa per la ciutat de Girona i quin és el seu nom?", "ca"),
        ("Яка річка протікає через Київ?", "uk"),
        ("किस नदी के किनारे दिल्ली है?", "hi"),
        ("What is this?", "und"),
        ("", "ja"),
    ],
)
def test_in_doubt_nothing(text: str, lang: str) -> None:
    """A formula, a relative of a known language, or a language unknown is let through."""
    assert language_fault(text, lang) == ""


@given(
    st.text(max_size=200), st.sampled_from(["fr", "ja", "ar", "sw", "zh-Hant", "x", "und", "ru"])
)
def test_any_text(text: str, lang: str) -> None:
    """Whatever the text, the answer is one line."""
    assert "\n" not in language_fault(text, lang)
