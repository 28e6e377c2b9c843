"""Keys, passwords and tokens, taken out of text where the text is made.

Known secrets are values: of environment variables that are named like keys, of credentials in URLs
there, and what `learn` found in the target's own spec or in the prompt. They are found in whatever
form they come back in: quoted for a URL, for JSON or for HTML, in base64 or in hexadecimal, cut
short, and broken over lines. What merely looks like a key is taken out of messages too.

An answer is data, and is scored: only known secrets are taken out of it, so that one which merely
looks like a key stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

MARK = "***"
CACHED = 200
"""Characters of the longest message that is remembered: names and headers come again and again."""
LEAST = 6
"""Characters of the shortest value that is taken for a secret."""
LEAST_IN_ANSWERS = 8
LEAST_BROKEN = 16
"""Characters of the shortest value of which a part is looked for."""
PART = 10
"""Characters of the shortest such part in a message: a beginning, or an end."""
PART_IN_ANSWERS = 16

_ANYWHERE = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "CREDENTIALS")
"""Ends of words by which a variable is named like a key."""
_WHOLE = {"KEY", "PASS", "PWD", "PAT", "JWT", "AUTH", "BEARER", "COOKIE", "CREDENTIAL", "SIGNATURE"}
"""Whole words by which it is."""
_NO_VALUE = {"FILE", "PATH", "DIR", "SOCK", "NAME", "HOST", "URL", "URI", "TYPE", "ENABLED"}
"""Last words of names of what is no secret itself."""

_START = r"(?:\b|(?<=\\[nrt]))"
"""Where a key may begin: also after the letter of an escape such as ``\\n``."""
_NAME = r"(?:api[_-]?key|access[_-]?key|token|secret|passw(?:or)?d|signature|credential)"
_USERINFO = r"((?<=//))([^\s/?#\"'<>\\]+)(?=@)"
_QUERY = rf"(?i)([?&;](?:[\w.-]*{_NAME}|key|sig|auth|code|pwd)=)([^&\s\"'<>#]+)"
_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|\Z)",
        _USERINFO,
        _QUERY,
        rf"(?i)(?<![a-z0-9])({_NAME}=[\"']?)([^\s&\"',;)}}\]]{{4,}})",
        rf"(?i)(\\?[\"'][\w-]*(?:{_NAME}|authorization)\\?[\"']\s*:\s*\\?[\"'])([^\"'\\]+)",
        rf"(?i)({_START}(?:x-(?:[a-z]+-){{1,3}}|api-)key\s*[:=]\s*)([^\s\"',]{{4,}})",
        rf"(?i)({_START}authorization\s*[:=]\s*(?:(?:bearer|basic|token)\s+)?)"
        r"([^\s\"',]{4,})",
        rf"({_START}(?i:bearer|basic)\s+)(?![a-z]+\.?(?:[\s\"',;)]|$))([\w*.~+/=-]{{6,}})",
        rf"({_START}(?:sk-|[spr]k_(?:live|test)_))([\w*.~+/=-]{{6,}})",
        rf"({_START}(?:AIza|gsk_|hf_|gh[pousr]_|github_pat_|glpat-|xai-|nvapi-|pplx-|r8_))"
        r"([\w-]{16,})",
        rf"({_START}xox[a-z]-)([\w-]{{10,}})",
        rf"({_START}(?:AKIA|ASIA))([A-Z0-9]{{12,}})",
        r"((?:(?<![\w-])|(?<=\\[nrt]))eyJ)([\w-]+\.[\w-]+(?:\.[\w-]*)?)",
    )
)
"""What a secret follows, and the secret."""

_OPTION = re.compile(
    rf"(?i)((?:^|\s)(?:--?(?:[\w-]*-)?(?:{_NAME}|key|auth|user)|-u)(?:\s+|=)[\"']?)([^\s\"']+)"
)
"""The same in a command line."""

_FILL = re.compile("[\\s|\\\\'\"`+\u00ad\u200b\u2500-\u257f]+")
"""What may stand inside a secret that was wrapped: space, quotes, and the lines of a box."""

Span = tuple[int, int]
"""Where something begins and ends in a text."""

_learned: set[str] = set()


def learn(text: str) -> None:
    """Take what is shaped like a key in the user's own text for a secret from now on."""
    for pattern in _SHAPES:
        _learned.update(part for found in pattern.finditer(text) for part in _parts(found[2]))


def learn_command(command: str) -> None:
    """Take what an option of a command line names for a secret from now on."""
    _learned.update(part for found in _OPTION.finditer(command) for part in _parts(found[2]))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a message without secrets: known ones, `secrets` among them, and what looks so."""
    known = _known() | {secret for secret in secrets if len(secret) >= LEAST}
    return _redact_once(text, known) if len(text) <= CACHED else _redact(text, known)


@lru_cache(maxsize=1024)
def _redact_once(text: str, known: frozenset[str]) -> str:
    return _redact(text, known)


def _redact(text: str, known: frozenset[str]) -> str:
    text = _without(text, _forms_of(known))
    shaped = [found.span(2) for pattern in _SHAPES for found in pattern.finditer(text)]
    return _cover(text, [*shaped, *_broken(text, known, PART)])


def redact_command(command: str) -> str:
    """Return a command line without secrets, those that an option names included."""
    return redact(_OPTION.sub(rf"\g<1>{MARK}", command))


def redact_answer(text: str) -> str:
    """Return an answer without known secrets; short ones, and plain words or numbers, stay."""
    known = _no_words(_known())
    text = _without(text, _forms_of(known))
    return _cover(text, _broken(text, known, PART_IN_ANSWERS))


def holds_secret(text: str) -> bool:
    """Whether the user's own text has a key in it: known, by its looks, or by what it is called."""
    from urllib.parse import parse_qsl, urlsplit

    try:
        named = [name for name, _ in parse_qsl(urlsplit(text).query)]
    except ValueError:
        named = []
    shaped = any(pattern.search(text) for pattern in (*_SHAPES, _OPTION))
    return shaped or any(map(_names_a_secret, named)) or redact_answer(text) != text


@lru_cache(maxsize=16)
def _no_words(secrets: frozenset[str]) -> frozenset[str]:
    return frozenset(filter(_is_no_word, secrets))


def _is_no_word(secret: str) -> bool:
    letters = sum(map(str.isalpha, secret))
    return len(secret) >= 20 or (len(secret) >= LEAST_IN_ANSWERS and 0 < letters < len(secret))


def _known() -> frozenset[str]:
    """Return the secrets there are now; an environment that has not changed is not read again."""
    raw = getattr(os.environ, "_data", os.environ)  # what it decodes at every look
    return _secrets_of(frozenset(raw.items()), frozenset(_learned))


@lru_cache(maxsize=1)
def _secrets_of(environment: frozenset[object], learned: frozenset[str]) -> frozenset[str]:
    found = set(learned)
    for name, value in os.environ.items():
        if _names_a_secret(name):
            found.update(line.strip() for line in (value, *value.splitlines()))
        elif "://" in value:
            told = (one[2] for kind in (_USERINFO, _QUERY) for one in re.finditer(kind, value))
            found.update(part for secret in told for part in _parts(secret))
    return frozenset(secret for secret in found if len(secret) >= LEAST)


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    words = re.split(r"[\W_]+", name.upper())
    if words in (["PWD"], ["OLDPWD"]) or words[-1] in _NO_VALUE:
        return False
    return any(word in _WHOLE or word.endswith(_ANYWHERE) for word in words)


def _parts(secret: str) -> Iterator[str]:
    """Yield a secret, as it stands and as it is sent; of ``user:password``, the password too."""
    from urllib.parse import unquote

    for part in {secret, secret.partition(":")[2]}:
        yield part
        yield unquote(part)


@lru_cache(maxsize=16)
def _forms_of(secrets: frozenset[str]) -> tuple[str, ...]:
    """Return all forms of all secrets, long ones first."""
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _forms(secret: str) -> Iterator[str]:
    import json
    from urllib.parse import quote, quote_plus

    escaped = json.dumps(secret)[1:-1]
    yield from (secret, escaped, json.dumps(escaped)[1:-1], repr(secret)[1:-1])
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    html = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (html, html.replace('"', "&quot;").replace("'", "&#x27;"))
    raw = secret.encode("utf-8", "surrogateescape")
    yield from (raw.hex(), raw.hex().upper())
    in_urls = (quote(raw, safe=""), quote(raw), quote_plus(raw))
    yield from in_urls
    for form in in_urls:
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    for core in _base64(raw):
        yield from (core, core.replace("+", "-").replace("/", "_"), quote(core, safe=""))


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of it within a longer text, less what hangs on its neighbours."""
    from base64 import b64encode

    for before in range(3):
        encoded = b64encode(bytes(before) + raw).decode()
        core = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        if len(core) >= LEAST_IN_ANSWERS:
            yield core


def _without(text: str, forms: Iterable[str]) -> str:
    for form in forms:
        if form in text:
            text = text.replace(form, MARK)
    return text


def _cover(text: str, spans: Iterable[Span]) -> str:
    """Put one mark in the place of the spans that touch each other."""
    shown, done = [], -1
    for start, end in sorted(spans):
        if start > done:
            shown += [text[max(0, done) : start], MARK]
        done = max(done, end)
    return "".join(shown) + text[max(0, done) :]


def _broken(text: str, secrets: Iterable[str], least: int) -> list[Span]:
    """Return where secrets stand broken over lines, or an end of them that is so long at least."""
    squeezed = _FILL.sub("", text)
    spans = [
        span
        for secret in secrets
        if len(secret) >= LEAST_BROKEN and "://" not in secret
        for span in _overlaps(squeezed, _FILL.sub("", secret), least)
    ]
    if not spans:
        return []
    places = [i for kept in _kept(text) for i in range(*kept)]
    return [(places[start], places[end - 1] + 1) for start, end in spans]


def _overlaps(text: str, secret: str, least: int) -> Iterator[Span]:
    """Yield where in `text` a beginning or an end of `secret` stands, so long at least."""
    if len(secret) < least:
        return
    for found in re.finditer(re.escape(secret[:least]), text):
        after = text[found.start() : found.start() + len(secret)]
        yield found.start(), found.start() + _common(secret, after)
    for found in re.finditer(re.escape(secret[-least:]), text):
        before = text[max(0, found.end() - len(secret)) : found.end()]
        yield found.end() - _common(secret[::-1], before[::-1]), found.end()


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _kept(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a text between what `_FILL` leaves out."""
    start = 0
    for fill in _FILL.finditer(text):
        yield start, fill.start()
        start = fill.end()
    yield start, len(text)
