"""The answer is a target inside a restatement of the question: "The capital of Japan is Tokyo."

It passes when one sentence holds a target as whole words, and everything else in it stands in the
question too or is a function word. So nothing is left that could deny, hedge or add: "Tokyo is not
the capital", "Tokyo or Kyoto" and "Tokyo, I think" fail. Where the question itself names a target,
as a choice does, the rule does not apply.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tqb.scorers.exact import score_exact
from tqb.scorers.normalize import normalize, primary
from tqb.types import Item, Score

_TOKEN = re.compile(r"\d[\d.,]*\d|\w+(?:['’]\w+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"[.!?。！？]\s+\S")
_FUNCTION_WORDS = {
    "en": frozenset(
        "a an the is are was were be been has have had it its there that which this do does did "
        "of in on at to for by with from as answer correct called".split()
    ),
}
_NEVER = frozenset("no not never nor neither or but except none without cannot".split())
_HARMLESS = frozenset(",:;=.\"'“”‘’«»*`?¿!¡。、，")


def score_restated(answer: str, item: Item) -> Score:
    """Try `exact`, then the restatement rule."""
    exact = score_exact(answer, item)
    if exact.passed or not answer.strip():
        return exact
    said = normalize(answer, item.lang)
    tokens, question = _tokens(said), _tokens(normalize(item.text, item.lang))
    failed = exact
    for target in item.targets:
        wanted = _tokens(normalize(target, item.lang))
        places = _find(wanted, tokens)
        if not places or _find(wanted, question):
            continue
        beside = _beside(tokens, wanted, places[0], question, item.lang)
        if len(places) == 1 and not beside and not _SENTENCE_END.search(said):
            return Score(True, 1.0, "restated", f"states {target!r} in the words of the question")
        failed = replace(exact, explanation=_explain(target, beside))
    return failed


def _explain(target: str, beside: list[str]) -> str:
    words = " ".join(beside[:8]) + (" …" if len(beside) > 8 else "")
    return f"holds {target!r}, but says more: {words or 'another sentence, or the same twice'}"


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _find(part: list[str], whole: list[str]) -> list[int]:
    """Return where `part` starts within `whole`."""
    return [at for at in range(len(whole) - len(part) + 1) if whole[at : at + len(part)] == part]


def _beside(
    said: list[str], wanted: list[str], at: int, question: list[str], lang: str
) -> list[str]:
    """Return the tokens around the target that neither the question nor grammar accounts for."""
    known = _FUNCTION_WORDS.get(primary(lang), frozenset()) | _HARMLESS
    rest = said[:at] + said[at + len(wanted) :]
    return [t for t in rest if _denies(t) or not (t in known or _in(t, question))]


def _denies(token: str) -> bool:
    return token in _NEVER or token.endswith(("n't", "n’t"))


def _in(token: str, question: list[str]) -> bool:
    """Whether the question has the word, perhaps with another ending; numbers must be the same."""
    if token in question:
        return True
    stem = token[: max(4, len(token) - 2)]
    return token.isalpha() and len(token) > 3 and any(word.startswith(stem) for word in question)
