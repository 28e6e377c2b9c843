"""A small scripted model behind the local server, healthy and with one thing wrong each time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.openai_server import Body, OpenAIServer, Reply

Turn = dict[str, str]
FACTS = {
    "last of these three": "Tokyo",
    "second door": "green",
    "secret word": "lantern",
    "meow": "cat",
    "colour is a ripe banana": "yellow",
    "three animals": "cat, dog, owl, Rome, Oslo, Lima, red, blue, green",
    "about the sea": "The sea is wide and deep.",
    "Capital of France": "Paris",
    "Capital of Italy": "Rome",
    "Capital of Spain": "Madrid",
    "Capital of Egypt": "Cairo",
}


NUMBERED = (
    *("apple", "river", "candle", "window", "garden", "button", "ladder", "pepper", "violin"),
    *("basket", "marble", "pencil", "saddle", "tunnel", "walrus", "zipper"),
)


def knows(turns: list[Turn]) -> str:
    """Answer what the doctor and the capitals ask, from the turns that are seen."""
    text = "\n".join(turn["content"] for turn in turns)
    question = turns[-1]["content"] if turns else ""
    if "name of this shop?" in question:
        found = re.search(r"The name of this shop is (\w+)\.", text)
        return f"It is {found[1]}." if found else "I know of no shop."
    if "Repeat this" in question:
        return question.partition(":\n")[2].rstrip()
    if "numbers from 1" in question:
        return ", ".join(map(str, range(1, 61)))
    if found := re.search(r"word number (\d+)", question):
        return f"{NUMBERED[int(found[1])]} it is"
    return next((said for cue, said in FACTS.items() if cue in question), "I do not know.")


def tokens(text: str) -> int:
    """Count words and marks, and three letters beyond ASCII as two."""
    beyond = sum(not c.isascii() for c in text)
    return len(re.findall(r"[\x21-\x7e]{1,5}", text)) + (2 * beyond + 2) // 3


def reply_to(body: Body, turns: list[Turn] | None = None) -> Reply:
    """Answer as a healthy server: `turns` are what the model sees, by default what was sent."""
    seen = body["messages"] if turns is None else turns
    said, longest = knows(seen), int(body.get("max_tokens") or 10_000)
    reason = "stop"
    if tokens(said) > longest:
        while tokens(said) > longest:
            said = said[:-1]
        reason = "length"
    usage = (8 + sum(4 + tokens(turn["content"]) for turn in seen), tokens(said))
    return Reply(said, finish_reason=reason, usage=usage)


def changed(change: Callable[[str], str]) -> Callable[[Body], Reply]:
    """Change the text of every answer, and nothing else."""

    def answer(body: Body) -> Reply:
        reply = reply_to(body)
        return Reply(change(reply.content), finish_reason=reply.finish_reason, usage=reply.usage)

    return answer


def without(*roles: str) -> Callable[[Body], Reply]:
    """Lose the turns of some roles on their way."""
    return lambda body: reply_to(body, [t for t in body["messages"] if t["role"] not in roles])


def twice(role: str) -> Callable[[Body], Reply]:
    """Send the turns of a role twice."""
    return lambda body: reply_to(
        body, [t for turn in body["messages"] for t in [turn] * (1 + (turn["role"] == role))]
    )


def mojibake(text: str) -> str:
    """Read UTF-8 as Latin-1."""
    return text.encode().decode("latin-1")


def draws() -> Callable[[Body], Reply]:
    """Sample: open questions get another answer each time."""
    draw = random.Random(4)

    def answer(body: Body) -> Reply:
        reply = reply_to(body)
        if "Repeat" in body["messages"][-1]["content"]:
            return reply
        return Reply(f"{reply.content} {draw.random()}", usage=reply.usage)

    return answer


def goes_on(body: Body) -> Reply:
    """Never stop: the right answer, and then talk up to the limit."""
    talk = Reply(reply_to(body).content + " and so on" * 200)
    cut = int(body.get("max_tokens") or 1024)
    return Reply(str(talk.content)[: 4 * cut], finish_reason="length", usage=(40, cut))


def deaf_to_limits(body: Body) -> Reply:
    """Ignore max_tokens."""
    return reply_to({**body, "max_tokens": None})


def lower_limit(body: Body) -> Reply:
    """Cut every answer at three tokens."""
    return reply_to({**body, "max_tokens": min(3, body.get("max_tokens") or 3)})


def uncounted(body: Body) -> Reply:
    """Tell no usage."""
    reply = reply_to(body)
    return Reply(reply.content, finish_reason=reply.finish_reason, usage=None)


def unheard(body: Body) -> Reply:
    """Lose the system prompt, and tell no usage."""
    reply = without("system")(body)
    return Reply(reply.content, finish_reason=reply.finish_reason, usage=None)


def miscounted(body: Body) -> Reply:
    """Tell the same usage for everything."""
    reply = reply_to(body)
    return Reply(reply.content, finish_reason=reply.finish_reason, usage=(31, 4))


def mixed_up(server: list[OpenAIServer]) -> Callable[[Body], Reply]:
    """Give a question the answer to the one before it, where several are under way."""
    last: list[Reply] = []

    def answer(body: Body) -> Reply:
        last.append(reply_to(body))
        mixed = last[-2] if server[0].under_way > 1 and len(last) > 1 else last[-1]
        return Reply(mixed.content, usage=mixed.usage, delay_s=0.01)

    return answer


def late_cache() -> Callable[[Body], Reply]:
    """Give each question the answer to the one before it."""
    last: list[Reply] = []

    def answer(body: Body) -> Reply:
        last.append(reply_to(body))
        return last[-2] if len(last) > 1 else last[-1]

    return answer


def one_answer() -> Callable[[Body], Reply]:
    """A cache with one key."""
    first: list[Reply] = []

    def answer(body: Body) -> Reply:
        first.append(first[0] if first else reply_to(body))
        return first[0]

    return answer


def scrambled() -> Callable[[Body], Reply]:
    """Tell counts that have nothing to do with the text."""
    draw = random.Random(5)

    def answer(body: Body) -> Reply:
        reply = reply_to(body)
        counts = (draw.randrange(20, 400), reply.usage[1] if reply.usage else 1)
        return Reply(reply.content, finish_reason=reply.finish_reason, usage=counts)

    return answer
