"""Tokenizer: does text of every script come back, and how many tokens does it take?"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from statistics import linear_regression

from tqb.doctor.case import Case, Pair, check, finding, notice, repeats
from tqb.doctor.records import Check, Row
from tqb.signs import main_script, signs_of
from tqb.text import count, excerpt
from tqb.types import Finding

STRONG = ("replacement", "pieces", "mojibake", "question marks")
"""Damage that a model hardly writes by itself, several times."""
ADVICE = (
    "Compare the tokenizer's files (vocabulary, merges, added tokens, normaliser, splitter) and "
    "the version of what runs them with those of the model."
)
WORDS = {
    "replacement": "with U+FFFD, the mark of bytes that are no character",
    "pieces": "as pieces of the vocabulary that nobody decoded",
    "mojibake": "as UTF-8 read in another encoding",
    "glued": "without their spaces",
    "question marks": "with question marks for letters",
    "dropped": "without their letters beyond ASCII",
    "marks": "without the marks on their letters",
}
LEAST_TOKENS = 0.1
"""Least tokens of a character: no tokenizer is known to need fewer."""


def look(case: Case) -> Check:
    """Look at the lines that came back, script by script."""
    pairs = case.answered("tokenizer")
    right = sum(repeats(probe, reply) for probe, reply in pairs)
    found = [*_damaged(case, pairs), *_uncounted(case)]
    known = {one.name for one in found}
    for one in case.found("tokenizer"):
        if one.name not in known and case.can_repeat:
            found.append(notice(one))
    if not case.can_repeat:
        plain, n = case.repeated
        said = f"too weak a model to tell: it repeats {plain} of {count(n, 'plain line')}"
        return check("tokenizer", map(notice, found), ("unknown", said))
    if pairs and right < 0.3 * len(pairs):
        said = (
            f"too weak a model to tell: plain ASCII comes back, of {count(len(pairs), 'line')} in "
            f"other scripts {right}, and none of the others shows the damage of a tokenizer"
        )
        return check("tokenizer", found, ("unknown", said))
    said = f"{right} of {count(len(pairs), 'line')} in other scripts came back, none damaged"
    return check("tokenizer", found, ("ok", said))


def script_rows(case: Case) -> tuple[Row, ...]:
    """Return what the lines of each script take; the first row is plain ASCII."""
    plain, others = case.answered("plain"), case.answered("tokenizer")
    around = _around(plain)
    rows = [_row("ascii", plain, around)] if plain else []
    for probe, reply in others:
        name = main_script(probe.request.item.label) or probe.request.item.tags.get("category", "")
        rows.append(_row(f"{name} ({probe.request.item.id})", [(probe, reply)], around))
    return tuple(rows)


def _row(name: str, pairs: Sequence[Pair], around: float | None) -> Row:
    sizes = [reply.prompt_tokens for _, reply in pairs]
    known = [size for size in sizes if size is not None]
    tokens = None
    if around is not None and len(known) == len(pairs):
        tokens = max(0, round(sum(known) - around * len(pairs)))
    characters = sum(len(probe.request.item.label) for probe, _ in pairs)
    repeated = all(repeats(probe, reply) for probe, reply in pairs)
    return Row(name, characters, tokens, repeated)


def _around(plain: Sequence[Pair]) -> float | None:
    """Estimate the tokens around a line, from how the counts grow with plain ones."""
    points = [
        (len(probe.request.item.label), reply.prompt_tokens)
        for probe, reply in plain
        if reply.prompt_tokens is not None
    ]
    if len({size for size, _ in points}) < 3 or len({tokens for _, tokens in points}) < 2:
        return None
    fit = linear_regression([size for size, _ in points], [tokens for _, tokens in points])
    return fit.intercept if fit.slope > 0 else None


def damage(pair: Pair) -> str:
    """Name what became of a line, by `WORDS`; empty where it came back, or as something else."""
    probe, reply = pair
    line, said = probe.request.item.label, reply.answer.strip()
    if line in said:
        return ""
    signs = signs_of(probe.request, reply)
    found = next((sign for sign in ("replacement", "pieces", "mojibake") if sign in signs), "")
    if found:
        return found
    if said.count("?") >= 3 and said.count("?") >= 0.3 * len(said) > line.count("?"):
        return "question marks"
    if said and said == line.replace(" ", ""):
        return "glued"
    ascii_only = line.encode("ascii", "ignore").decode().strip()
    if said and said == ascii_only:
        return "dropped"
    return "marks" if said and _bare(said) == said == _bare(line) else ""


def _bare(text: str) -> str:
    """Return a text without the marks on its letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _damaged(case: Case, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Lines came back as a broken tokenizer leaves them."""
    named = [(damage(pair), pair) for pair in pairs]
    hurt = [(how, pair) for how, pair in named if how]
    if not hurt:
        return
    strong = sum(how in STRONG for how, _ in hurt)
    enough = strong >= max(2, 0.25 * len(pairs)) or len(hurt) >= max(3, 0.4 * len(pairs))
    plain, n = case.repeated
    kinds = dict.fromkeys(how for how, _ in hurt)
    said = " and ".join(WORDS[how] for how in kinds)
    _, (_, example) = hurt[0]
    yield finding(
        "tokenizer",
        "lines-damaged",
        0.9 if enough and case.can_repeat else 0.4,
        f"{len(hurt)} of {count(len(pairs), 'line')} in other scripts came back "
        f"{said}, as in “{excerpt(example.answer, limit=60)}”; of "
        f"plain ASCII {plain} of {n} came back.",
        ADVICE,
        [probe.key for _, (probe, _) in hurt],
        damage={how: sum(one == how for one, _ in hurt) for how in kinds},
        scripts=sorted({main_script(probe.request.item.label) for _, (probe, _) in hurt}),
        plain_repeated=plain,
    )


def _uncounted(case: Case) -> Iterator[Finding]:
    """Text beyond ASCII takes no tokens: it is taken out on its way."""
    rows = [row for row in script_rows(case)[1:] if row.tokens is not None and row.characters >= 8]
    none = [row for row in rows if (row.tokens or 0) < LEAST_TOKENS * row.characters]
    if len(none) < 2 or len(none) < 0.25 * len(rows):
        return
    yield finding(
        "tokenizer",
        "text-uncounted",
        0.8,
        f"Text is lost before it is counted: {len(none)} of {count(len(rows), 'line')} in other "
        f"scripts take hardly a token, as {none[0].script}.",
        ADVICE,
        scripts=[row.script for row in none],
    )
