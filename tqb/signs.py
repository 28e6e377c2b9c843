"""What an answer gives away by itself: signs of trouble, and its form. Pure functions.

A sign counts only where nothing that was sent, and no accepted answer, has it: an answer that
repeats a question about ``<|im_end|>`` is no sign of a lost stop token.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Literal

from tqb.types import Form, Request, Response, Shape

LONGEST = 4_000
"""Characters of an answer that are looked at, from its beginning."""
LONG_WORD = 28
"""Letters of a word without a space that hardly any language writes."""
READ_AS = 0.7
"""Share of a run of odd letters that must read as UTF-8."""
SHORTEST = 4
"""Letters of a target that tells something when it stands there in another spelling."""
LOOPS = 4
"""Times that the end of an answer repeats itself, to be a loop."""

_SPECIAL = re.compile(
    r"<\|[\w /-]{1,40}\|>|<｜[\w▁ /-]{1,40}｜>|</?s>|\[/?INST\]|<</?SYS>>"
    r"|<(?:start|end)_of_(?:turn|text|utterance)>|<(?:pad|eos|bos|sep|cls|mask)>"
    r"|\[(?:PAD|SEP|CLS|MASK|BOS|EOS)\]|<\|(?=\w)|(?<=\w)\|>"
)
_ROLES = r"user|human|question|instruction|input|system|assistant|response|bot|ai|q"
_SECOND_TURN = re.compile(
    rf"\n\s*(?:#{{1,3}}\s*|\*\*|<)?(?:{_ROLES})\b\s*(?:>|\*\*)?\s*(?::|\n)", re.IGNORECASE
)
_ROLE_FIRST = re.compile(
    rf"\s*(?:#{{1,3}}\s*(?:{_ROLES})\b|(?:{_ROLES})\s*(?:\n|:\s*\n)"
    r"|(?:assistant|user|human|system|gpt|bot)\s*:)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{-?\s*[A-Za-z_][\w. |]*-?\}\}|\{%.{1,80}?%\}|(?<![\w$\\])\{[A-Za-z_]\w*\}"
    r"|\$\{[A-Za-z_]\w*\}|%\([A-Za-z_]\w*\)s"
)
_PIECES = re.compile(
    r"▁|<0x[0-9A-F]{2}>|(?<=[\w.,:;])[ĠĊ]|\A[ĠĊ]\S+\Z|(?<=\w) ##(?=\w)|(?<=\w)@@ (?=\w)"
    r"|</w>|<unk>|\[UNK\]"
)
_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]")
_JOINED = re.compile(r"(?<!\w)[A-Z]?[a-z]{2,}[A-Z][a-z]{2,}(?!\w)")
_WORDS = re.compile(r"[^\W\d_]{2,}(?: [^\W\d_]{2,})+")
_APART = re.compile(r"(?<![\w'’.-])(?:[^\W\d_] ){4,}[^\W\d_](?![\w'’])")
_BYTES = re.compile(r"[\x00-\x08\x0e-\x1f]|\\u[0-9a-fA-F]{4}|\\x[0-9a-f]{2}")
"""Control characters, and characters escaped as in the source of a program."""
_HIGH = re.compile(
    r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013-\u203a\u20ac\u2122]{2,}"
)
_PAGE = re.compile(
    r"\s*(?:<(?:!doctype|html|head|title|body|script)\b|<\?xml\b"
    r"|\{\s*\"(?:error|errors|detail|fault)\"\s*:|data:\s*(?:[\[{]|\[DONE\])|event:\s*\w+\s*\n"
    r"|(?:null|None|undefined|\[object Object\])\s*\Z"
    r"|(?:\d{3}\s+)?(?:bad gateway|gateway time-?out|service unavailable|internal server error"
    r"|too many requests|access denied|forbidden|unauthorized)\b)",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\brate[ -]?limit|\btoo many requests|\bexceeded\b.{0,20}\bquota\b"
    r"|\bquota (?:is )?(?:exceeded|reached)|\b(?:bad|502|504) gateway"
    r"|\b(?:server|service|model|engine|system|site|api|backend)\b(?: (?:is|are|was|has|been))*"
    r"(?: \w+ly)? (?:overloaded|unavailable|busy|down|under maintenance|at capacity)\b"
    r"|\bunder maintenance\b|\bno healthy upstream|\bupstream (?:request|connect|server|error|time)"
    r"|\binternal (?:server )?error|\b(?:request|connection|gateway|operation) (?:has )?"
    r"time?d?[ -]?out|\bconnection (?:refused|reset|closed)|\bupstream\b.{0,20}\bunavailable"
    r"|\bchecking your browser|\benable javascript",
    re.IGNORECASE,
)
"""What gateways say of themselves; a model that answers a question hardly speaks of it."""
_TROUBLE_HINTS = (
    *("limit", "too many", "quota", "gateway", "overloaded", "unavailable", "busy", "down"),
    *("maintenance", "capacity", "upstream", "internal", "time", "connection", "browser"),
    "javascript",
)
_LONGEST_TROUBLE = 400
"""Characters of an answer that may be no more than a word of trouble."""
_REFUSAL = re.compile(
    r"(?:i['’]?m|i am) (?:(?:really|very|so) )?(?:sorry|unable|not able)\b|\bi (?:can(?:no|['’])?t"
    r"|cannot|won['’]t|will not|am unable to)\b.{0,30}\b(?:help|assist|answer|provide|comply"
    r"|do that|fulfil)|\bas an ai\b|\bje ne suis pas (?:en mesure|capable|autorisé)"
    r"|\bje ne peux pas\b|\bdésolé|\bes tut mir leid\b"
    r"|\bich kann (?:dabei|das|diese|ihnen)\b.{0,30}\bnicht\b|\blo siento\b|\bno puedo\b"
    r"|\b(?:desculpe|sinto muito|não posso)\b|\b(?:извините|к сожалению|я не могу)\b"
    r"|\b(?:üzgünüm|yardımcı olamam)\b|抱歉|无法(?:回答|提供|协助)|無法(?:回答|提供|協助)|申し訳"
    r"|お答えできません|죄송|답변(?:할|해 드릴) 수 없|عذر|آسف|لا أستطيع",
    re.IGNORECASE,
)
_REFUSAL_HINTS = (
    *("sorry", "able", "can't", "can’t", "cannot", "won't", "won’t", "will not", "an ai", "je ne"),
    *("désolé", "es tut", "ich kann", "siento", "no puedo", "desculpe", "muito", "não posso"),
    *("извините", "сожалению", "не могу", "üzgünüm", "olamam", "抱歉", "无法", "無法", "申し訳"),
    *("できません", "죄송", "수 없", "عذر", "آسف", "لا أستطيع"),
)
_NO_QUESTION = re.compile(
    r"how (?:can|may) i (?:help|assist)|(?:please|could you|can you) (?:\w+ )?(?:provide|give|share"
    r"|tell|ask|clarify|specify|repeat)\b.{0,40}\b(?:question|context|information|text|details|line)"
    r"|(?:no|any|your|a) question (?:was|is|has been|to answer|provided)|what is your question"
    r"|(?:don['’]t|do not|didn['’]t|did not) (?:see|have|receive|get|find) (?:a|any|the|your) "
    r"(?:\w+ )?(?:question|context|text|passage)|how can i be of",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"^\s*(?:#{1,6} |[-*+] |\d+\. |>|\|)|\*\*\S|__\S|`[^`]+`", re.MULTILINE)
_STOPS = (".", "!", "?", "。", "！", "？", "।", "؟", "۔")
_FILTERED = ("content_filter", "safety", "SAFETY", "recitation", "blocklist", "prohibited_content")


def signs_of(request: Request, reply: Response) -> tuple[str, ...]:
    """Return the signs of trouble that an answer shows, in the order of this module.

    - `empty`, `truncated` (its finish reason is ``length``), `filtered` (a content filter's is)
    - `special_token`, `role`, `second_turn`, `placeholder`: what a chat template should have kept
    - `no_question`: it asks what the question is; `echo`: it repeats the question
    - `replacement`: U+FFFD, or ``?`` for letters; `pieces`: ``Ġ``, ``▁``, ``<0xE3>``; `mojibake`;
      `glued`: lost spaces; `joined`: a piece of one word within another, ``theCluster``
    - `spread`: spaces within words; `unmarked`: a target without its marks, ``cafe``
    - `loop`: its end repeats itself; `refusal`; `page`: an error page in place of an answer
    """
    answer = reply.answer[:LONGEST]
    if reply.finish_reason == "length":  # which may end within a character
        answer = answer.rstrip("\ufffd")
    known = _Known(request)
    shown: Iterator[str] = (name for name, check in _CHECKS.items() if check(answer, known))
    return (*_of_reply(answer, reply), *shown)


def _of_reply(answer: str, reply: Response) -> Iterator[str]:
    if not answer.strip():
        yield "empty"
    if reply.finish_reason == "length":
        yield "truncated"
    if reply.finish_reason in _FILTERED:
        yield "filtered"


class _Known:
    """What an answer may rightly repeat."""

    __slots__ = ("_all", "item", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.item = request.item
        self._all: str | None = None

    def __contains__(self, text: str) -> bool:
        if self._all is None:
            turns = (turn.content for turn in self.request.messages if turn.role == "user")
            item = self.item
            self._all = "\n".join((item.text, *item.targets, item.context, *turns))
        return text in self._all


def _new(pattern: re.Pattern[str], *hints: str) -> Callable[[str, _Known], bool]:
    """Return a check for what matches, unless it was sent; what matches has one of the hints."""

    def check(answer: str, known: _Known) -> bool:
        low = answer.lower()
        return any(hint in low for hint in hints) and any(
            found.group().strip() not in known for found in pattern.finditer(answer)
        )

    return check


def _echoes(answer: str, known: _Known) -> bool:
    question = known.item.text.strip()
    if len(question) < 20 or question not in answer:
        return False
    return not any(question in target for target in known.item.targets)


_troubled = _new(_TROUBLE, *_TROUBLE_HINTS)


def _has_replacement(answer: str, known: _Known) -> bool:
    if "\ufffd" in answer and "\ufffd" not in known:
        return True
    return "?" in answer and any(
        not target.isascii() and len(target) > 1 and _questioned(target) in answer
        for target in _missed(answer, known)
    )


def _missed(answer: str, known: _Known) -> tuple[str, ...]:
    """Return the accepted answers where none of them stands there as it is written."""
    targets = known.item.targets
    return () if any(target in answer for target in targets) else targets


def _questioned(target: str) -> str:
    """Put question marks for all beyond ASCII, as an encoder that replaces what it cannot write."""
    return target.encode("ascii", "replace").decode()


def _is_mojibake(answer: str, known: _Known) -> bool:
    escaped = answer.lstrip()[:1] not in ("{", "[", "`")  # as JSON may be
    if escaped and any(found.group() not in known for found in _BYTES.finditer(answer)):
        return True
    return not answer.isascii() and any(
        _decoded(found.group()) and found.group() not in known for found in _HIGH.finditer(answer)
    )


def _decoded(run: str) -> bool:
    """Whether characters are the bytes of UTF-8, read in a code page of one byte."""
    for page in ("latin-1", "cp1252"):
        raw = run.encode(page, "ignore")
        text = raw.decode("utf-8", "ignore")
        if text and len(text.encode()) >= READ_AS * len(run) and not text.isascii():
            return True
    return any("\x80" <= letter <= "\x9f" for letter in run)


def _is_glued(answer: str, known: _Known) -> bool:
    said = answer.strip()
    targets = known.item.targets
    if said not in targets and any(
        _WORDS.fullmatch(target) and said == target.replace(" ", "") for target in targets
    ):
        return True
    return any(
        len(word) > LONG_WORD
        and word.isalpha()
        and _is_spaced(word[0])
        and word not in known
        and len(set(word)) > 6
        for word in said.split()
    )


def _is_spread(answer: str, known: _Known) -> bool:
    """Whether spaces stand within words: letters one by one, or a target with more of them."""
    if any(found.group() not in known for found in _APART.finditer(answer)):
        return True
    said = "".join(answer.split())
    return any(
        len(word := "".join(target.split())) >= SHORTEST
        and word.isalpha()
        and _is_spaced(word[0])
        and word in said
        and word not in answer
        for target in _missed(answer, known)
    )


def _is_unmarked(answer: str, known: _Known) -> bool:
    """Whether a target stands there without its letters beyond ASCII, or without their marks."""
    return any(
        not target.isascii()
        and any(len(bare) >= SHORTEST and bare in answer for bare in _bare(target))
        for target in _missed(answer, known)
    )


def _bare(target: str) -> Iterator[str]:
    parts = unicodedata.normalize("NFD", target)
    yield "".join(part for part in parts if not unicodedata.combining(part))
    yield target.encode("ascii", "ignore").decode().strip()


def _is_spaced(letter: str) -> bool:
    """Whether a letter is of a script that puts spaces between words."""
    return script_of(letter) in ("latin", "cyrillic", "greek", "arabic", "hebrew", "hangul")


def _loops(answer: str, known: _Known) -> bool:
    text = answer.strip()
    end, place = text[-2:], len(text) - 2
    for _ in range(LOOPS):
        place = text.rfind(end, 0, place + 1)
        size = len(text) - 2 - place
        if place < 0 or size * LOOPS > len(text):
            return False
        loop = text[-size:] * LOOPS
        if size > 1 and text.endswith(loop) and loop not in known:
            return True
    return False


def _short(answer: str) -> bool:
    return len(answer) <= _LONGEST_TROUBLE


_CHECKS: dict[str, Callable[[str, _Known], bool]] = {
    "special_token": _new(_SPECIAL, "<", "[", "|>"),
    "role": lambda answer, known: (
        (found := _ROLE_FIRST.match(answer)) is not None and found.group().strip() not in known
    ),
    "second_turn": _new(_SECOND_TURN, "\n"),
    "placeholder": _new(_PLACEHOLDER, "{", "%("),
    "no_question": _new(_NO_QUESTION, "help", "assist", "question", "provide", "don", "did"),
    "echo": _echoes,
    "replacement": _has_replacement,
    "pieces": _new(_PIECES, "▁", "<0x", "ġ", "ċ", " ##", "@@ ", "</w>", "unk"),
    "mojibake": _is_mojibake,
    "glued": _is_glued,
    "spread": _is_spread,
    "unmarked": _is_unmarked,
    "joined": lambda answer, known: any(
        found.group() not in known for found in _JOINED.finditer(answer)
    ),
    "loop": _loops,
    "refusal": _new(_REFUSAL, *_REFUSAL_HINTS),
    "page": lambda answer, known: (
        _PAGE.match(answer) is not None or (_short(answer) and _troubled(answer, known))
    ),
}


def joined_words(answer: str) -> list[str]:
    """Return the words that have another one within, as ``theCluster``."""
    return _JOINED.findall(answer)


def form_of(answer: str) -> Form:
    """Return what an answer looks like."""
    text = answer.strip()
    return Form(
        chars=len(answer),
        words=len(text.split()),
        shape=_shape(text),
        script=main_script(text),
        case=_case(text),
        first=answer[:1],
        last=answer[-1:],
    )


def _shape(text: str) -> Shape:
    if not text:
        return "empty"
    if "```" in text:
        return "code"
    if text[0] in "{[" and text[-1] in "}]" and len(text) > 2:
        return "json"
    if _MARKDOWN.search(text):
        return "markdown"
    if "\n" in text:
        return "lines"
    long = len(text.split()) > 3 or len(text) > 24
    return "sentence" if text.endswith(_STOPS) and long else "bare"


def _case(text: str) -> Literal["", "lower", "upper", "mixed"]:
    if text.islower():
        return "lower"
    if text.isupper():
        return "upper"
    return "mixed" if text.lower() != text.upper() else ""


def main_script(text: str) -> str:
    """Return the script of most letters, as Unicode's names begin; empty without letters."""
    if text.isascii():
        return "latin" if any(map(str.isalpha, text)) else ""
    counts = Counter(script_of(letter) for letter in text[:LONGEST] if letter.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


def pieces(text: str) -> int:
    """Count words, digits and marks: in proportion to tokens, of whatever tokenizer."""
    return sum(1 for _ in _PIECE.finditer(text))


def scripts_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the scripts of all letters."""
    return frozenset(script_of(one) for text in texts for one in text if one.isalpha())


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return the first word of a letter's name in Unicode, in small letters; empty without one."""
    if letter.isascii():
        return "latin"
    return unicodedata.name(letter, "").partition(" ")[0].lower()
