"""The documentation as a site: it is built without a warning, and its reference is the code."""

from __future__ import annotations

import html
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import typer

import tqb
from tests.conftest import bare_environment, docs_script
from tests.test_action import BASELINE
from tests.test_hooks import ROOT
from tqb import errors
from tqb.cli import app
from tqb.config import ENVIRONMENT, SETTINGS
from tqb.formats.json import json_schema

HOSTILE = "a|b <script>x</script> *c* _d_ [e](f) `g|h` {#i} $j$ &amp; \\| https://k"
FETCHES = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a built page leads to, what it fetches, and what it can be led to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given["id"]} if "id" in given else set()
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.fetched += [given[FETCHES[tag]]] if FETCHES.get(tag) in given else []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as mkdocs builds it."""
    folder = tmp_path_factory.mktemp("site").resolve()
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=bare_environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The hook that makes the reference."""
    return docs_script("reference")


@pytest.fixture(scope="module")
def pages(reference: ModuleType) -> dict[str, str]:
    """The reference by the name of the page, with its escapes undone."""
    return {Path(path).stem: html.unescape(text) for path, text in reference.pages().items()}


def test_every_link_leads_somewhere_and_nothing_comes_from_elsewhere(site: Path) -> None:
    """Pages, their anchors, styles and scripts are there; no other host is asked for anything."""
    built = {path: Page(path) for path in site.rglob("*.html")}
    assert len(built) > len(SETTINGS) // 2
    for path, page in built.items():
        assert not [url for url in page.fetched if urlsplit(url).netloc], path
        for url in (*page.links, *page.fetched):
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            folder = site if parts.path.startswith("/") else path.parent
            to = (folder / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            to = to / "index.html" if to.is_dir() else to
            assert to.is_file(), f"{path}: {url}"
            assert to not in built or unquote(parts.fragment) in built[to].anchors, f"{path}: {url}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", style.read_text("utf-8")), style


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command of the program with its name."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{path} {name}")


def sections(page: str) -> dict[str, str]:
    """The parts of a page by their headings."""
    parts = re.split(r"^## (.*) \{#.*\}$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def plain(text: str) -> str:
    """Text without marks of code, tables and lines, so that it can be found."""
    return " ".join(re.sub(r"</?code>|<br>|[`|\b]", " ", text).split())


def texts_of(command: Any) -> Iterator[str]:
    """What the help of a command says: of itself, and of each of its parameters."""
    yield from (command.help, *(command.epilog or "").splitlines())
    for one in command.params:
        yield from (one.help, one.metavar or "", one.envvar or "")
        if one.param_type_name == "option":
            yield from (*one.opts, *one.secondary_opts)
        if one.show_default and not isinstance(one.default, bool | None):
            yield str(one.default)


def test_every_command_with_its_options_is_told(pages: dict[str, str]) -> None:
    """Each has a section with its help, its examples, and all flags, variables and defaults."""
    told = sections(pages["commands"])
    walked = dict(commands(typer.main.get_command(app), "tqb"))
    assert told.keys() == walked.keys()
    for path, command in walked.items():
        said = plain(told[path])
        for text in texts_of(command):
            assert plain(text) in said, f"{path}: {text}"


def test_every_setting_exit_code_and_public_name_is_told(pages: dict[str, str]) -> None:
    """Settings and variables, codes with their constants, and what `tqb` exports."""
    for name in SETTINGS:
        row = rf'^\| <strong id="{name}"><code>{name}</code>.* \| \S.* \| \S.* \| .*\|$'
        assert re.search(row, pages["settings"], re.MULTILINE), name
    for name in ENVIRONMENT:
        assert f"<code>{name}</code>" in pages["settings"]
    for name, code in vars(errors).items():
        if name.startswith("EXIT_"):
            row = rf"^\| {code} \| \S.* \| <code>tqb.errors.{name}</code> \|$"
            assert re.search(row, pages["exit-codes"], re.MULTILINE)
    for name in tqb.__all__:
        assert f"tqb.{name}" in pages["python"]
    for name in inspect.signature(tqb.run).parameters:
        assert f"- <code>{name}</code>: " in sections(pages["python"])["tqb.run"]


def test_every_field_is_told(pages: dict[str, str]) -> None:
    """Those of the report and of the baseline have a row each, with a type and a meaning."""
    report = json_schema()
    objects = {**report["$defs"], "Report": report}
    told = sections(pages["report"])
    assert told.keys() == objects.keys()
    fields = {title: objects[title]["properties"].keys() for title in objects}
    header, *items = map(json.loads, BASELINE.read_text("utf-8").splitlines())
    told |= {title: sections(pages["baseline"])[title] for title in ("Header", "Item")}
    fields |= {"Header": header.keys(), "Item": set().union(*items)}
    schema = json.loads(files("tqb.packs").joinpath("item.schema.json").read_text("utf-8"))
    for name, field in schema["properties"].items():
        assert f"| <code>{name}</code> | {field['description']} |" in pages["items"]
    for title, section in told.items():
        rows = re.findall(r"^\| <code>(\w+)</code> \| (\S.*) \| (\S.*) \|$", section, re.MULTILINE)
        assert fields[title] <= {name for name, _, _ in rows}, title
        assert section.count("\n| ") == len(rows) + 2, title


def test_text_of_the_code_is_shown_as_it_is(reference: ModuleType) -> None:
    """What Markdown or HTML would take for its own is read by people, in a cell and in a line."""
    import markdown

    page = reference.page("Title", reference.table(["a", "b"], [[reference.prose(HOSTILE)] * 2]))
    page += "\n\n".join(("", reference.prose(HOSTILE), reference.code(HOSTILE)))
    shown = markdown.markdown(page, extensions=["attr_list", "tables", "pymdownx.superfences"])
    assert shown.count("<td>") == 2
    assert "<script" not in shown
    texts = html.unescape(re.sub("<[^>]*>", "", shown))
    assert texts.count(HOSTILE.replace("`", "")) == 3
    assert texts.count(HOSTILE) == 1
    assert reference.block("```\nx").splitlines() == ["````text", "```", "x", "````"]
