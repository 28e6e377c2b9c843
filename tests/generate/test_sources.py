"""Passages of the user's documents."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tqb.errors import RecipeError
from tqb.minting import sources
from tqb.minting.sources import LEAST, MOST, read_sources

HANDBOOK = """---
title: left out
---
# Handbook

The **loan period** is 21 days. See [the rules](https://example.org/rules "Rules") for _more_.

```python
secret = "code is left out"
```

Setext heading
--------------

- Books are returned to the desk in hall B.
- Fines are 0.20 euro a day. <!-- hidden -->
"""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a document and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(*lines: str) -> bytes:
    """Make a PDF of one page with these lines."""
    shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
    stream = f"BT /F1 12 Tf 50 700 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def test_markdown_without_its_marks(tmp_path: Path) -> None:
    """Markdown loses marks, code and front matter, and keeps words, headings and its line."""
    (passage,) = read_sources([write(tmp_path, "handbook.md", HANDBOOK)])
    assert passage.text == (
        "Handbook\n\nThe loan period is 21 days. See the rules for more.\n\nSetext heading\n\n"
        "– Books are returned to the desk in hall B. – Fines are 0.20 euro a day."
    )
    assert passage.line == 4


def test_headings_part_passages(tmp_path: Path) -> None:
    """A heading goes with what stands below it, and begins a passage where one is long enough."""
    text = "\n\n".join(f"## Part {n}\n\n{f'Sentence of part {n}. ' * 20}" for n in "abc")
    passages = read_sources([write(tmp_path, "long.md", text)])
    assert [passage.text.partition("\n")[0] for passage in passages] == [
        "Part a",
        "Part b",
        "Part c",
    ]


@given(st.lists(st.text(alphabet="ab. \n\u200b\tだ。", max_size=4000), min_size=1, max_size=4))
def test_size_of_passages(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """Whatever a text looks like, its passages are within bounds and lose no letter in them."""
    text = "\n\n".join([*parts, "a closing sentence that is worth a question. " * 3])
    path = write(tmp_path_factory.mktemp("size"), "x.txt", text)
    for passage in read_sources([path]):
        assert sources.WORTH <= len(passage.text) <= MOST
        assert "".join(passage.text.split()) in "".join(text.replace("\u200b", "").split())
        assert passage.text == passage.text.strip()


def test_short_paragraphs_come_together(tmp_path: Path) -> None:
    """Short paragraphs are put together; none but the last passage is under the least length."""
    text = "\n\n".join(f"Paragraph {n} says a little thing." for n in range(200))
    *passages, _ = read_sources([write(tmp_path, "x.txt", text)])
    assert all(LEAST <= len(passage.text) <= MOST for passage in passages)


def test_html(tmp_path: Path) -> None:
    """Of a page the text is read, not its menus, scripts, styles and comments."""
    page = """<!doctype html><html><head><title>x</title><style>p {}</style></head><body>
    <nav>Home | About</nav><script>alert(1)</script>
    <h1>Opening hours</h1><p>The <b>reading room</b> opens at <i>nine</i>&nbsp;o'clock.</p>
    <!-- no -->
    <table><tr><td>Monday</td><td>closed all day long</td></tr></table><footer>imprint</footer>"""
    (passage,) = read_sources([write(tmp_path, "x.html", page)])
    assert passage.text == (
        "Opening hours\n\nThe reading room opens at nine o'clock.\n\nMonday\n\nclosed all day long"
    )


def test_pdf(tmp_path: Path) -> None:
    """Of a PDF the text is read, whatever the file is called, and the page is told."""
    data = pdf("The battery of the lamp lasts four-", "teen hours when it is", "fully charged.")
    (passage,) = read_sources([write(tmp_path, "manual.bin", data)])
    assert passage.text == (
        "The battery of the lamp lasts fourteen hours when it is fully charged."
    )
    assert passage.line == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.pdf", b"%PDF-1.4 nothing else", "cannot be read as PDF"),
        ("x.docx", b"PK\x03\x04\xff\xfe", "x.docx:1: byte 4 is not UTF-8; give Markdown"),
        ("x.txt", b"good line\nbad \0 line", "x.txt:2: holds a NUL"),
        ("x.md", b"# Only a heading\n", "holds no text to make items from"),
        ("x.html", b"<nav>menu</nav>", "holds no text to make items from"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """What is no document ends in one sentence that names the file."""
    path = write(tmp_path, name, content)
    with pytest.raises(RecipeError) as caught:
        read_sources([path])
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    """A path that is no file is told, and so is a document beyond the limit."""
    for path, said in ((tmp_path / "no.md", "cannot be read"), (tmp_path, "folder")):
        with pytest.raises(RecipeError, match=said):
            read_sources([path])


def test_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document beyond the limit is refused."""
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    with pytest.raises(RecipeError, match="longer than 100 bytes"):
        read_sources([write(tmp_path, "x.txt", "word " * 50)])


@pytest.mark.parametrize(("name", "module"), [("x.html", "bs4"), ("x.pdf", "pypdf")])
def test_missing_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    """Without the extra, one sentence says what to install."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RecipeError, match=r"pip install 'tqb\[sources\]'"):
        read_sources([write(tmp_path, name, "<p>text</p>")])
