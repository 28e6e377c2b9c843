"""Everything tqb raises on purpose, each with the exit code it ends in.

    TqbError
    ├── InputError (2)          something the user gave cannot be used
    │   ├── ConfigError         tqb.toml, [tool.tqb], TQB_*, a flag, or one's own scorer
    │   ├── PackError           a pack, or one of its items
    │   ├── PromptError         a prompt template
    │   ├── RecipeError         a recipe for minting packs, or a document to mint from
    │   ├── TargetError         a target that cannot be opened
    │   └── BaselineError       a baseline or a report
    ├── GitHubError (3)         GitHub cannot be reached, or refuses
    └── CallError               one request failed; becomes a `Failure`, never an exit code

Each message is one sentence: what is wrong, where (``file:line``), and how to mend it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tqb.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tqb.types import FailureKind, Problem

EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_INPUT = 2
EXIT_INCONCLUSIVE = 3
EXIT_BUDGET = 4
EXIT_NOTHING = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
MEANINGS: Mapping[int, str] = {
    EXIT_PASS: "pass; `tqb run --shard 2/5`: this part was asked, and `tqb merge` judges",
    EXIT_FAIL: "the gate failed: a rule was broken; `tqb explain`: a wrong answer; `tqb doctor`: "
    "something is wrong; `tqb selftest`: a fault was missed",
    EXIT_INPUT: "usage, settings, pack, prompt, scorer, target, judge, baseline or output cannot "
    "be used",
    EXIT_INCONCLUSIVE: "inconclusive: too many calls failed (`--max-errors`), or those that did "
    "could turn the verdict over; `tqb generate`: too few items; `tqb comment`: GitHub refused",
    EXIT_BUDGET: "`--max-cost` allowed no more, or the price is unknown; what was answered is in "
    "the report",
    EXIT_NOTHING: "nothing to score",
    EXIT_BUG: "a bug in tqb",
    EXIT_INTERRUPTED: "interrupted; what was answered is in the report",
}
"""What each exit code says; the README's table and the reference have these words."""


class TqbError(Exception):
    """Base of all errors that tqb raises on purpose; none of them says a secret."""

    exit_code = EXIT_BUG

    def __init__(self, message: str = "") -> None:
        """Keep the message, without keys and passwords."""
        super().__init__(redact(str(message)))


class InputError(TqbError):
    """Something the user gave cannot be used."""

    exit_code = EXIT_INPUT


class ConfigError(InputError):
    """A setting in a file, the environment or a flag is wrong."""


class PackError(InputError):
    """A pack cannot be loaded; `problems` holds every finding, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; the message is one line for each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PromptError(InputError):
    """A prompt template cannot be read or rendered."""


class RecipeError(InputError):
    """A recipe for minting packs, or a document to mint from, cannot be used."""


class TargetError(InputError):
    """A target cannot be opened: unknown scheme, missing key, missing file."""


class BaselineError(InputError):
    """A baseline or report cannot be read, or does not fit the run."""


class GitHubError(TqbError):
    """GitHub cannot be reached, or refuses."""

    exit_code = EXIT_INCONCLUSIVE


class CallError(TqbError):
    """One request failed. The runner repeats the request, or makes a `Failure` of it.

    What a repetition can mend, and what not, is decided where the failure is classified.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        retry_after: float | None = None,
        *,
        retryable: bool | None = None,
        fatal: bool = False,
        overloaded: bool = False,
    ) -> None:
        """Keep what is known of the failure.

        Args:
            kind: what the failure is counted as.
            message: one line.
            retry_after: seconds that the server asks to wait; None where it does not say.
            retryable: whether the same request may be answered if it is repeated; by default
                where a wait was asked for.
            fatal: whether every request would fail so: the key, the model or the address is wrong.
            overloaded: whether fewer requests at once would have spared this failure.
        """
        super().__init__(message)
        self.kind: FailureKind = kind
        self.retry_after = retry_after
        self.retryable = retry_after is not None if retryable is None else retryable
        self.fatal = fatal
        self.overloaded = overloaded
