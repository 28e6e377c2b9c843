"""The pages of `docs/` and the README tell the truth: their files, commands and code are tried."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.generate.models import Cooperative, serve
from tests.local_model import weights
from tests.test_hooks import ROOT
from tests.warm import CAN_FORK, Warm
from tests.workplace import Workplace, make_workplace
from tqb.cli import main
from tqb.packs import load_pack, shipped_packs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(
    r"(?:^`(?P<name>[\w./-]*\.\w+)`(?:[^\n]|\n(?!\n))*:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
STOPPED = re.compile(r"^(FAIL|INCONCLUSIVE|error:|\d+ findings?$)|\.Failed$", re.MULTILINE)
"""How a command that does not end in 0 says so."""


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    name: str
    """Of the file that it shows; empty where it shows none."""
    kind: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Each block of a page, in order."""
    for found in BLOCK.finditer(page.read_text("utf-8")):
        yield Block(found["name"] or "", found["kind"], found["text"])


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, and the lines that are shown of what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip() != "…"]


class Model(Cooperative):
    """Answers what it is asked, mints as it is told, and agrees with every answer as a judge."""

    def answer(self, question: str) -> str:
        return "YES, it is." if "Write YES" in question else super().answer(question)


def truth() -> dict[str, str]:
    """The right answer to each question of the packs that are shipped."""
    items = (item for name in shipped_packs() for item in load_pack(name).items)
    return {item.text: item.label for item in items}


def asks_a_real_model(page: Path) -> bool:
    return any("local" in re.findall(r"\blocal\b", block.text) for block in blocks(page))


def pages() -> Iterator[object]:
    for page in PAGES:
        marks = [pytest.mark.local_model] if asks_a_real_model(page) else []
        yield pytest.param(page, id=page.relative_to(ROOT).as_posix(), marks=marks)


@pytest.mark.parametrize("page", list(pages()))
def test_a_page_can_be_followed(page: Path, tmp_path: Path, warm: Warm) -> None:
    """In a fresh folder each command prints what is shown, and fails where that does."""
    if sys.platform == "win32":
        pytest.skip("the pages are written for a Unix shell")
    model = weights()
    if asks_a_real_model(page) and model is None:
        pytest.skip("the model's packages are not installed")
    workplace = make_workplace(tmp_path)
    if model:
        (workplace.folder / "model.gguf").symlink_to(model)
    with serve(Model(truth=truth())) as server:
        workplace.env |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}
        terminal = Terminal(workplace, server.origin, warm)
        for block in blocks(page):
            assert follow(block, terminal) == ""


@dataclass(frozen=True)
class Terminal:
    """Where the commands of a page are typed."""

    workplace: Workplace
    server: str
    """What http://localhost:8000 stands for."""
    warm: Warm

    def type_in(self, command: str, shown: list[str]) -> str:
        """Run a command as it stands on the page; return what is not as shown, "…" is anything."""
        code, said = self._run(command.replace("http://localhost:8000", self.server))
        printed = iter(said.replace(self.server, "http://localhost:8000").splitlines())
        for line in shown:
            wanted = ".*".join(map(re.escape, line.rstrip().split("…")))
            if not any(re.fullmatch(wanted, one.rstrip()) for one in printed):
                return f"$ {command}\n{said}\n--- not printed, or not there: {line}"
        stopped = any(STOPPED.search(line) for line in shown)
        return "" if (code != 0) == stopped else f"$ {command}\nends in {code}\n{said}"

    def _run(self, command: str) -> tuple[int, str]:
        words = shlex.split(command)
        if CAN_FORK and words[0] == "tqb" and "openai/" in command:
            code, out, err = self.warm.run(words[1:], self.workplace.folder, self.workplace.env)
            return code, err + out
        return self.workplace.shell(command)


def follow(block: Block, terminal: Terminal) -> str:
    """Write the file of a block, type its commands, run its code; return what went wrong."""
    workplace = terminal.workplace
    if block.name:
        path = workplace.folder / block.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
    elif block.kind == "console":
        typed = (terminal.type_in(command, shown) for command, shown in commands(block.text))
        return next(filter(None, typed), "")
    elif block.kind == "python":
        code, said = workplace.attempt(sys.executable, "-c", block.text)
        return said if code else ""
    elif block.kind == "sh":
        return cannot_be_installed(block.text)
    else:
        return f"nobody tries this block ({block.kind}):\n{block.text}"
    return ""


def cannot_be_installed(text: str) -> str:
    """Return the line that installs what is no package or extra of the project's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {"tqb", *(f"tqb[{name}]" for name in project["optional-dependencies"])}
    known |= set(project["optional-dependencies"]["dev"]) | {"pre-commit"}
    for line in text.splitlines():
        if "requirements" in line:
            continue  # the commands of the README, which CI runs
        for part in line.split("&&"):
            pip, install, *packages = part.split()
            named = {one.strip("\"'") for one in packages if not one.startswith("-")}
            if (pip, install) != ("pip", "install") or not named or not named <= known:
                return line
    return ""


def test_a_command_in_a_sentence_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """Each `tqb …` that stands in a sentence of a page is one that `tqb` understands."""
    said = {
        command
        for page in PAGES
        for command in re.findall(r"`tqb ([^`…]+)`", page.read_text("utf-8").replace("\n", " "))
    }
    assert len(said) > 20
    for command in sorted(said):
        words = [word for word in shlex.split(command) if word not in ("|", "NUMBER")]
        assert main([*words, "--help"]) == 0, f"{command}\n{capsys.readouterr().err}"


def test_links_lead_somewhere() -> None:
    """Each link of a page to a file of this project names one, or a page made from the code."""
    made = {"commands", "settings", "items", "report", "baseline", "python", "exit-codes"}
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            path = (page.parent / link).resolve()
            generated = path.parent == DOCS / "reference" and path.stem in made
            assert path.exists() or generated, f"{page}: {link}"


def test_the_readme_leads_to_every_page() -> None:
    """A page that nobody finds is no use."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in PAGES[1:]:
        path = page.relative_to(ROOT).as_posix()
        assert path == "docs/index.md" or f"({path})" in readme, path
