"""Packs that mean harm: each is refused in one clear line, at once, and nothing is fetched."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import logging
import os
import socketserver
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packs.make import edit, file_of, jsonl, pack, problem, rewrite_items
from tqb.packs import check_pack, load_pack

ROW = '{"text": "a", "label": "b"}'


@pytest.fixture
def visits() -> Iterator[tuple[str, list[str]]]:
    """A local web server: its address, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("../items.jsonl", "leads out of the pack"),
        ("a/../../items.jsonl", "leads out of the pack"),
        ("/etc/passwd", "is an absolute path"),
        ("C:\\items.jsonl", "is an absolute path"),
        ("c:/items.jsonl", "is an absolute path"),
        ("\\\\host\\share\\items.jsonl", "is an absolute path"),
        ("a\\items.jsonl", "has backslashes"),
        ("file:///etc/passwd", "is a URL"),
        ("http://127.0.0.1:9/items.jsonl", "is a URL"),
        ("ftp://127.0.0.1/items.jsonl", "is a URL"),
        ("items.jsonl:stream", "is a URL"),
        ("items\u001b[31m.jsonl", "holds control characters"),
        ("items\u202e.jsonl", "holds control characters"),
        (".", "names no file"),
        ("gone.jsonl", "add the file"),
        ("croissant.json/items.jsonl", "add the file"),
        ("x" * 5000, "add the file"),
    ],
)
def test_a_content_url_stays_in_the_folder(tmp_path: Path, url: str, said: str) -> None:
    """A contentUrl that is not a plain path to a file of the pack is refused by its line."""
    jsonl(tmp_path / "items.jsonl", {"text": "a", "label": "b"})
    folder = edit(pack(tmp_path / "pack"), lambda meta: file_of(meta).update(contentUrl=url))
    found = problem(folder)
    assert said in found.message
    assert found.file == str(folder / "croissant.json")
    assert found.line == 1 + (folder / "croissant.json").read_text().split('"contentUrl"')[0].count(
        "\n"
    )


@pytest.mark.parametrize("key", ["sc:contentUrl", "https://schema.org/contentUrl", "where"])
def test_a_content_url_by_another_name_is_seen(tmp_path: Path, key: str) -> None:
    """Calling contentUrl something else does not lead out of the folder."""

    def rename(meta: dict[str, Any]) -> None:
        meta["@context"]["where"] = "https://schema.org/contentUrl"
        file_of(meta)[key] = "../items.jsonl"
        del file_of(meta)["contentUrl"]

    jsonl(tmp_path / "items.jsonl", {"text": "a", "label": "b"})
    found = problem(edit(pack(tmp_path / "pack"), rename))
    assert "leads out of the pack by '..'" in found.message


@pytest.mark.parametrize("target", ["items", "parent", "croissant"])
def test_symlinks_are_not_followed(tmp_path: Path, target: str) -> None:
    """Neither the items file, nor a folder above it, nor the metadata may be a symlink."""
    folder = pack(tmp_path / "pack")
    names = {"items": "items.jsonl", "parent": "data", "croissant": "croissant.json"}
    outside = tmp_path / "outside"
    outside.mkdir()
    if target == "parent":
        (folder / "items.jsonl").rename(outside / "items.jsonl")
        edit(folder, lambda meta: file_of(meta).update(contentUrl="data/items.jsonl"))
        leads_to = outside
    else:
        leads_to = (folder / names[target]).rename(outside / names[target])
    try:
        (folder / names[target]).symlink_to(leads_to, target_is_directory=target == "parent")
    except (OSError, NotImplementedError):
        pytest.skip("no symlinks on this machine")
    assert "symlink" in problem(folder).message


def test_a_pack_below_a_symlink_is_the_users_own_choice(tmp_path: Path) -> None:
    """The path to the pack is trusted as the user named it."""
    pack(tmp_path / "pack")
    try:
        (tmp_path / "link").symlink_to(tmp_path / "pack", target_is_directory=True)
    except (OSError, NotImplementedError):
        pytest.skip("no symlinks on this machine")
    assert len(load_pack(str(tmp_path / "link")).items) == 2


@pytest.mark.parametrize("place", ["items.jsonl", "croissant.json", "bare"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, place: str) -> None:
    """A FIFO in place of a file is refused, not read."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs on this machine")
    folder = pack(tmp_path)
    path = tmp_path / ("bare.jsonl" if place == "bare" else place)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert "not a regular file" in problem(path if place == "bare" else folder).message


@pytest.mark.parametrize("place", ["items.jsonl", "croissant.json", "bare"])
def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path, place: str) -> None:
    """A directory of a file's name says that it is one."""
    folder = pack(tmp_path)
    path = tmp_path / ("bare.jsonl/croissant.json" if place == "bare" else place)
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    assert "this is a folder" in problem(path.parent if place == "bare" else folder).message


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """Permission denied is one line."""
    path = jsonl(tmp_path / "a.jsonl", {"text": "a", "label": "b"})
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    assert "Permission denied" in problem(path).message


@pytest.mark.parametrize(
    "change",
    [
        lambda meta, url: meta.update({"@context": url}),
        lambda meta, url: meta.update({"@context": [meta["@context"], url]}),
        lambda meta, url: meta["@context"].update({"@import": url}),
        lambda meta, url: meta["@context"].update({"x": {"@id": "sc:x", "@context": url}}),
        lambda meta, url: meta["creator"].update({"@context": url}),
        lambda meta, url: meta["recordSet"][0]["field"][0].update({"@context": {"@import": url}}),
        lambda meta, url: file_of(meta).update(contentUrl=url),
    ],
)
def test_nothing_is_fetched(
    tmp_path: Path, visits: tuple[str, list[str]], change: Callable[[dict[str, Any], str], object]
) -> None:
    """Neither loading nor checking a pack asks anything of a server that it names."""
    address, asked = visits
    folder = edit(pack(tmp_path), lambda meta: change(meta, f"{address}/items.jsonl"))
    problem(folder)
    pack_found, findings = check_pack(str(folder))
    assert pack_found is None
    assert findings
    assert asked == []


def _zip(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("items.jsonl", data)
    return stream.getvalue()


def _tar(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("../items.jsonl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


@pytest.mark.parametrize("make", [_zip, _tar, gzip.compress], ids=["zip", "tar", "gz"])
def test_an_archive_is_known_by_its_first_bytes(
    tmp_path: Path, make: Callable[[bytes], bytes]
) -> None:
    """An archive under an honest name is still an archive."""
    folder = rewrite_items(pack(tmp_path), make(ROW.encode()))
    assert "this is an archive" in problem(folder).message


def test_an_archive_is_known_by_its_suffix(tmp_path: Path) -> None:
    """A file named as an archive is not opened."""
    folder = pack(tmp_path)
    (folder / "items.jsonl").rename(folder / "items.zip")
    edit(folder, lambda meta: file_of(meta).update(contentUrl="items.zip"))
    assert "this is an archive" in problem(folder).message


@pytest.mark.parametrize("form", ["application/zip", "application/x-tar", "application/gzip"])
def test_an_archive_is_known_by_its_format(tmp_path: Path, form: str) -> None:
    """A file declared as an archive is not opened."""
    folder = edit(pack(tmp_path), lambda meta: file_of(meta).update(encodingFormat=form))
    assert "is an archive" in problem(folder).message


def test_a_file_in_another_file_is_refused(tmp_path: Path) -> None:
    """A part of another file asks for unpacking, so it is refused."""
    part = {"containedIn": {"@id": "other"}}
    folder = edit(pack(tmp_path), lambda meta: file_of(meta).update(part))
    assert "takes files out of another" in problem(folder).message


def test_git_lfs_is_not_called(tmp_path: Path) -> None:
    """A Git LFS pointer is refused before mlcroissant would pull it."""
    folder = rewrite_items(pack(tmp_path), b"version https://git-lfs.github.com/spec/v1\n")
    edit(folder, lambda meta: file_of(meta).update(encodingFormat="text/csv"))
    assert "Git LFS pointer" in problem(folder).message


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ({"regex": "(a+)+$"}, "is cut out by a regex"),
        ({"jsonPath": "$..*..*..*"}, "write it as $.key"),
        ({"jsonPath": "$" + ".a" * 100_000}, "write it as $.key"),
    ],
)
def test_nothing_that_may_run_for_ever_is_run(
    tmp_path: Path, transform: dict[str, str], said: str
) -> None:
    """A pack brings neither regular expressions nor searches in depth."""

    def change(meta: dict[str, Any]) -> None:
        meta["recordSet"][0]["field"][0]["source"]["transform"] = transform

    assert said in problem(edit(pack(tmp_path), change)).message


def test_metadata_of_many_fields_is_refused(tmp_path: Path) -> None:
    """It would take mlcroissant minutes to read thousands of fields, so it is not asked."""
    folder = pack(tmp_path)
    edit(folder, lambda meta: meta["recordSet"][0].update(field=[{"@type": "cr:Field"}] * 6000))
    assert "values, more than 10,000" in problem(folder).message


def test_a_long_line_is_not_held_in_memory(tmp_path: Path) -> None:
    """A line of 200 MB is given up after its first MiB."""
    path = tmp_path / "a.jsonl"
    with path.open("wb") as stream:
        stream.write(ROW.encode() + b"\n")
        stream.truncate(200 * 2**20)
    found = problem(path)
    assert found.line == 2
    assert "longer than 1,048,576 bytes" in found.message


@pytest.mark.parametrize("name", ["a.json", "croissant.json"])
def test_a_huge_file_is_not_held_in_memory(tmp_path: Path, name: str) -> None:
    """A file that must be read whole has a cap."""
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b"[")
        stream.truncate(200 * 2**20)
    assert "is longer than" in problem(path).message


@pytest.mark.parametrize("depth", [10, 1000, 100_000])
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_deep_nesting_is_refused(tmp_path: Path, depth: int, suffix: str) -> None:
    """Nesting beyond what an item needs is one line, however deep."""
    text = ROW[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"
    path = tmp_path / f"a{suffix}"
    path.write_text(f"[\n{text}]" if suffix == ".json" else f"\n{text}")
    found = problem(path)
    assert found.line == 2
    assert "nested too deeply" in found.message


def test_deep_metadata_is_refused(tmp_path: Path) -> None:
    """Nesting beyond what metadata needs is refused before mlcroissant sees it."""
    folder = pack(tmp_path)
    deep = "[" * 100_000 + "]" * 100_000
    (folder / "croissant.json").write_text('{"x": ' + deep + "}")
    assert "nested too deeply" in problem(folder).message


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"\xef\xbb\xbf" + ROW.encode(), 1, "byte order mark"),
        (ROW.encode("utf-16"), 1, "byte order mark"),
        (b'\n{"text": "caf\xe9", "label": "b"}', 2, "byte 14 of the line is 0xe9, not UTF-8"),
        (b'{"text": "a\x00", "label": "b"}', 1, "byte 12 of the line is a NUL"),
        (b'{"text": "a\\u0000", "label": "b"}', 1, "'a\\x00' holds a NUL"),
        (b'{"text": "a\\ud800", "label": "b"}', 1, "'a\\ud800' holds half a surrogate pair"),
        (b'{"text": "a", "label": "b", "\\udfff": 1}', 1, "holds half a surrogate pair"),
        (b'{"text": "a", "label": "b", "x": NaN}', 1, "NaN is not JSON"),
        (b'{"text": "a", "label": "b", "x": -Infinity}', 1, "-Infinity is not JSON"),
        (b'{"text": "a", "label": "b", "x": 1e999}', 1, "the number '1e999' is infinite"),
        (b'{"text": "a", "label": "b", "text": "c"}', 1, "the key 'text' stands twice"),
        (b'{"text": "a", "label": "b", "x": %s}' % (b"9" * 10_000), 1, "has 10,000 digits"),
        (b'{"text": "\x1b[2J", "label": "b"}', 1, "is not valid JSON"),
        (b'{"\\u001b[2J\\u202e": 1, "text": 5, "label": "b"}', 1, "'text' must be"),
        (b'{"\\u001b[2J\\u202e": 1, "label": "b"}', 1, "but '\\x1b[2J\\u202e', 'label'"),
        (b"[1]", 1, "an item is a JSON object"),
        (b'"' + b"x" * 1000 + b'"', 1, "an item is a JSON object"),
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_bad_text_is_told_by_its_place(
    tmp_path: Path, data: bytes, line: int, said: str, suffix: str
) -> None:
    """What is not plain JSON in UTF-8 is refused with its line, its content made harmless."""
    path = tmp_path / f"a{suffix}"
    is_array = suffix == ".json" and not data.startswith((b"\xef", b"\xff", b"\xfe"))
    path.write_bytes(b"[\n" + data.strip() + b"\n]" if is_array else data)
    found = problem(path)
    assert found.line == (2 if is_array else line)
    assert said in found.message


@pytest.mark.parametrize(
    ("text", "said"), [(ROW + " {}", "more than one JSON value"), (ROW[:-1], "is not valid JSON")]
)
def test_a_line_holds_one_value(tmp_path: Path, text: str, said: str) -> None:
    """Half an object on a line, or two, are refused by the line."""
    path = tmp_path / "a.jsonl"
    path.write_text(f'{ROW[:-1]}, "id": "a"}}\n{text}\n')
    found = problem(path)
    assert (found.line, said in found.message) == (2, True)


@pytest.mark.parametrize("text", ["[", "[1", "[{},", "[{},]", "[{}] x", "[{} {}]", '{"a": 1}', "x"])
def test_a_broken_array_is_refused(tmp_path: Path, text: str) -> None:
    """An array that is not closed, or goes on after its end, is one line."""
    path = tmp_path / "a.json"
    path.write_text(text)
    assert problem(path).file == str(path)


def test_a_million_bad_lines_are_cut_off(tmp_path: Path) -> None:
    """Problems are not collected without end."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{\n" * 20_000)
    _, findings = check_pack(str(path))
    assert len(findings) <= 101


def test_control_characters_in_metadata_are_escaped(tmp_path: Path) -> None:
    """A name that would speak to the terminal is refused without doing so."""
    folder = edit(pack(tmp_path), lambda meta: meta.update(name="a\u001b]0;x\u0007"))
    assert "'a\\x1b]0;x\\x07'" in problem(folder).message


def test_loading_leaves_logging_and_stderr_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The real mlcroissant neither prints nor changes the caller's logging set-up."""
    folder = edit(pack(tmp_path), lambda meta: meta.pop("citeAs"))
    before = (logging.root.handlers[:], logging.root.level, logging.root.manager.disable)
    assert len(load_pack(str(folder)).items) == 2
    assert (logging.root.handlers, logging.root.level, logging.root.manager.disable) == before
    assert capfd.readouterr() == ("", "")


def test_mlcroissant_gets_a_cache_of_its_own(tmp_path: Path) -> None:
    """Loading by mlcroissant keeps out of the user's own Croissant cache."""
    folder = edit(pack(tmp_path / "pack"), lambda meta: meta.pop("citeAs"))
    script = (
        "import os, sys, tqb.packs; tqb.packs.load_pack(sys.argv[1]); "
        "from mlcroissant._src.core.constants import CROISSANT_CACHE; "
        "print(CROISSANT_CACHE); print(os.environ['CROISSANT_CACHE'])"
    )
    env = {**os.environ, "CROISSANT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    used, kept = done.stdout.splitlines()
    assert used != kept == str(tmp_path / "cache")
    assert not Path(used).exists()


def test_metadata_that_is_no_object_is_refused(tmp_path: Path) -> None:
    """A croissant.json is a JSON object."""
    for text in ("[]", "1", '"x"', "", "null", json.dumps({"@context": 1})):
        (tmp_path / "croissant.json").write_text(text)
        assert problem(tmp_path).file == str(tmp_path / "croissant.json")
