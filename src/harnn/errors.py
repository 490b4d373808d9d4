"""The exception tree. Every error a user can cause derives from :class:`HarnnError`.

HarnnError                  what the terminal prints without a traceback (exit code 2)
├── InputError              one or more problems found in what people bring
│   ├── TaxonomyError       taxonomy files
│   ├── DocumentError       document files
│   ├── ConfigError         configuration files and settings
│   ├── VectorsError        word vector files
│   ├── BundleError         model directories
│   ├── DatabaseError       databases of corrections and review
│   └── ReviewError         decisions about documents in review
│       ├── ConflictError   somebody else was quicker
│       └── MissingError    what is asked for is not in review
├── CallableError           a function that somebody brought failed
├── MissingExtraError       an optional dependency is not installed (also an ImportError)
└── TrainingInterrupted     a stop during training (exit code 130)
    └── RankLostError       one of several processes that train together was lost (3)
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SHOWN_PROBLEMS = 50
"""Lines of problems that a message has."""
SHOWN_OF_A_KIND = 5
_VARIES = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\d,.]*")
_SHOWN_KIND = 200
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+([^/].*)", re.DOTALL)
_FETCH = "Copy it here first; harnn score alone reads documents elsewhere."
_EXACT_SEARCH_LIMIT = 3_000
_LEAST_ALIKE = 0.65


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it stands, what it is, what to do about it."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.hint}" if self.hint else text


def kind_of(problem: Problem) -> str:
    """Return what *problem* has in common with others: its words without names and numbers."""
    return _VARIES.sub("*", problem.what)[:_SHOWN_KIND]


def group_problems(
    problems: Iterable[Problem], kinds: Mapping[str, int] | None = None, most: int = SHOWN_OF_A_KIND
) -> list[Problem]:
    """Return problems by kind, in the order in which the kinds come first, *most* of each.

    Where there are more, one more problem without a place says how many. ``kinds``: how many of
    each kind there were, where not all were kept (as a :class:`harnn.data.ReadingLog` counts).
    """
    grouped: dict[str, list[Problem]] = {}
    counts: Counter[str] = Counter()
    for problem in problems:
        kind = kind_of(problem)
        counts[kind] += 1
        shown = grouped.setdefault(kind, [])
        if len(shown) <= most:
            shown.append(problem)
    found: list[Problem] = []
    for kind, shown in grouped.items():
        count = max(counts[kind], (kinds or {}).get(kind, 0))
        if count > len(shown):
            shown = shown[:most]
        found += shown  # one more is as short as the line about it
        if count > len(shown):
            found.append(Problem("", f"... and {count - len(shown):,} more like this."))
    return found


def problem_lines(
    problems: Iterable[Problem], prefix: str = "", kinds: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Yield a line for each problem of :func:`group_problems`, ``SHOWN_PROBLEMS`` of them at most.

    Lines that say how many more there are have blanks in place of *prefix*.
    """
    grouped = group_problems(problems, kinds)
    blanks = " " * len(prefix)
    for problem in grouped[:SHOWN_PROBLEMS]:
        counts = not problem.where and problem.what.startswith("...")
        yield f"{blanks if counts else prefix}{problem}"
    if len(grouped) > SHOWN_PROBLEMS:
        yield f"{blanks}... and {len(grouped) - SHOWN_PROBLEMS:,} more of other kinds"


class HarnnError(Exception):
    """Base of every error that a user can cause and mend."""

    exit_code = 2


class InputError(HarnnError):
    """Problems of one kind, gathered in one report.

    ``problems`` holds all of them; the message groups them, see :func:`problem_lines`.
    """

    noun = "input"

    def __init__(self, problems: Problem | str | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem("", problems)
        self.problems: tuple[Problem, ...] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__(self._message())

    def _message(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        head = f"{len(self.problems):,} problems in the {self.noun}:"
        return "\n".join([head, *problem_lines(self.problems, "  ")])


class TaxonomyError(InputError):
    """A taxonomy file cannot be read, or what it says is not a tree or DAG."""

    noun = "taxonomy"


class DocumentError(InputError):
    """Documents cannot be read."""

    noun = "documents"


class ConfigError(InputError):
    """A configuration has unknown keys or values out of range."""

    noun = "configuration"


class VectorsError(InputError):
    """A word vector file cannot be read."""

    noun = "word vectors"


class BundleError(InputError):
    """A model directory is not what this version can load."""

    noun = "model directory"


class HubError(InputError):
    """A hub refuses what it is asked, or is not reached."""

    noun = "hub"


class DatabaseError(InputError):
    """A database cannot be opened, or does not do what it is asked."""

    noun = "database"


class ReviewError(InputError):
    """A decision about a document in review cannot be taken."""

    noun = "review"


class ConflictError(ReviewError):
    """A document in review is no more what the decision was made for; nothing was written."""

    def __init__(self, problem: Problem | str, *, item: int, person: str, moment: datetime) -> None:
        """person: who was quicker; moment: when, in UTC."""
        super().__init__(problem)
        self.item = item
        self.person = person
        self.moment = moment


class MissingError(ReviewError):
    """What is asked for is not in review: no document, word or decisions have that name."""


class CallableError(HarnnError):
    """A function that somebody brought failed; what it raised is the cause."""

    def __init__(self, role: str, function: Callable[..., Any], reason: Exception | str) -> None:
        """role: what it was given as. reason: what it raised, or what is wrong with its answer."""
        what = (
            f"raised {type(reason).__name__}: {reason}" if not isinstance(reason, str) else reason
        )
        super().__init__(f"The {role} {name_of(function)!r} {what}")


class MissingExtraError(HarnnError, ImportError):
    """An optional dependency is not installed."""


class TrainingInterrupted(HarnnError):  # noqa: N818 (as KeyboardInterrupt)
    """Training was stopped by Ctrl-C, SIGTERM or SIGHUP (a terminal that closes).

    What is kept is in ``checkpoint``, the file of the network in work, and in ``directory`` beside
    it: ``finished`` names word vectors and branches that need not be made again.
    """

    exit_code = 130
    cause = ""
    """What else than a wish to stop it."""

    def __init__(
        self,
        checkpoint: Path | None,
        step: int,
        *,
        directory: Path | None = None,
        finished: Sequence[str] = (),
    ) -> None:
        """directory: of checkpoints; None: nothing is kept."""
        self.checkpoint = checkpoint
        self.step = step
        self.directory = directory
        self.finished = tuple(finished)
        super().__init__(self._message())

    def _message(self) -> str:
        stopped = f"Training stopped at step {self.step:,}" if self.step else "Training stopped"
        if self.checkpoint:
            kept = f"The checkpoint is kept in {self.checkpoint}"
            return f"{stopped}. {kept}; repeat the command with --resume to go on."
        if self.finished:
            kept = f"What is finished is kept in {self.directory} ({', '.join(self.finished)})"
            return f"{stopped}. {kept}; repeat the command with --resume to go on."
        if self.directory:
            return f"{stopped} before anything was finished; repeat the command to start again."
        return f"{stopped}; nothing is kept, because no checkpoint directory is given."


class RankLostError(TrainingInterrupted):
    """One of several processes that train together ended, or did not answer in time."""

    exit_code = 3

    def __init__(
        self,
        cause: str,
        checkpoint: Path | None = None,
        step: int = 0,
        *,
        directory: Path | None = None,
        finished: Sequence[str] = (),
        leads: bool = True,
    ) -> None:
        """cause: says which one, without a full stop; leads: whether this is rank 0, which keeps
        what there is.
        """
        self.cause, self.leads = cause, leads
        super().__init__(checkpoint, step, directory=directory, finished=finished)

    def _message(self) -> str:
        what = self.cause[:1].upper() + self.cause[1:]
        return (
            f"{what}. {super()._message()}" if self.leads else f"{what}. Rank 0 says what is kept."
        )


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function, or an object that is called, is known by."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return name.replace("<locals>.", "")


def nothing_at(place: Path | str, what: str, hint: str = "") -> Problem:
    """Return that there is nothing where something is to be read; of a URL that it is one."""
    return url_problem(place, _FETCH) or Problem(str(place), what, hint)


def url_problem(place: Path | str, hint: str) -> Problem | None:
    """Return what is wrong with a URL that stands where a file or directory is meant; None: it is
    none. A path, which knows one slash, is taken back to what was given.
    """
    found = _URL.fullmatch(str(place))
    if found is None:
        return None
    url = f"{found[1]}://{found[2]}"
    return Problem(url, "is a URL, expected a place on this machine.", hint)


def cannot_read(path: Path | str, error: OSError) -> Problem:
    """Return what the system says of a file that it lets nobody read."""
    return Problem(str(path), f"cannot be read: {error.strerror or error}.")


def cannot_write(path: Path | str, error: OSError | ValueError) -> Problem:
    """Return what the system says of a place that it lets nobody write."""
    if isinstance(error, FileNotFoundError):
        return Problem(str(path), "cannot be written: its directory does not exist.")
    reason = getattr(error, "strerror", None) or error
    return Problem(str(path), f"cannot be written: {reason}.")


def suggest(name: str, candidates: Sequence[str]) -> str:
    """Return ``Did you mean 'X'?`` for the candidate nearest to *name*, or an empty string."""
    nearest = find_similar(name, candidates)
    return f"Did you mean {nearest[0][0]!r}?" if nearest else ""


def find_similar(name: str, candidates: Sequence[str], *, most: int = 1) -> list[tuple[str, float]]:
    """Return the candidates that are most like *name*, and how alike they are, 0.65 to 1.

    Large candidate lists are first narrowed to those of similar length that share the
    beginning or the end, so that a hundred thousand labels stay fast.
    """
    folded = name.casefold().strip()
    pool: Sequence[str] = candidates
    if len(pool) > _EXACT_SEARCH_LIMIT:
        head, tail = folded[:2], folded[-3:]
        pool = [
            candidate
            for candidate in candidates
            if abs(len(candidate) - len(name)) <= 3
            and (candidate.casefold().startswith(head) or candidate.casefold().endswith(tail))
        ][:_EXACT_SEARCH_LIMIT]
    by_folded: dict[str, str] = {}
    for candidate in pool:
        by_folded.setdefault(candidate.casefold(), candidate)
    nearest = difflib.get_close_matches(folded, by_folded, n=most, cutoff=_LEAST_ALIKE)
    matcher = difflib.SequenceMatcher(b=folded)
    found = []
    for each in nearest:
        matcher.set_seq1(each)
        found.append((by_folded[each], matcher.ratio()))
    return found
