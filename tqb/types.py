"""The vocabulary of tqb, in the order in which a run makes each record.

    Pack → Item → Request → Response | Failure → Score → Result → Report
                                                  → Comparison → Verdict

Every record is frozen. Nothing here does work beyond naming its own parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from tqb.redaction import redact

REPORT_SCHEMA_VERSION: Literal["1.0"] = "1.0"

HISTORY = Path(".tqb") / "history.db"
JOURNAL = Path(".tqb/journal.jsonl")
"""Where `tqb run` keeps its journal, unless it is told otherwise."""
CASSETTE = Path("tqb-cassette")
"""Where --offline looks, unless --record names a folder."""

Outcome = Literal["pass", "fail", "error", "skipped"]
"""pass and fail are answers; error is a failed call; skipped was never asked."""

AnswerType = Literal["", "text", "number", "date", "formula", "verbatim", "choice"]
"""How the default scorer reads an item's answers; empty lets each target tell.

- text: never as a number, a date or a formula ("1984", the novel).
- number: the answer gives the quantity of the target, in digits or in words.
- date: the answer gives the day (or the year) of the target, in any order.
- formula: the answer is the formula in another spelling; case counts (CO is not Co).
- verbatim: the answer is the target, character for character.
- choice: the answer names the option that the target names, and no other.
"""

FailureKind = Literal[
    "timeout",
    "rate_limit",
    "auth",
    "not_found",
    "server",
    "connection",
    "bad_request",
    "bad_response",
    "content_filter",
    "context_length",
    "refused_by_budget",
    "cancelled",
    "target_bug",
    "not_recorded",
]
"""What a failed call is counted as."""
Engine = Literal["asyncio", "ray"]
"""Where a target is asked from: this process, or the workers of a Ray cluster."""
Source = Literal["target", "journal", "cache", "cassette", "batch"]
"""Where an answer was taken from: now, from an earlier run, or from a batch of requests."""
Status = Literal["pass", "fail", "inconclusive", "nothing", "budget", "interrupted", "shard"]
Change = Literal[
    "broken",
    "fixed",
    "flaky",
    "recovered",
    "unchanged",
    "still_failing",
    "changed",
    "new",
    "removed",
    "inconclusive",
]
"""`changed` is an edited question; flaky and recovered come of asking again."""

RuleOutcome = Literal["ok", "failed", "inconclusive", "not applied"]
Family = Literal["template", "tokenizer", "behaviour", "infrastructure", "data"]
"""Where a fault lies: in the prompt's way to the model, in the cutting of text into tokens, in what
the model does, in what stands between, or in what the run was held against."""
FAMILIES: tuple[Family, ...] = ("template", "tokenizer", "behaviour", "infrastructure", "data")
Level = Literal["fault", "notice"]
Shape = Literal["empty", "bare", "sentence", "lines", "markdown", "json", "code"]
"""What an answer looks like, the most specific that holds."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a pack."""

    file: str
    """Path of the file as the user named it."""
    line: int | None
    """1-based line, None where the file as a whole is meant."""
    message: str
    """What is wrong and how to mend it, in one line."""

    def __str__(self) -> str:
        """Render as ``file:line: message``, the form editors can follow, without secrets."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return redact(f"{where}: {self.message}")


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its accepted answers."""

    id: str
    """Unique within its pack."""
    text: str
    """The question, as it is put to the target."""
    label: str
    """The canonical answer."""
    aliases: tuple[str, ...] = ()
    """Other answers that are as right as the label."""
    answer_type: AnswerType = ""
    """How answers are read; empty when the item does not say."""
    tolerance: float | str | None = None
    """How far a number may be off: absolute, in the target's unit, or relative, as ``"1%"``.

    For a word, the share of its letters that a slip may leave out, add or swap, as ``"10%"``.
    """
    forbidden: tuple[str, ...] = ()
    """What no right answer holds, whatever else it says."""
    context: str = ""
    """A sentence that holds the label, or the passage a RAG pipeline would retrieve."""
    lang: str = "und"
    """BCP 47 tag of question and answer; `und` when the file does not say."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """`category`, `difficulty` and whatever else the pack groups by."""
    concept: str = ""
    """Slug shared by the same fact in packs of other languages."""
    sha256: str = ""
    """Hash of the item's own content, as the file gives it, or computed where it gives none."""
    line: int = 0
    """1-based line in the file it came from."""

    @property
    def targets(self) -> tuple[str, ...]:
        """All accepted answers, the label first."""
        return (self.label, *self.aliases)


@dataclass(frozen=True, slots=True)
class Pack:
    """A named, versioned set of items."""

    name: str
    """As it stands before the ids of its items."""
    version: str
    """SemVer from the Croissant metadata; empty for a bare file of items."""
    sha256: str
    """Hash of the items file's bytes, hexadecimal."""
    items: Sequence[Item]
    """In the order of the file."""
    path: Path
    """The items file."""
    license: str = ""
    """URL or SPDX name; empty when the pack does not say."""
    description: str = ""
    """From the Croissant metadata."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags of the items, sorted, without repetition."""
        return tuple(sorted({item.lang for item in self.items}))

    @property
    def language(self) -> str:
        """The one language of the pack, or ``mul`` (ISO 639-2) when there are several."""
        languages = self.languages
        return languages[0] if len(languages) == 1 else "mul"


@dataclass(frozen=True, slots=True)
class Params:
    """What is asked of the model beside the prompt. None leaves it to the provider."""

    temperature: float | None = 0.0
    """Sampling temperature."""
    seed: int | None = None
    """Seed, where the provider has one."""
    max_tokens: int | None = 1024
    """Longest answer, in tokens."""
    timeout_s: float = 60.0
    """Seconds for one request."""
    per_request: int = 1
    """Questions that are asked in one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to be put to the target."""

    pack: str
    item: Item
    repeat: int
    """0-based."""
    messages: tuple[Message, ...]
    params: Params
    fresh: bool = False
    """Whether no cache on the way may give an answer that it gave before."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer is to keep to, where the target can see to it."""

    @property
    def question(self) -> str:
        """The last user turn: what a target gets that takes a plain string."""
        turns = [m.content for m in self.messages if m.role == "user"]
        return turns[-1] if turns else self.item.text


@dataclass(frozen=True, slots=True)
class Response:
    """What the target answered."""

    answer: str
    finish_reason: str | None = None
    """As the provider words it: `stop`, `length`, …"""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float = 0.0
    """Seconds from sending to the last byte."""
    cost_usd: float | None = None
    """None means unknown, never free."""
    model: str | None = None
    """The model the provider says it used."""
    first_byte_s: float | None = None
    """Seconds from sending to the first byte of the reply's head; None where nobody measured it."""
    served: Mapping[str, str] = field(default_factory=dict)
    """What else tells who answered: `system_fingerprint`, and headers that carry versions."""
    attempts: int = 1
    """Requests sent, the first included."""
    retried: tuple[FailureKind, ...] = ()
    """Why it was asked again, once for each time."""
    waited_s: float = 0.0
    """Seconds waited before it was asked again, in all."""
    source: Source = "target"


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that brought no answer. It is counted apart and never scored."""

    kind: FailureKind
    message: str
    """What went wrong, in one line."""
    attempts: int = 1
    """Requests sent, the first included; 0 when none was."""
    retried: tuple[FailureKind, ...] = ()
    """Why it was asked again, once for each time; the last failure is the `kind`."""
    waited_s: float = 0.0
    """Seconds waited before it was asked again, in all."""

    @property
    def withheld(self) -> bool:
        """Whether it was not to be asked any more: the money was spent, or the run interrupted."""
        return self.attempts == 0 and self.kind in ("refused_by_budget", "cancelled")


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's word on one answer."""

    passed: bool
    """Whether the answer counts as right."""
    value: float
    """Between 0 and 1."""
    matched_by: str | None
    """Name of the rule that accepted the answer, None where none did."""
    explanation: str
    """Why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge's word on an answer that the scorer failed."""

    passed: bool | None
    """None where the reply was neither YES nor NO."""
    reason: str
    """In the judge's words, cut short."""
    cost_usd: float | None = None
    """What the judge's reply cost; None means unknown."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a target takes for its tokens, in US dollars for one."""

    prompt_usd: tuple[float, float]
    """The least, as for what is cached, and the most."""
    completion_usd: float
    """The most."""
    longest: int | None = None
    """Most tokens of an answer to which no limit is set; None where that is not known."""
    takes_limit: bool = True
    """Whether the target keeps to `Params.max_tokens`."""


Unpriced = Literal["told", "unknown"]
"""No price is known beforehand: each answer tells what it cost, or nobody ever does."""


class Scorer(Protocol):
    """A pure function of an answer and an item."""

    def __call__(self, answer: str, item: Item) -> Score:
        """Score one answer.

        Never raises on any string, but for a scorer of the user's own, which may turn out to be
        broken: `tqb.errors.ConfigError`.
        """


class Target(Protocol):
    """The pipeline under test.

    It may also have ``price(request)``, which returns a `Price`, or `Unpriced`: see `Priced`.
    Without, its answers tell what they cost; recorded ones cost nothing. Where it answers no more
    than some requests at once it says so, as `Narrow` does.
    """

    name: str
    """As it stands in reports: free of secrets."""
    recorded: bool
    """Whether it gives recorded answers, so that asking again brings nothing new."""

    async def complete(self, request: Request) -> Response:
        """Answer one request. Raises `CallError` for anything but an answer."""

    async def aclose(self) -> None:
        """Release connections and processes."""


@runtime_checkable
class Priced(Protocol):
    """A target that knows beforehand what it takes, or that nobody knows."""

    def price(self, request: Request) -> Price | Unpriced:
        """Return the price that holds for a request; nothing is sent."""


@runtime_checkable
class Narrow(Protocol):
    """A target that lets requests wait: more at once would wait out their time limits."""

    at_once: int


@dataclass(frozen=True, slots=True)
class BatchNews:
    """How a batch stands."""

    ended: bool
    """Whether nothing more will come."""
    status: str
    """As the provider words it: `in_progress`, `completed`, `expired`, …"""
    answered: int = 0
    asked: int = 0
    trouble: str = ""
    """What is wrong with it as a whole."""


class Batching(Protocol):
    """Takes many requests at once, to be answered within a day."""

    async def submit(self, requests: Mapping[str, Request]) -> str:
        """Send requests, each by a key of its own; return the batch's id. Raises `CallError`."""

    async def look(self, batch: str) -> BatchNews:
        """Ask how a batch stands. Raises `CallError`."""

    async def collect(self, batch: str) -> Mapping[str, Response]:
        """Return the answers that there are, by key. Raises `CallError`."""


@runtime_checkable
class Batched(Protocol):
    """A target whose provider may have a batch API."""

    @property
    def batches(self) -> Batching | None:
        """None where the provider has none."""


@dataclass(frozen=True, slots=True)
class Result:
    """One item's outcome in one repeat: a line of the report."""

    pack: str
    """Name of the pack."""
    item_id: str
    """Unique within the pack."""
    repeat: int
    """0-based."""
    language: str
    """BCP 47 tag of the item."""
    outcome: Outcome
    question: str
    """The item's text."""
    answer: str | None
    """What the target answered; None where there is no answer."""
    targets: tuple[str, ...]
    """The accepted answers, the label first."""
    score: float | None
    """Between 0 and 1; None where there is no answer."""
    matched_by: str | None
    """Name of the rule that accepted the answer, None where none did."""
    explanation: str
    """Why it was scored so, or why there is no answer."""
    question_sha256: str
    """First 16 hexadecimal digits of the hash of text, answers, context and language."""
    tags: Mapping[str, str]
    """Those of the item."""
    finish_reason: str | None = None
    """As the provider words it: `stop`, `length`, …"""
    prompt_tokens: int | None = None
    """Tokens of the prompt, as the provider counts them."""
    completion_tokens: int | None = None
    """Tokens of the answer, as the provider counts them."""
    latency_s: float | None = None
    """Seconds from sending to the last byte."""
    cost_usd: float | None = None
    """What the target took for it, in US dollars; None means unknown."""
    model: str | None = None
    """The model the provider says it used."""
    prompt_sha256: str = ""
    """First 16 hexadecimal digits of the hash of the messages that were sent."""
    first_byte_s: float | None = None
    """Seconds to the first byte of the reply's head."""
    served: Mapping[str, str] = field(default_factory=dict)
    """What else tells who answered: `system_fingerprint`, and headers that carry versions."""
    symptoms: tuple[str, ...] = ()
    """Signs that stand in the answer itself, as `tqb.signs` names them: `empty`, `truncated`, …"""
    failure: Failure | None = None
    """Why there is no answer; or, beside an answer, why no judge looked at it."""
    judgement: Judgement | None = None
    """The judge's word on an answer that the scorer failed."""
    attempts: int = 1
    """Requests sent, those to the judge included."""
    retried: tuple[FailureKind, ...] = ()
    """Why something was asked again, once for each time."""
    waited_s: float = 0.0
    """Seconds waited before something was asked again, in all."""
    concept: str = ""
    """Slug shared by the same fact in other languages."""
    source: Source = "target"
    """Where the answer was taken from."""
    line: int = 0
    """1-based line of the item in its pack's file; 0 in reports that do not know it."""
    context_pieces: int = 0
    """Words, digits and marks of the item's context, which a prompt may or may not hold."""

    @property
    def key(self) -> str:
        """``pack/item``: the same in every run of the pack."""
        return f"{self.pack}/{self.item_id}"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one slice of the results."""

    n: int
    """Answers scored."""
    passed: int
    """Answers that are right."""
    errors: int
    """Calls that failed."""
    accuracy: float | None
    """passed / n; None when n is 0."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds over all answers."""

    p50: float
    """Median."""
    p95: float
    """95 % of the answers took no longer."""
    max: float
    """The longest."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sums over all answers that carried a count; None where none did."""

    prompt: int | None
    """In the prompts."""
    completion: int | None
    """In the answers."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """What items do when they are asked k times: means over the items that were answered so often.

    Sources of the formulas are in `tqb.stats`.
    """

    k: int
    """Answers of each of these items."""
    pass_at_1: float
    """Chance that one answer passes."""
    pass_at_k: float
    """Chance that at least one of k answers passes."""
    pass_hat_k: float
    """Chance that all of k answers pass."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Requests that were repeated because they had failed, to whomever they went."""

    n: int = 0
    """How many there were."""
    by_kind: Mapping[str, int] = field(default_factory=dict)
    """By the failure that led to it."""
    waited_s: float = 0.0
    """Seconds waited before them, summed over requests that waited side by side."""


@dataclass(frozen=True, slots=True)
class LanguageRow:
    """What a pipeline does in one language."""

    language: str
    """BCP 47 tag."""
    n: int
    """Answers scored."""
    passed: int
    """Answers that are right."""
    errors: int
    """Calls that failed."""
    accuracy: float | None
    """passed / n; None when n is 0."""
    accuracy_interval: tuple[float, float] | None
    """Wilson's, at 95 %; an item asked several times counts as one answer."""
    common_accuracy: float | None
    """Accuracy over the concepts that were answered in every language; None where there is none."""
    token_premium: float | None
    """Prompt tokens as a multiple of English, summed over the concepts that both have."""
    shared_concepts: int
    """How many those are."""
    latency_p50: float | None
    """Seconds."""
    fails_alone: tuple[str, ...]
    """Concepts that fail here, and in no other of the languages in which they were answered."""


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of a run side by side, related by the concepts that they share."""

    rows: tuple[LanguageRow, ...]
    """English first, then by tag."""
    common_concepts: int
    """How many concepts were answered in every language."""
    failing_in_most: Mapping[str, tuple[str, ...]]
    """Concepts that fail in more than half of their languages, two at least, and in which."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer looks like, without its text."""

    chars: int
    """Characters."""
    words: int
    """Runs between white space."""
    shape: Shape
    script: str = ""
    """Of most of its letters, as Unicode's names begin: `latin`, `cjk`; empty without letters."""
    case: Literal["", "lower", "upper", "mixed"] = ""
    """Of its letters; empty where none has one."""
    first: str = ""
    """The first character."""
    last: str = ""
    """The last."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one state of a pipeline from another, beside right and wrong."""

    models: tuple[str, ...] = ()
    """What the provider says it used, sorted."""
    served: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of the header, or `system_fingerprint`: the values seen, sorted."""
    instruction_chars: int | None = None
    """Median of the characters sent beside the question's own; None where nothing was sent."""
    finish_reasons: Mapping[str, int] = field(default_factory=dict)
    """Answers by why they ended."""
    shapes: Mapping[str, int] = field(default_factory=dict)
    """Answers by what they look like."""
    scripts: Mapping[str, int] = field(default_factory=dict)
    """Answers by the script of most of their letters."""
    symptoms: Mapping[str, int] = field(default_factory=dict)
    """Answers by each sign in them."""
    canaries: Mapping[str, Tally] = field(default_factory=dict)
    """By the tag `canary` of the items."""
    first_byte_p50_s: float | None = None
    """Seconds; in a baseline to the nearest power of two, so that its bytes stay."""
    last_byte_p50_s: float | None = None
    """Seconds to the last byte, likewise."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Aggregates of a run, its confirmation left out but for what is said below."""

    accuracy: float | None
    """passed / n; None when nothing was scored."""
    accuracy_interval: tuple[float, float] | None
    """Wilson's, at 95 %; an item asked several times counts as one answer."""
    repeated: Repeated | None
    """None where each item was asked once."""
    n: int
    """Answers scored."""
    passed: int
    """Answers that are right."""
    failed: int
    """Answers that are wrong."""
    errors: int
    """Calls that failed, which are never scored."""
    skipped: int
    """Questions that were never asked."""
    mean_score: float | None
    """Mean of the scores, 0 to 1."""
    by_pack: Mapping[str, Tally]
    """By name of the pack."""
    by_language: Mapping[str, Tally]
    """By BCP 47 tag."""
    by_category: Mapping[str, Tally]
    """By the tag `category` of the items."""
    by_difficulty: Mapping[str, Tally]
    """By the tag `difficulty` of the items."""
    failures: Mapping[str, int]
    """Failed calls by kind."""
    latency: Latency | None
    tokens: Tokens
    cost_usd: float | None
    """With the judge's and the confirmation's; None when the cost of any answer is unknown."""
    retries: Retries = Retries()
    """With the judge's and the confirmation's."""
    recalled: Mapping[str, int] = field(default_factory=dict)
    """Answers that were taken from an earlier run, by source; with the confirmation's."""
    languages: Languages | None = None
    """None where the run has fewer than two."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Who wrote the report."""

    name: str
    """`tqb`."""
    version: str
    """As `tqb --version` prints it."""


@dataclass(frozen=True, slots=True)
class PackRef:
    """Which pack was run."""

    name: str
    """As it stands before the ids of its items."""
    version: str
    """SemVer; empty for a bare file of items."""
    sha256: str
    """Hash of the items file's bytes, hexadecimal."""
    language: str
    """BCP 47 tag, or `mul` where there are several."""
    items: int
    """Items in the pack, before any selection."""
    path: str = ""
    """The items file with ``/``, from the root of the project or from where tqb is installed.

    Absolute where it lies in neither; empty in a baseline and in reports that do not know it.
    """


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several parts of a run: the items that fall to it by the hash of their keys."""

    number: int
    """1-based."""
    of: int
    """How many there are."""

    def __str__(self) -> str:
        """Write it as ``--shard`` does."""
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True)
class Part:
    """What a shard's report tells of the whole run."""

    shard: Shard
    items: int
    """Items of the whole run."""
    selection_sha256: str
    """First 16 hexadecimal digits of the hash of their keys."""
    places: tuple[int, ...]
    """0-based place of each of its items among them."""
    instruction_chars: tuple[int, ...]
    """Characters that the prompt of each item has beside its question."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How the run was made."""

    id: str
    """Unique to the run."""
    started_at: str
    """ISO 8601, UTC."""
    finished_at: str
    """ISO 8601, UTC."""
    target: str
    """What was asked, without secrets."""
    prompt_sha256: str
    """Fingerprint of the rendered prompts of all items asked."""
    template_sha256: str
    """Fingerprint of the template, the same for any selection of items."""
    scorer: str
    """As `--scorer` names it."""
    params: Params
    repeats: int
    """How often each item was asked."""
    packs: tuple[PackRef, ...]
    judge: str | None = None
    """Who looked again at the answers that the scorer failed."""
    cache: bool = False
    """Whether answers could come from the cache."""
    instruction_chars: int | None = None
    """Median of the characters that a prompt has beside the question's own."""
    part: Part | None = None
    """Which part of a run, where it is one shard of it."""


@dataclass(frozen=True, slots=True)
class Passes:
    """How often an item passed."""

    passed: int
    """Answers that are right."""
    n: int
    """Answers scored."""
    errors: int = 0
    """Calls that failed beside them."""

    @property
    def passing(self) -> bool:
        """Whether more than half of the answers passed."""
        return 2 * self.passed > self.n

    @property
    def rate(self) -> float:
        """Share of the answers that passed; 0 without an answer."""
        return self.passed / self.n if self.n else 0.0

    def __str__(self) -> str:
        """Render as ``2/3``."""
        return f"{self.passed}/{self.n}"


@dataclass(frozen=True, slots=True)
class BaselineItem:
    """What an item did in the baseline."""

    pack: str
    """Name of the pack."""
    item_id: str
    """Unique within the pack."""
    question_sha256: str
    """As in `Result`."""
    outcome: Outcome
    """pass where more than half of the answers passed; error or skipped where there is none."""
    passes: int
    """Repeats that passed."""
    runs: int
    """Repeats that were scored."""
    errors: int = 0
    """Repeats that failed."""
    prompt_tokens: int | None = None
    """Median of the tokens in its prompts, the lower one of two."""
    completion_tokens: int | None = None
    """Median of the tokens in its answers."""
    finish_reason: str | None = None
    """Of the first answer."""
    answer_sha256: str | None = None
    """First 16 hexadecimal digits of the hash of the first answer."""
    prompt_sha256: str = ""
    """As in `Result`."""
    form: Form | None = None
    """What the first answer looks like."""
    symptoms: tuple[str, ...] = ()
    """Signs in the first answer."""
    answer: str | None = None
    """Kept on request."""

    @property
    def key(self) -> str:
        """``pack/item``."""
        return f"{self.pack}/{self.item_id}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """An accepted run, as committed beside the code."""

    tool: Tool
    target: str
    """What was asked, without secrets."""
    model: str | None
    """The model the provider said it used; several are joined by commas."""
    prompt_sha256: str
    """Fingerprint of the rendered prompts of all items asked."""
    template_sha256: str
    """Fingerprint of the template, the same for any selection of items."""
    scorer: str
    """As `--scorer` names it."""
    judge: str | None
    """Who looked again at the answers that the scorer failed."""
    params: Params
    repeats: int
    """How often each item was asked."""
    fresh_repeats: bool
    """Whether the repeats of an item are draws of their own, no answer given several times."""
    packs: tuple[PackRef, ...]
    fingerprint: Fingerprint
    items: tuple[BaselineItem, ...]
    """Sorted by pack and id."""


@dataclass(frozen=True, slots=True)
class ComparedItem:
    """One item, then and now."""

    pack: str
    """Name of the pack."""
    item_id: str
    """Unique within the pack."""
    change: Change
    before: Passes | None
    """In the baseline; None for a new item."""
    after: Passes | None
    """Now; None for a removed item."""
    again: Passes | None = None
    """When it was asked again to confirm what changed; None where it was not."""
    language: str = ""
    """BCP 47 tag of the item; empty for a removed one."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Those of the item."""

    @property
    def key(self) -> str:
        """``pack/item``."""
        return f"{self.pack}/{self.item_id}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run held against a baseline."""

    baseline: str | None
    """The baseline's target; None where there is no baseline, and all items are new."""
    counts: Mapping[str, int]
    """Items by kind of change."""
    items: Sequence[ComparedItem]
    """All items, sorted by key; a great many without a baseline are in the order of the run."""
    notes: tuple[str, ...]
    """What differs between the two runs beside the answers."""
    fresh_repeats: bool = False
    """Whether some items have several answers, and all answers are draws of their own."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was asked again to see whether a change is there to stay."""

    items: int
    """How many were asked again."""
    times: int
    """Most times an item was asked again."""
    requests: int
    """How many that took."""
    results: tuple[Result, ...]
    """Their repeats go on counting where those of the run ended."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of the gate. Shares are between 0 and 1."""

    fail_under: float | None = None
    """Least accuracy."""
    must_pass: tuple[str, ...] = ()
    """Items that may not fail: ``id``, ``pack/id`` or ``tag=value``; beside ``critical=true``."""
    alpha: float = 0.05
    """Level of the paired test, on the whole and on all slices together."""
    tolerate: float = 0.05
    """Net drop, as a share of the items, that is no failure even where it is certain."""
    max_drop: float = 0.2
    """Net drop, as a share of the items, that may not be exceeded, whatever the test says."""
    max_broken: int | None = None
    """Items that passed in the baseline and may fail now; None sets no such limit."""
    max_errors: float = 0.05
    """Share of failed calls above which nothing is judged."""
    max_cost_usd: float | None = None
    """What the run may cost; what could go over it is not asked."""
    max_latency_p95_s: float | None = None
    """Seconds that 95 % of the answers may take."""
    max_completion_p95: float | None = None
    """Completion tokens that 95 % of the answers may have."""
    fail_on: tuple[Family, ...] = ()
    """Families whose faults fail the run."""
    quarantine: float | None = None
    """Share of past runs above which an item that changes its mind counts neither way."""
    confirm: int = 3
    """Times that what seems broken is asked again; 0 never."""
    confirm_limit: int | None = None
    """Most requests for that; None allows as many as the run itself had."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the policy, and what it saw."""

    name: str
    """`paired-test`, `slices`, or that of the setting."""
    threshold: float | None
    """What the rule allows; None where it has no such number."""
    saw: float | None
    """What is held against the threshold."""
    outcome: RuleOutcome
    """inconclusive: the questions that were not answered could turn it either way."""
    said: str
    """What the rule saw, in words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis: what broke, before the number."""

    kind: Family
    name: str
    """Of what was found, within its family: `system-prompt-lost`."""
    level: Level
    """A fault from a confidence of 0.5 up, else a notice."""
    confidence: float
    """How sure it is that this family is at fault, 0 to 1."""
    summary: str
    """What is the matter, in a sentence or two."""
    advice: str
    """What to look at next."""
    evidence: Mapping[str, Any]
    """The figures behind it, by name."""
    items: tuple[str, ...]
    """``pack/item`` of those that show it, in the run's order."""
    foreign: float = 0.0
    """Share of the answers that are not the model's own, which the gate takes for failed calls."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's word; the exit code says the same."""

    status: Status
    """What became of the run, in a word."""
    exit_code: int
    """What `tqb run` ends in."""
    reasons: tuple[str, ...]
    """Why, in sentences."""
    rules: tuple[Rule, ...] = ()
    """Empty where nothing was judged."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one run; the JSON report has these fields."""

    schema_version: Literal["1.0"]
    """Of this format."""
    tool: Tool
    run: RunInfo
    metrics: Metrics
    results: Sequence[Result]
    comparison: Comparison | None
    confirmation: Confirmation | None
    findings: tuple[Finding, ...]
    """The likeliest fault first, notices last."""
    verdict: Verdict
    fingerprint: Fingerprint = Fingerprint()

    @property
    def passed(self) -> bool:
        """True when the gate let the run through; one shard of a run is not judged."""
        return self.verdict.status == "pass"

    def __repr__(self) -> str:
        """Say why ``assert report.passed`` fails, in one line that pytest shows whole."""
        compared = self.comparison.items if self.comparison else ()
        broken = [one.key for one in compared if one.change == "broken"]
        failed = [one.key for one in self.results if one.outcome == "fail"]
        wrong = list(dict.fromkeys(broken or failed))
        said = "; ".join(self.verdict.reasons)
        parts = [f"{self.metrics.passed} of {self.metrics.n} right"]
        parts += [said if len(said) <= 100 else f"{said[:99]}…"] if said else []
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            parts.append(f"{'broken' if broken else 'wrong'}: {', '.join(wrong[:3])}{more}")
        return f"<Report {self.verdict.status.upper()}: {' · '.join(parts)}>"


@dataclass(frozen=True, slots=True)
class Cell:
    """One of several runs that are judged together."""

    name: str
    """What tells it from the others: suite, target and prompt, as far as there are several."""
    suite: str
    """Of the settings file; empty where there is none."""
    target: str
    """What was asked, without secrets."""
    prompt: str
    """File of the template; empty for the built-in prompt."""
    verdict: Verdict
    """Its own; inconclusive where it could not run."""
    report: Report | None
    """None where it could not run."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """What one cell gets right and another does not, over the items that both answered."""

    cell: str
    against: str
    """The first cell of the same suite."""
    items: int
    """Questions that both answered."""
    gained: int
    """Right here, wrong there."""
    lost: int
    """Wrong here, right there."""
    difference: float
    """(gained − lost) / items."""
    interval: tuple[float, float]
    """Of the difference, at 95 % (Tango 1998)."""
    p_value: float
    """Chance of so lopsided a difference, either way, where there is none; Holm's, by suite."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Several runs judged together: the JSON that `tqb run` writes of more than one cell."""

    schema_version: Literal["1.0"]
    """Of this format."""
    tool: Tool
    cells: tuple[Cell, ...]
    """In the order in which they ran."""
    contrasts: tuple[Contrast, ...]
    verdict: Verdict
    """The worst of the cells', with the reasons of each that did not pass."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a part of a run may take: the least, if every call is answered at once, and the most."""

    name: str
    requests: tuple[int, int]
    """With the repetitions of failed calls in the most."""
    prompt_tokens: tuple[int, int] | None
    """None where nobody knows; so for the next two."""
    completion_tokens: int | None
    """The most."""
    cost_usd: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take."""

    packs: tuple[str, ...]
    target: str
    items: int
    repeats: int
    parts: tuple[Bounds, ...]
    """The pipeline under test, the judge, and what may be asked again to confirm."""
    cost_usd: tuple[float, float] | None
    """Of all parts; None where the price of one is unknown."""
    notes: tuple[str, ...]
    """What the bounds stand on, and what the limits of the run make of them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a target may be asked, and for how long."""

    max_concurrency: int = 16
    """Requests under way at once, at most: fewer where the server refuses some."""
    retries: int = 3
    """Times that a request is repeated, where that may help."""
    retry_delay_s: float = 0.5
    """Longest wait before the first repetition; it doubles with each."""
    rpm: int | None = None
    """Requests that may be sent in any 60 seconds, to one provider."""
    tpm: int | None = None
    """Tokens in the same, estimated before an answer and counted after it."""
    deadline_s: float | None = None
    """Seconds for the whole run."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where answers are kept, and taken from."""

    journal: Path | None = None
    """The answers of this run, one by one."""
    resume: bool = False
    """Whether an earlier run's journal is taken up."""
    record: Path | None = None
    """Folder of the cassette."""
    offline: bool = False
    """Whether all answers come from the cassette; then nothing is recorded."""
    cache: bool = False
    """Whether live answers of this user's earlier runs are taken."""
    cache_days: float = 7.0
    """Days for which they are."""
    batch: bool = False
    """Whether the questions go to the provider as one batch."""
    batch_id: str | None = None
    """The batch that was submitted before, perhaps on another machine."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `tqb run` was asked to do."""

    packs: tuple[str, ...] = ("core-en",)
    target: str = "demo"
    prompt: Path | None = None
    params: Params = Params()
    repeats: int = 1
    limits: Limits = Limits()
    storage: Storage = Storage()
    engine: Engine = "asyncio"
    workers: int | None = None
    """Of the engine ``ray``; None for one on each free CPU of the cluster."""
    shard: Shard | None = None
    """The part that is asked, of what is selected by the next three."""
    limit: int | None = None
    """First items of each pack."""
    items: tuple[str, ...] = ()
    """Ids to keep, as ``id`` or ``pack/id``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags an item must carry."""
    scorer: str = "default"
    fuzzy_threshold: float | None = None
    judge: str | None = None
    """The target that looks again at the answers that the scorer failed."""
    baseline: Path | None = None
    policy: Policy = Policy()
    history: Path = HISTORY
    """The file of past runs, for `Policy.quarantine`."""
    verify: bool = True
    """Refuse items whose hash does not match their content."""
