"""Secrets planted wherever a run can meet one, and looked for in all that it leaves behind."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.conftest import Ended, bare_environment, write_items
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.formats import RENDERERS

ENVIRONMENT = {
    "TQB_API_KEY": 'cn4ry/endpoint+key="of%20&~tests',
    "TQB_JUDGE_API_KEY": "cn4ry-judge-key-of-the-tests",
    "OPENAI_API_KEY": "sk-proj-cn4ryQ8mZ2vLx71pTcWd05nBhYu3eRk",
    "ACME_TOKEN": "plain7cn4ry7token7of7the7tests",
    "SERVICE_ACCOUNT_KEY": "-----BEGIN KEY-----\ncn4ryFirstLineOfTheKey01\ncn4rySecondLine02\n",
    "DATABASE_URL": "postgres://bob:cn4ryDbPassword42@db.invalid/app",
}
"""Values that are known to the process by their names."""
KNOWN = {
    **ENVIRONMENT,
    "SERVICE_ACCOUNT_KEY": "cn4ryFirstLineOfTheKey01",
    "DATABASE_URL": "cn4ryDbPassword42",
    "password in a URL": "cn4ry:p@ss/word-of-the-url",
    "api_key in a URL": "cn4ryQueryKeyOfTheUrl",
    "signature in a URL": "cn4rySignatureOfTheUrl99",
    "option of a program": "cn4ry-option-of-the-program",
    "prompt": "sk-ant-api03-cn4ryP_prompt-6HsVb9JqXo2",
}
"""What is found in whatever form, and in answers too."""
SHAPED = {
    "AIza": "AIzaSyCn4ryM3kTz8WqLr5Vd0PxNj7HbGc2fYsEu",
    "gsk": "gsk_cn4ryB7tRm1XvKz6QpWs4LdJh9NfYc3GxTe",
    "hf": "hf_cn4ryUo8LpDk2ZsVq5XmRb7TwNj1HgFc",
    "ghp": "ghp_cn4ryJw6NvYt4KsGd9BxQm2LzRf8PcHe",
    "github_pat": "github_pat_cn4ryX5rQ_Tk8WzLm3VbNs7PdJg1HfYc",
    "xoxb": "xoxb-4815162342-cn4ryZd3MqXt6WvKs",
    "AKIA": "AKIACN4RYW7LPXZTQ3MD",
    "sk": "sk-cn4ryH2gVxWm9RbTz5KqNd",
    "jwt": "eyJhbGciOiJub25lIn0.eyJjbjRyeSI6InRlc3RzIn0.cn4rySignature",
    "bearer": "cn4ry.bearer.5TzWq8.Xm2KvR",
    "basic": base64.b64encode(b"somebody:cn4ryBasicPassword").decode(),
    "userinfo": "cn4ryPasswordOfSomebodyElse",
    "token=": "cn4ryQueryTokenOfSomebodyElse",
    "X-Amz-Signature=": "cn4ryAmzSignatureOfSomebodyElse",
}
"""What nobody told the process, and what is known by its looks alone."""
ALL = {**KNOWN, **SHAPED}

PART = 14
"""Characters of a secret that are not to be shown."""
OPTION = "option of a program"
IN_URL = ("password in a URL", "api_key in a URL", "signature in a URL")

SIGNED = f"X-Amz-Signature={KNOWN['signature in a URL']}"
URL_QUERY = f"?api_key={KNOWN['api_key in a URL']}&v=1&{SIGNED}"
URL_USER = f"cn4ry:{quote('p@ss/word-of-the-url', safe='')}@"
OTHERS_URL = (
    f"http://somebody:{SHAPED['userinfo']}@host.invalid/v1?token={SHAPED['token=']}"
    f"&X-Amz-Signature={SHAPED['X-Amz-Signature=']}"
)
SHAPED_TEXTS = [
    *(SHAPED[name] for name in ("AIza", "gsk", "hf", "ghp", "github_pat", "xoxb", "AKIA")),
    SHAPED["sk"],
    SHAPED["jwt"],
    f"Bearer {SHAPED['bearer']}",
    f"Authorization: Basic {SHAPED['basic']}",
    OTHERS_URL,
]


def flags_that_write() -> list[str]:
    """Flags of every run of this module: whatever makes `tqb run` write a file belongs here."""
    there = [s for s in RENDERERS if s != ".parquet" or importlib.util.find_spec("pyarrow")]
    outputs = [flag for suffix in there for flag in ("-o", f"run{suffix}")]
    return [*outputs, "--verbose", "--record", "cassette", "--cache"]


def forms(secret: str) -> dict[str, str]:
    """A secret as it may come back; of base64 what does not hang on its neighbours."""
    found = {
        "plain": secret,
        "JSON": json.dumps(secret)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "URL": quote(secret, safe=""),
        "URL path": quote(secret),
        "form": quote_plus(secret),
        "lower-case URL": re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
        "hexadecimal": secret.encode().hex(),
    }
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret.encode()).decode().rstrip("=")
        core = encoded[4:-4] if before else encoded[:-4]
        found[f"base64 after {before}"] = core
        found[f"base64 in a URL after {before}"] = core.replace("+", "-").replace("/", "_")
    return found


def coded(secret: str) -> list[str]:
    """The secret in texts of all forms."""
    encoded = (base64.b64encode(b"user:x"[:n] + secret.encode()).decode() for n in range(3))
    urlsafe = base64.urlsafe_b64encode(secret.encode()).decode()
    plain = [text for name, text in forms(secret).items() if "base64" not in name]
    return [*plain, *encoded, urlsafe]


def pieces(secret: str) -> Iterator[str]:
    """Texts that hold the secret cut in half, or broken over lines."""
    half = max(PART, len(secret) // 2 + 2)
    yield f"it was {secret[:half]}"
    yield f"{secret[-half:]} it was"
    yield "\n".join((secret[:9], secret[9:20], secret[20:]))
    yield f"│ {secret[:half]} │\n│ {secret[half:]} │"


@dataclass
class World:
    """A folder in which to plant, and one in which a run may leave something behind."""

    planted: Path
    seen: Path
    shown: list[str] = field(default_factory=list)

    def run(self, *arguments: object, **environment: str) -> Ended:
        """Run ``tqb ARGUMENTS`` with all secrets in the environment, and keep what it shows."""
        homes = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")
        xdg = [f"XDG_{kind}_HOME" for kind in ("CONFIG", "CACHE", "DATA", "STATE")]
        places = {name: str(self.seen / name.lower()) for name in (*homes, *xdg)}
        for place in (*places.values(), str(self.seen / "work")):
            Path(place).mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(filter(None, (str(self.planted), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *map(str, arguments)],
            cwd=self.seen / "work",
            env=bare_environment(**{**ENVIRONMENT, **places, "PYTHONPATH": path, **environment}),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        self.shown.append(f"$ tqb {arguments}\n{done.stdout}{done.stderr}")
        return Ended(done.returncode, done.stdout, done.stderr)

    def ask(self, target: str, *flags: object, **environment: str) -> Ended:
        """Run the planted pack."""
        pack = self.planted / "pack.jsonl"
        asked = ("--retry-delay", 0, "--max-errors", 1, "--fail-under", 0)
        return self.run(
            "run", pack, "-m", target, *asked, *flags_that_write(), *flags, **environment
        )

    def texts(self) -> Iterator[tuple[str, str]]:
        """All that was shown, and every file that was left, by name."""
        for said in self.shown:
            command, _, shown = said.partition("\n")
            yield f"what was shown by {command[:60]}", shown
        for path in self.seen.rglob("*"):
            yield f"the name of {path.name}", path.name
            if path.is_file():
                yield str(path.relative_to(self.seen)), path.read_bytes().decode("utf-8", "replace")

    def leaks(self, *untold: str) -> list[str]:
        """Where a secret stands, and in which form; its beginning counts, and a known one's end.

        Those in `untold` were told to no process as secrets, and are not looked for.
        """
        looked_for = [
            (f"{name} ({form})", text)
            for name, secret in ALL.items()
            for form, text in forms(secret).items()
            if name not in untold
        ]
        looked_for += [(f"{name} (part)", ALL[name][:PART]) for name in {*ALL} - {*untold}]
        looked_for += [(f"{name} (part)", KNOWN[name][-PART:]) for name in {*KNOWN} - {*untold}]
        return [
            f"{name} in {place}"
            for place, text in self.texts()
            for name, wanted in looked_for
            if wanted in text
        ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world with a pack of questions, one for each way in which things go wrong."""
    made = World(tmp_path / "planted", tmp_path / "seen")
    made.planted.mkdir()
    plant_pack(made, 40)
    return made


def plant_pack(world: World, size: int) -> None:
    items = [{"text": f"Question {n}", "label": "Paris"} for n in range(size)]
    write_items(world.planted / "pack.jsonl", *items)


def number(text: object) -> int:
    """The number of the question in a text."""
    found = str(text).rpartition("Question ")[2]
    return int("".join(c for c in found[:3] if c.isdigit()) or 0)


def error(status: int, message: str) -> Reply:
    return Reply(status=status, body={"error": {"message": message, "type": message[:40]}})


def troubles() -> list[Reply]:
    """Replies of a server that says every secret it ever heard, in every way."""
    made: list[Reply] = []
    for secret in KNOWN.values():
        said = " ".join(coded(secret))
        made += [error(400, text) for text in coded(secret)]
        made += [error(400, text) for text in pieces(secret)]
        made += [error(401, f"line one\nkey: {said}\n\nline three"), error(500, f"{said}" * 50)]
        made += [error(400, f"{'x' * pad} {secret} and more") for pad in range(60, 121, 7)]
    for text in SHAPED_TEXTS:
        made += [error(403, f"bad key {text}"), error(401, f"{'x' * 200} {text}")]
        made += [error(400, f"{'x' * pad} {text}") for pad in (80, 96, 100, 103)]
    every = " ".join((*KNOWN.values(), *SHAPED_TEXTS))
    made += [
        Reply(body=every.encode()),
        Reply(body={"error": every}),
        Reply(body={"choices": [{"message": {"content": {"no": "text"}}}], "x": every}),
        Reply(body=f"<html>{'y' * 90}{every}".encode()),
        Reply(status=302, headers={"Location": f"{OTHERS_URL}&x={KNOWN['password in a URL']}"}),
        Reply(status=500, body=(every * 2_000).encode()),
    ]
    return made


def echoes() -> list[Reply]:
    """Answers that say what the process knows to be secret, right answers otherwise."""
    made = [
        Reply(f"Paris. By the way: {text}")
        for secret in KNOWN.values()
        for text in (*coded(secret), " ".join(coded(secret)), f"{secret[:7]}\n{secret[7:]}")
    ]
    made += [Reply("Paris", finish_reason=secret) for secret in KNOWN.values()]
    made += [Reply(f"it is {KNOWN['prompt'][:30]}", finish_reason="length")]
    parts = [{"type": "text", "text": "Paris " + ENVIRONMENT["ACME_TOKEN"]}]
    return [*made, Reply(parts)]


def serving(replies: list[Reply]) -> Callable[[Body], Reply]:
    return lambda body: replies[number(body["messages"][-1]["content"]) % len(replies)]


PROMPT = f"Use the key {KNOWN['prompt']} for the tools.\n{{{{ input }}}}\n"


def test_a_server_that_repeats_what_it_was_told(world: World) -> None:
    """Errors of a server at a URL with credentials, and at one with a key, show none of them."""
    (world.planted / "prompt.txt").write_text(PROMPT, "utf-8")
    replies = troubles()
    plant_pack(world, len(replies))
    with OpenAIServer(serving(replies)) as server:
        spec = server.url.replace("//", f"//{URL_USER}")
        flags = ("--prompt", world.planted / "prompt.txt", "--retries", 0)
        ended = world.ask(f"{spec}{URL_QUERY}#m", *flags)
        assert ended.code == 3, ended.err
        assert sum("***" in result["explanation"] for result in results(world)) > 200
        dry = ("run", "-m", f"{spec}{URL_QUERY}#m", "--dry-run")
        assert world.run(*dry).code == 0
        assert len(server.requests) == len(replies)
    assert KNOWN["prompt"] in str(server.requests[0].body)
    assert world.leaks(OPTION) == []


def test_litellm_in_trouble(world: World) -> None:
    """LiteLLM's own words about a refused key, a broken reply or an echo show none."""
    (world.planted / "prompt.txt").write_text(PROMPT, "utf-8")
    replies = [*troubles(), *echoes()]
    plant_pack(world, len(replies))
    with OpenAIServer(serving(replies)) as server:
        flags = ("--prompt", world.planted / "prompt.txt", "--retries", 0)
        ended = world.ask("openai/m", *flags, OPENAI_BASE_URL=server.url)
        assert ended.code in (0, 3), ended.err
    assert sum("***" in json.dumps(result) for result in results(world)) > 200
    assert world.leaks(OPTION, *IN_URL) == []


def test_an_echo_is_no_answer_to_keep(world: World) -> None:
    """Known secrets in answers reach no report and no baseline; what only looks like one stays."""
    (world.planted / "prompt.txt").write_text(PROMPT, "utf-8")
    lookalike = "sk-looks-like-a-key-and-is-the-answer"
    replies = [*echoes(), Reply(lookalike)]
    plant_pack(world, len(replies))
    with OpenAIServer(serving(replies)) as server:
        spec = server.url.replace("//", f"//{URL_USER}") + URL_QUERY + "#m"
        ended = world.ask(spec, "--prompt", world.planted / "prompt.txt")
    assert ended.code == 0, ended.out + ended.err
    answers = [result["answer"] for result in results(world)]
    assert answers[-1] == lookalike
    assert sum("***" in answer for answer in answers) > len(KNOWN)
    assert world.run("baseline", "accept", "--answers").code == 0
    assert world.run("baseline", "show").code == 0
    again = ("-m", "replay:run.json", "--baseline", "tqb-baseline.jsonl")
    assert world.run("run", world.planted / "pack.jsonl", *again).code == 0
    assert world.run("compare", "tqb-baseline.jsonl", "run.json").code == 0
    assert world.leaks(OPTION) == []


MODULE = """
import logging, os, threading, warnings

SHAPED = os.environ["SHAPED"].split("\\n")
KNOWN = [value for name, value in os.environ.items() if "cn4ry" in value and name != "SHAPED"]
TEXTS = [*SHAPED, *KNOWN, os.environ["CODED"]]


def answer(question):
    text = TEXTS[int(question.split()[1]) % len(TEXTS)]
    logging.getLogger("mine").warning("calling with %s", text)
    warnings.warn("deprecated: " + text)
    thread = threading.Thread(target=fail, args=(text,))
    thread.start()
    thread.join()
    try:
        fail(text)
    except ValueError as error:
        if "7" in question:
            raise
        raise RuntimeError(("y" * 170) + " " + text) from error


def fail(text):
    raise ValueError("refused: " + text)


async def later(question):
    return answer(question)


def score(answer, item):
    return False, "asked with " + TEXTS[0] + TEXTS[-2]


def broken(answer, item):
    fail(TEXTS[-2])
"""


def in_a_module(world: World) -> dict[str, str]:
    """Plant a module that raises, logs and warns of secrets; return what tells it of them."""
    (world.planted / "mine.py").write_text(MODULE, "utf-8")
    told = " ".join(text for value in ENVIRONMENT.values() for text in coded(value.strip()))
    return {"SHAPED": "\n".join(SHAPED_TEXTS), "CODED": told}


@pytest.mark.parametrize("name", ["answer", "later"])
def test_a_function_that_raises(world: World, name: str) -> None:
    """Exceptions, their causes, tracebacks, threads, logs and warnings of a function show none."""
    told = in_a_module(world)
    ended = world.ask(f"python:mine:{name}", **told, TQB_DEBUG="1", PYTHONWARNINGS="always")
    assert ended.code == 3
    assert "Traceback" in ended.err
    assert "The above exception was the direct cause" in ended.err
    assert "exception in thread" in ended.err
    assert "calling with ***" in ended.err
    assert "UserWarning: deprecated: ***" in ended.err
    assert world.leaks() == []


def test_a_scorer_of_the_users_own(world: World) -> None:
    """What it explains and what it raises show none."""
    told = in_a_module(world)
    with OpenAIServer("Paris") as server:
        spec = f"{server.url}#m"
        assert world.ask(spec, "--scorer", "python:mine:score", **told).code == 0
        assert world.ask(spec, "--scorer", "python:mine:broken", **told).code == 2
    assert world.leaks() == []


@pytest.mark.skipif(os.name == "nt", reason="runs a shell script")
def test_a_program_that_fails(world: World) -> None:
    """What it prints, on either stream, and what its options say show none."""
    script = world.planted / "ask.py"
    script.write_text(
        "import os, sys\n"
        "n = int(sys.stdin.read().split()[1])\n"
        "texts = os.environ['TEXTS'].split('~~')\n"
        "text = texts[n % len(texts)]\n"
        "if n % 2: sys.exit(print(f'it failed: {text}', file=sys.stderr) or 1)\n"
        "print('Paris', os.environ['ACME_TOKEN'], sys.argv[2])\n",
        "utf-8",
    )
    option = KNOWN[OPTION]
    known = [*(value.strip() for value in ENVIRONMENT.values()), option]
    texts = [text for value in known for text in (*coded(value), *pieces(value))]
    filler = "z" * (16 * 1024 - 12)
    texts += [*SHAPED_TEXTS, f"{filler}{option}", f"{option[:9]}{option[9:]}{filler}"]
    plant_pack(world, 2 * len(texts) + 1)
    ended = world.ask(
        f"cmd:{sys.executable} {script} --api-key {option}", TEXTS="~~".join(texts), CI="1"
    )
    assert ended.code == 0, ended.out
    made = (world.seen / "work" / "run.json").read_text("utf-8")
    assert json.loads(made)["run"]["target"].endswith("--api-key ***")
    assert "it failed: ***" in made
    assert world.leaks() == []


def test_a_judge(world: World) -> None:
    """Its key, its errors and its reasons show none."""
    texts = [*SHAPED_TEXTS, *ENVIRONMENT.values()]

    def judge(body: Body) -> Reply:
        n = number(body["messages"][-1]["content"])
        text = texts[n % len(texts)]
        pad = "x" * (200 + n)
        words = [Reply(f"NO, {text}"), Reply(f"YES {pad} {text}"), Reply(f"well, {text}")]
        return [*words, error(400, text)][n // len(texts)]

    plant_pack(world, 4 * len(texts))
    with OpenAIServer("Rome") as server, OpenAIServer(judge) as other:
        spec = other.url.replace("//", f"//{URL_USER}")
        for at in (spec, other.url):
            judged = ("--judge", f"{at}{URL_QUERY}#m", "--retries", 0)
            ended = world.ask(f"{server.url}#m", *judged)
            assert ended.code in (0, 3), ended.err
            assert sum("***" in result["explanation"] for result in results(world)) > len(texts)
    assert other.requests[-1].headers["Authorization"].endswith(ENVIRONMENT["TQB_JUDGE_API_KEY"])
    assert world.leaks() == []


def test_a_bug(world: World) -> None:
    """An error nobody foresaw shows none, with and without its traceback."""
    (world.planted / "rich").mkdir()
    (world.planted / "rich" / "__init__.py").write_text(
        "import os\nraise RuntimeError(os.environ['ACME_TOKEN'] + os.environ['SHAPED'])\n", "utf-8"
    )
    for debug in ("", "1"):
        texts = " ".join(SHAPED_TEXTS)
        ended = world.run("run", SHAPED=texts, TQB_DEBUG=debug, FORCE_COLOR="1")
        assert ended.code == 70
        assert "RuntimeError: ***" in ended.err
        assert ("Traceback" in ended.err) == bool(debug)
    assert world.leaks() == []


def test_mistakes_in_what_was_given(world: World) -> None:
    """Usage errors, settings files and templates that cannot be used show none."""
    pack = world.planted / "pack.jsonl"
    spec = f"http://{URL_USER}127.0.0.1:9/v1{URL_QUERY}"
    config = world.planted / "tqb.toml"
    config.write_text(f'target = ["{spec}#m"]\n', "utf-8")
    prompt = world.planted / "prompt.txt"
    prompt.write_text(f"{{{{ item['{KNOWN['prompt']}'].x }}}}", "utf-8")
    option = KNOWN[OPTION]
    said = [
        world.run("run", "-m", spec),
        world.run("run", "-m", f"htp://{URL_USER}host/v1#m"),
        world.run("run", "-m", f"cmd:no-such-program --token {option}"),
        world.run("run", "-m", f"cmd:'no-such --token={option}"),
        world.run("run", "-m", f"nobody/{ENVIRONMENT['ACME_TOKEN']}"),
        world.run("run", "-m", f"python:{ENVIRONMENT['ACME_TOKEN']}:f"),
        world.run("run", "--judge", f"nobody/{SHAPED['ghp']}"),
        world.run("run", ENVIRONMENT["ACME_TOKEN"]),
        world.run("run", "--limit", SHAPED["sk"]),
        world.run("run", "--retries", ENVIRONMENT["ACME_TOKEN"]),
        world.run("run", "--config", config),
        world.run("run", pack, "--prompt", prompt),
        world.run("run", TQB_RPM=ENVIRONMENT["ACME_TOKEN"]),
        world.run("baseline", "show", ENVIRONMENT["ACME_TOKEN"]),
        world.run("explain", f"core-en/{ENVIRONMENT['ACME_TOKEN']}", "x"),
        world.run("pack", "validate", ENVIRONMENT["ACME_TOKEN"]),
        world.run("baseline", "show", "a.jsonl", SHAPED["sk"]),
        world.run(ENVIRONMENT["ACME_TOKEN"]),
    ]
    assert [ended.code for ended in said] == [2] * len(said)
    assert sum("***" in ended.err for ended in said) >= 8
    ended = world.run("explain", "core-en/capital-japan", f"Tokyo {ENVIRONMENT['ACME_TOKEN']}")
    assert "answer    Tokyo ***" in ended.out
    assert world.leaks() == []


def test_the_search_finds_what_it_is_there_to_find(world: World) -> None:
    """Each secret is found in each form, in what is shown, in a file and in a file's name."""
    folder = world.seen / "home" / "deep"
    folder.mkdir(parents=True)
    for name, secret in ALL.items():
        for text in coded(secret):
            (folder / "some.log").write_text(f"before{text}after", "utf-8")
            assert any(leak.startswith(f"{name} (") for leak in world.leaks()), (name, text)
    for name, secret in KNOWN.items():
        for text in (*pieces(secret),)[:2]:
            (folder / "some.log").write_text(text, "utf-8")
            assert any(leak.startswith(f"{name} (part)") for leak in world.leaks()), name
    (folder / "some.log").unlink()
    assert world.leaks() == []
    world.shown.append(f"$ tqb\n{SHAPED['gsk']}")
    (folder / SHAPED["hf"]).touch()
    assert {leak.partition(" ")[0] for leak in world.leaks()} == {"gsk", "hf"}


def results(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((world.seen / "work" / "run.json").read_text("utf-8"))[
        "results"
    ]
    return found
