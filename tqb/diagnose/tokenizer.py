"""A drifted tokenizer: text is cut into other pieces, or pieces are joined to other text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tqb.diagnose.case import Case, example, finding, respaced, showing, signed, sure
from tqb.diagnose.shifts import LEAST as LEAST_ITEMS
from tqb.diagnose.shifts import Shift, by_language, has_special, splits_special
from tqb.signs import joined_words, script_of
from tqb.text import count
from tqb.types import Finding

SIGNS = {
    "replacement": (
        "torn-characters",
        "U+FFFD, the mark of bytes that are no character, stands",
    ),
    "pieces": ("undecoded-pieces", "Pieces of the vocabulary that nobody decoded stand"),
    "mojibake": ("mojibake", "UTF-8 read in another encoding stands"),
    "joined": ("pieces-out-of-place", "Words that begin in the middle of another one stand"),
    "glued": ("spaces-lost", "Words without the spaces between them stand"),
    "spread": ("spaces-added", "Words with spaces within them stand"),
    "unmarked": ("marks-lost", "Words without the marks of their letters stand"),
}
DECODING = "Look at how pieces are decoded and joined: whole sequences at once, in UTF-8."
LEAST = {"glued": 3, "joined": 4, "spread": 3, "unmarked": 4}
"""Answers that must show a sign; two where the sign leaves no doubt."""
ADVICE = (
    "Compare the tokenizer's files (vocabulary, merges, added tokens, normaliser, splitter) and "
    "the version of what runs them with the last good run."
)


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what speaks for another tokenizer."""
    if case.base is not None and not case.prompt_edited:
        yield from _split(case, shift)
        yield from _irregular(case, shift)
    yield from _spaces(case)
    yield from _signs(case, shift)


def _spaces(case: Case) -> Iterator[Finding]:
    """Answers lost their spaces, or have more of them, and have as many other characters."""
    pairs, lost = respaced(case)
    if not pairs:
        return
    said = "lost spaces" if lost else "have spaces within words, or more between them"
    yield finding(
        "tokenizer",
        "spaces-lost" if lost else "spaces-added",
        min(0.97, 0.8 + len(pairs) / len(case.pairs)),
        f"{len(pairs)} of {count(len(case.pairs), 'answer')} {said}, and are as in the baseline "
        f"but for that, by their length: “{example(case, pairs[0].key)}”.",
        DECODING,
        [pair.key for pair in pairs],
        answers=len(pairs),
        of=len(case.pairs),
    )


def _split(case: Case, shift: Shift) -> Iterator[Finding]:
    """Special tokens are cut into pieces: those around each question, and those within some."""
    if not splits_special(shift):
        return
    special = [pair for pair in shift.moved if has_special(pair)]
    yield finding(
        "tokenizer",
        "special-tokens-split",
        0.95,
        f"Special tokens are cut into plain pieces: every request is {count(shift.size, 'token')} "
        "longer than in the baseline, and questions that hold special tokens still longer.",
        "Look at the added or special tokens of the tokenizer, and at what parses them.",
        [pair.key for pair in case.pairs if pair.shift],
        shift=shift.size,
        with_special_tokens={pair.key: pair.shift for pair in special},
    )


def _irregular(case: Case, shift: Shift) -> Iterator[Finding]:
    """Each question's count moved by a number of its own."""
    if shift.kind != "irregular":
        return
    grown = by_language(case.pairs)
    shares = ", ".join(f"{tag} {share:+.1%}" for tag, share in grown.items() if share)
    scripts = _scripts(case)
    where = f"; those that moved have {shift.trait}" if shift.trait else ""
    yield finding(
        "tokenizer",
        "tokens-drifted",
        0.45 if shift.n < LEAST_ITEMS else 0.7 if len(shift.moved) < 3 else 0.9,
        f"The same questions are cut into other tokens: {len(shift.moved)} of {shift.n} requests "
        f"changed in length, each by a number of its own ({shares or 'in sum nothing'}){where}.",
        ADVICE,
        [pair.key for pair in shift.moved],
        by_language=grown,
        by_script=scripts,
        prompt_tokens_before=shift.tokens[0],
        prompt_tokens_now=shift.tokens[1],
    )


def _scripts(case: Case) -> dict[str, str]:
    """Return how many questions with letters of each script moved, as ``3 of 8``."""
    seen: dict[str, list[int]] = {}
    for pair in case.pairs:
        if pair.shift is None:
            continue
        for script in {script_of(c) for c in pair.result.question if c.isalpha()}:
            sums = seen.setdefault(script, [0, 0])
            sums[0] += bool(pair.shift)
            sums[1] += 1
    return {script: f"{moved} of {n}" for script, (moved, n) in sorted(seen.items()) if moved}


def _signs(case: Case, shift: Shift) -> Iterator[Finding]:
    for sign, (name, said) in SIGNS.items():
        seen = showing(case, sign)
        least = LEAST.get(sign, 2)
        confidence = sure(seen, least=least) - (0.0 if case.base else 0.1)
        if sign == "joined" and confidence > 0 and case.is_drop and _all_sorts(case, seen.gained):
            confidence = max(confidence, 0.85)
        if sign in ("glued", "joined") and case.is_drop and confidence < 0.85:
            confidence = min(confidence, 0.6)
        if sign == "glued" and case.is_drop and not respaced(case)[0]:  # as of a broken model
            confidence = min(confidence, 0.6)
        if sign == "mojibake" and shift.kind in ("constant", "escaped", "content"):
            confidence = min(confidence, 0.8)  # a model answers in the escapes it was asked in
        if sign in ("replacement", "joined", "glued", "spread") and case.babbles:
            confidence = min(confidence, 0.45)
        if confidence <= 0:
            continue
        advice = ADVICE if sign == "joined" else DECODING
        yield signed(case, "tokenizer", name, said, seen, confidence, advice)


def _all_sorts(case: Case, keys: Collection[str]) -> bool:
    """Whether the words are all others: a name like JavaScript comes again."""
    wanted = set(keys)
    said = [r.answer or "" for r in case.answered if r.key in wanted]
    words = [word for answer in said for word in joined_words(answer)]
    return len(set(words)) >= 0.8 * len(words)
