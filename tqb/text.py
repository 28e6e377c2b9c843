"""Text from elsewhere, made fit for a file and for one line of a terminal."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable

from tqb.redaction import redact

LONGEST_QUOTED = 64 * 1024
"""Characters that are looked at for an excerpt of a few hundred."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_JOINERS = "\u200c\u200d"
"""Zero-width joiners are spelling in Persian, in Indic scripts and in emoji."""


def escape(text: str) -> str:
    """Show characters that control a terminal, or that nobody would see, as escapes."""
    return "".join(map(_visible, text))


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters; an ellipsis stands for what was cut off."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def one_line(text: str, limit: int = 120) -> str:
    """Fold space, escape, and cut at `limit` characters."""
    head = text[: 8 * limit]
    shown = cut(escape(" ".join(head.split())), limit)
    return shown if len(text) == len(head) or shown.endswith("…") else shown + "…"


def excerpt(text: str, secrets: Iterable[str] = (), limit: int = 120) -> str:
    """`text` as it may stand in a message: without secrets, then on one short line."""
    return one_line(redact(text[:LONGEST_QUOTED], secrets), limit)


def well_formed(text: str) -> str:
    """Replace lone surrogates, which JSON may carry and no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_controls(text: str) -> str:
    """Take out what no XML 1.0 file can hold, and controls other than tab and line ends."""
    return _CONTROLS.sub("", text)


def short_hash(text: str) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def count(number: int, noun: str) -> str:
    """Return ``1 item``, ``2 items``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def usd(amount: float) -> str:
    """Return an amount of US dollars as ``$0.0125``, and a smaller one with two digits."""
    if not 0 < amount < 0.001:
        return f"${amount:.4f}" if amount else "$0"
    return f"${amount:.{1 - math.floor(math.log10(amount))}f}"


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
