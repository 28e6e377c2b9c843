"""Documents of the user's, cut into the passages from which items are made.

Markdown and plain text are read as they are; HTML by Beautiful Soup and PDF by pypdf, both in the
extra ``sources``. A passage is whole paragraphs under one heading, of some 300 to 1,500 characters,
in NFC and without what nobody sees, so that a label can stand in it word for word.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tqb.errors import PackError, RecipeError
from tqb.packs.reading import open_regular
from tqb.text import one_line

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

LEAST = 300
"""Characters from which a passage is long enough."""
MOST = 1_500
"""Characters of a passage at most."""
WORTH = 40
"""Characters under which a text by itself is not worth a question."""
MAX_BYTES = 32 * 2**20
"""Of one document."""
MAX_PAGES = 2_000
MAX_PASSAGES = 20_000

_HTML = (".html", ".htm", ".xhtml")
_MARKDOWN = (".md", ".markdown", ".mdx", ".qmd", ".rmd")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document from which items are made."""

    text: str
    """Its paragraphs, a blank line between two; the heading above them is the first."""
    file: str
    """Path of the document, as the user named it."""
    line: int | None = None
    """1-based line on which it starts, for PDF the page; None where that is unknown."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or a heading."""

    text: str
    line: int | None
    heading: bool = False


def read_sources(paths: Iterable[Path]) -> tuple[Passage, ...]:
    """Return the passages of documents, in order; none stands there twice.

    Raises:
        RecipeError: a document cannot be read, is too long, holds no text, or needs a library that
            is not installed.
    """
    found: dict[str, Passage] = {}
    for path in paths:
        passages = list(_passages(path))
        if not passages:
            raise RecipeError(f"{path}: holds no text to make items from; give another document")
        for passage in passages:
            found.setdefault(passage.text, passage)
        if len(found) > MAX_PASSAGES:
            message = f"makes more than {MAX_PASSAGES:,} passages; give fewer or shorter documents"
            raise RecipeError(f"{path}: {message}")
    return tuple(found.values())


def _passages(path: Path) -> Iterator[Passage]:
    data = _bytes(path)
    suffix = path.suffix.lower()
    if suffix == ".pdf" or data.startswith(b"%PDF-"):
        blocks = _pdf_blocks(path, data)
    elif suffix in _HTML:
        blocks = _html_blocks(path, data)
    else:
        blocks = _text_blocks(_decoded(path, data), markdown=suffix in _MARKDOWN)
    cleaned = (_Block(_clean(one.text), one.line, one.heading) for one in blocks)
    return _packed([block for block in cleaned if block.text], str(path))


def _bytes(path: Path) -> bytes:
    try:
        with open_regular(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except PackError as error:
        raise RecipeError(str(error.problems[0])) from None
    if len(data) > MAX_BYTES:
        raise RecipeError(f"{path}: is longer than {MAX_BYTES:,} bytes; split the document")
    return data


def _decoded(path: Path, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        kinds = "Markdown, text, HTML or PDF"
        message = f"byte {error.start} is not UTF-8; give {kinds}, text saved as UTF-8"
        raise RecipeError(f"{path}:{line}: {message}") from None
    if "\0" in text:
        line = 1 + text.count("\n", 0, text.index("\0"))
        raise RecipeError(f"{path}:{line}: holds a NUL, so it is no text; give a text file")
    return text


def _text_blocks(text: str, *, markdown: bool) -> Iterator[_Block]:
    """Yield paragraphs, which blank lines part, and in Markdown headings."""
    lines = text.splitlines()
    start = _after_front_matter(lines) if markdown else 0
    fence = ""
    kept: list[str] = []
    first = start + 1
    for number, line in enumerate([*lines[start:], ""], start + 1):
        mark = re.match(r"\s*(```+|~~~+)", line) if markdown else None
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            line = ""  # noqa: PLW2901 (a fence ends the paragraph)
        elif fence:
            continue
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line) if markdown else None
        underline = markdown and kept and re.fullmatch(r"(={3,}|-{3,})\s*", line)
        if line.strip() and not heading and not underline:
            first = first if kept else number
            kept.append(line.strip())
            continue
        if kept:
            yield _Block(_plain("\n".join(kept), markdown), first, bool(underline))
            kept = []
        if heading:
            yield _Block(_plain(heading[1], markdown), number, heading=True)


def _after_front_matter(lines: Sequence[str]) -> int:
    """Return where the text begins, after a head of YAML between two lines of dashes."""
    if lines and lines[0].strip() == "---":
        end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
        return 0 if end is None else end + 1
    return 0


def _plain(text: str, markdown: bool) -> str:
    """Take the marks of Markdown out of a paragraph; what is emphasised or linked stays."""
    if not markdown:
        return text
    for pattern, by in _MARKS:
        text = pattern.sub(by, text)
    return text


_MARKS = (
    (re.compile(r"<!--.{0,2000}?-->", re.DOTALL), ""),
    (re.compile(r"!\[[^\[\]]{0,300}\]\([^()\s]{0,2000}\)"), ""),
    (re.compile(r"\[([^\[\]]{0,300})\]\([^()\s]{0,2000}(?: \"[^\"]{0,300}\")?\)"), r"\1"),
    (re.compile(r"\[([^\[\]]{0,300})\]\[[^\[\]]{0,100}\]"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)([^\n*_]{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^\n*]{1,500}?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=\S)([^\n_]{1,500}?)(?<=\S)_(?![\w_])"), r"\1"),
    (re.compile(r"`([^`\n]{1,300})`"), r"\1"),
    (re.compile(r"^>+ ?", re.MULTILINE), ""),
    (re.compile(r"^[-*+] +", re.MULTILINE), "– "),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,300}>"), ""),
    (re.compile(r"^[|\s:-]+$", re.MULTILINE), ""),
    (re.compile(r"^\|(.*)\|$", re.MULTILINE), r"\1"),
)
"""What each mark becomes; all have bounds, since a document may be hostile."""


def _html_blocks(path: Path, data: bytes) -> Iterator[_Block]:
    try:
        from bs4 import BeautifulSoup
    except ImportError:
        _want_library(path, "HTML", "beautifulsoup4")
    try:
        yield from _page_blocks(BeautifulSoup(data, "html.parser"))
    except (RecursionError, ValueError, AssertionError) as error:
        reason = one_line(str(error)) or "it is nested too deeply"
        raise RecipeError(f"{path}: cannot be read as HTML ({reason}); save it as text") from None


def _page_blocks(soup: BeautifulSoup) -> Iterator[_Block]:
    """Yield the text of the page's own blocks, without menus, scripts and forms."""
    for tag in soup.find_all(_LEFT_OUT):
        tag.extract()
    last: Any = None
    kept: list[str] = []
    for string in soup.find_all(string=True):
        if type(string).__name__ != "NavigableString":
            continue
        block = next((tag for tag in string.parents if tag.name in _BLOCKS), None)
        if block is not last and kept:
            yield _html_block(last, kept)
            kept = []
        last = block
        kept.append(str(string))
    if kept:
        yield _html_block(last, kept)


def _html_block(tag: Any, strings: Sequence[str]) -> _Block:
    text = " ".join("".join(strings).split())
    name = tag.name if tag is not None else ""
    return _Block(text, getattr(tag, "sourceline", None), bool(re.fullmatch("h[1-6]", name)))


_LEFT_OUT = (
    "script style template noscript nav header footer aside form button select svg math iframe "
    "object head"
).split()
_BLOCKS = frozenset(
    "h1 h2 h3 h4 h5 h6 p li dt dd td th tr caption figcaption blockquote pre div section article "
    "main body summary address".split()
)


def _pdf_blocks(path: Path, data: bytes) -> Iterator[_Block]:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        _want_library(path, "PDF", "pypdf")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise RecipeError(f"{path}: is locked by a password; save it without one")
        if len(reader.pages) > MAX_PAGES:
            raise RecipeError(f"{path}: has more than {MAX_PAGES:,} pages; split the document")
        for number, page in enumerate(reader.pages, 1):
            for paragraph in re.split(r"\n\s*\n", _unwrapped(page.extract_text())):
                yield _Block(paragraph, number)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = one_line(str(error)) or type(error).__name__
        raise RecipeError(f"{path}: cannot be read as PDF ({reason}); save it as text") from None


def _unwrapped(text: str) -> str:
    """Join words that a PDF parts by a hyphen at the end of a line."""
    return re.sub(r"(?<=[^\W\d_])-\n(?=[^\W\d_])", "", text)


def _want_library(path: Path, kind: str, library: str) -> NoReturn:
    raise RecipeError(
        f"{path}: {kind} needs {library}; install it with `pip install 'tqb[sources]'`"
    )


def _clean(text: str) -> str:
    """Fold space, and leave out what nobody sees."""
    text = "".join(map(_seen, unicodedata.normalize("NFC", text)))
    return " ".join(text.split())


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in ("Zl", "Zp"):
        return " "
    if character in "\u200c\u200d":  # spelling in Persian and in Indic scripts
        return character
    return "" if category in ("Cc", "Cf", "Co", "Cn", "Cs") or character == "\ufffd" else character


def _packed(blocks: Sequence[_Block], file: str) -> Iterator[Passage]:
    """Put paragraphs together until a passage is long enough; a heading begins a new one."""
    kept: list[_Block] = []
    for block in (part for whole in blocks for part in _split(whole)):
        long_enough = _size(kept) >= LEAST
        full = _size([*kept, block]) > MOST
        if kept and (full or (long_enough and block.heading)):
            heading = kept.pop() if kept[-1].heading else None
            yield from _passage(kept, file)
            kept = [heading] if heading else []
        kept.append(block)
    yield from _passage(kept, file)


def _passage(blocks: Sequence[_Block], file: str) -> Iterator[Passage]:
    """Yield the passage of these blocks, if it says anything beside headings."""
    if sum(len(block.text) for block in blocks if not block.heading) < WORTH:
        return
    yield Passage("\n\n".join(block.text for block in blocks), file, blocks[0].line)


def _size(blocks: Sequence[_Block]) -> int:
    return sum(len(block.text) + 2 for block in blocks)


def _split(block: _Block) -> Iterator[_Block]:
    """Yield a block in parts that fit a passage, cut where sentences or words end."""
    rest = block.text
    room = MOST - 200
    while len(rest) > room:
        head = rest[:room]
        ends = [found.end() for found in re.finditer(r"[.!?…](?=\s)|[。！？]", head)]
        space = head.rfind(" ")
        at = ends[-1] if ends and ends[-1] > LEAST else (space if space > LEAST else room)
        yield _Block(rest[:at].strip(), block.line)
        rest = rest[at:].strip()
    yield _Block(rest, block.line, block.heading and rest == block.text)
