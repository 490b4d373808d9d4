"""What a server is told: models, place, limits."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harnn.errors import ConfigError, Problem, cannot_read

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LOOPBACK_NAMES = ("localhost",)
_MOST_A_MINUTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A model and what clients call it."""

    name: str
    """Letters, digits, ``.``, ``_`` and ``-``: it stands in addresses."""
    directory: Path

    @classmethod
    def parse(cls, written: str) -> ModelPlace:
        """Read ``DIR`` or ``NAME=DIR``; without a name it is what the directory is called.

        Raises:
            ConfigError: the name has other characters than an address can hold.
        """
        name, equals, place = written.partition("=")
        if equals and not Path(written).exists():
            if not _NAME.fullmatch(name):
                what = f"got the name {name!r}, expected letters, digits, '.', '_' and '-'."
                raise ConfigError(Problem(written, what))
            return cls(name, Path(place))
        directory = Path(written)
        called = _NOT_IN_NAMES.sub("-", directory.resolve().name).strip("-._")[:100]
        return cls(called or "model", directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken from clients; whatever is beyond is refused, never cut."""

    body_bytes: int = 16 << 20
    """Of a request, unpacked."""
    documents: int = 256
    """Of a request."""
    characters: int = 1_000_000
    """Of a document, all its fields together."""
    labels: int = 100_000
    """Of all answers to a request together."""
    explained: int = 200
    """Labels that are explained."""
    waiting: int = 1_024
    """Documents that wait for a process at the same time."""
    waiting_characters: int = 64_000_000
    batch: int = 64
    """Documents of several requests that are answered together, at most."""
    seconds: float = 30.0
    """Until a request that is not answered is given up."""
    rate: int = 0
    """Requests a minute of one token, or of one address where none is given; 0: any number."""

    def check(self) -> list[Problem]:
        """Return what is out of range."""
        counts = {
            "--max-body": self.body_bytes,
            "--max-documents": self.documents,
            "--max-characters": self.characters,
            "limit of labels": self.labels,
            "limit of explained": self.explained,
            "--max-waiting": self.waiting,
            "limit of waiting_characters": self.waiting_characters,
            "--batch": self.batch,
        }
        problems = [
            Problem(where, f"got {value:,}, expected 1 or more.")
            for where, value in counts.items()
            if value < 1
        ]
        if not 0 < self.seconds <= 86_400:
            what = f"got {self.seconds:g}, expected more than 0 and at most 86,400."
            problems.append(Problem("--timeout", what))
        if not 0 <= self.rate <= _MOST_A_MINUTE:
            what = f"got {self.rate}, expected 0 to {_MOST_A_MINUTE:,}."
            problems.append(Problem("--rate", what))
        return problems


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """All that a server is told; plain values, so that processes can be given them."""

    models: tuple[ModelPlace, ...]
    """The first one answers where no name is given."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """Processes; each loads the models itself."""
    tokens: Path | None = None
    """The file of tokens; None: whoever reaches the server may do everything."""
    open_to_all: bool = False
    """Listen beyond this machine without tokens."""
    names: tuple[str, ...] = ()
    """Names that the server is reached by, beside the host and those of this machine."""
    origins: tuple[str, ...] = ()
    """Pages of these origins may ask from a browser; ``*``: those of all, without cookies."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""
    https: bool = False
    """Clients come by https, through a proxy that ends it: cookies are for https alone."""
    secret: Path | None = None
    """The file of what signs sessions; None: a new one, so that they end with the server."""
    database: str | None = None
    """Where corrections are kept, a file of SQLite or a URL; None: none are taken."""
    languages: tuple[str, ...] = ()
    """Of the texts and of the names of labels, as clients of Annif are told: ``en`` for all models,
    ``NAME=en`` for one; ``und``, undetermined, where nothing is said."""
    examples: tuple[Path, ...] = ()
    """Labelled documents that explanations point at."""
    fixes: Path | None = None
    """A table of wrong spellings of their labels and what is meant."""
    acceptance: tuple[str, ...] = ()
    """What may be accepted unattended, files that ``harnn acceptance`` has made: ``FILE`` for the
    first model, ``NAME=FILE`` for one by its name."""
    thresholds: tuple[str, ...] = ()
    """Tables of thresholds that labels must reach (:func:`harnn.prediction.read_thresholds`), said
    as :attr:`acceptance`."""
    watch: bool = True
    """Whether a model directory that is replaced is loaded by itself."""
    json_logs: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)

    def language_of(self, model: str) -> str:
        """Return the language of a model by its name."""
        said = dict(map(_split_language, self.languages))
        return said.get(model) or said.get("") or "und"

    @property
    def acceptance_places(self) -> dict[str, Path]:
        """The files of :attr:`acceptance` by names of models."""
        return self._places_of(self.acceptance)

    @property
    def threshold_places(self) -> dict[str, Path]:
        """The tables of :attr:`thresholds` by names of models."""
        return self._places_of(self.thresholds)

    def _places_of(self, given: Sequence[str]) -> dict[str, Path]:
        return dict(place for written in given if (place := self._place_of(written)))

    def _place_of(self, written: str) -> tuple[str, Path] | None:
        """Return the model and the file that are written; None: there is no such model."""
        name, equals, place = written.partition("=")
        if not equals or Path(written).exists():
            return (self.models[0].name, Path(written)) if self.models else None
        known = name in [model.name for model in self.models]
        return (name, Path(place)) if known else None

    def check(self) -> None:
        """Check what can be checked before a model is loaded.

        Raises:
            ConfigError: everything that is wrong.
        """
        problems = [*_model_problems(self.models), *self.limits.check()]
        if self.workers < 1:
            problems.append(Problem("--workers", f"got {self.workers}, expected 1 or more."))
        if not 0 <= self.port <= 65_535:
            problems.append(Problem("--port", f"got {self.port}, expected 0 to 65,535."))
        if not self.is_local and self.tokens is None and not self.open_to_all:
            what = (
                f"got {self.host!r}, which other machines reach, and no tokens: whoever finds the "
                "server could ask it and teach it."
            )
            hint = "Give --tokens FILE (harnn token makes one), or --open-to-all if that is meant."
            problems.append(Problem("--host", what, hint))
        problems += _origin_problems(self.origins)
        problems += _name_problems(self.names)
        problems += _proxy_problems(self.proxies)
        problems += _language_problems(self.languages, self.models)
        problems += self._file_problems("--acceptance", self.acceptance)
        problems += self._file_problems("--thresholds", self.thresholds)
        if self.fixes is not None and not self.examples:
            what = "needs documents, whose labels it mends."
            problems.append(Problem("--fixes", what, "Give them with --examples."))
        if self.acceptance and self.database is None:
            what = "needs a database, which keeps what is accepted."
            problems.append(Problem("--acceptance", what, "Give --database FILE."))
        places = (*self.acceptance_places.values(), *self.threshold_places.values())
        given = (*self.examples, *places)
        for path in (*given, *filter(None, (self.fixes, self.tokens, self.secret))):
            problems += _unreadable(path)
        if problems:
            raise ConfigError(problems)

    def _file_problems(self, option: str, given: Sequence[str]) -> Iterable[Problem]:
        """Yield what is wrong with files that are given for models."""
        names = ", ".join(model.name for model in self.models)
        places = [(written, self._place_of(written)) for written in given]
        for written, place in places:
            if place is None:
                what = f"got {written!r}, whose name is no model; there are {names}."
                yield Problem(option, what)
        for name, count in Counter(place[0] for _, place in places if place).items():
            if count > 1:
                yield Problem(option, f"got {count} files for the model {name!r}.")


def is_loopback(host: str) -> bool:
    """Tell whether *host*, a name or an address, is reached from this machine alone."""
    if host.casefold() in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def _model_problems(models: Sequence[ModelPlace]) -> Iterable[Problem]:
    if not models:
        yield Problem("", "expected a model directory.")
    seen: dict[str, Path] = {}
    for name, directory in ((each.name, each.directory) for each in models):
        if name in seen:
            what = f"got two models called {name!r}, {seen[name]} and {directory}."
            yield Problem("", what, "Name one of them: NAME=DIR.")
        seen.setdefault(name, directory)


def _origin_problems(origins: Sequence[str]) -> Iterable[Problem]:
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s?#@]+", origin):
            what = f"got {origin!r}, expected an origin such as https://example.org, or *."
            yield Problem("--allow-origin", what)


def _name_problems(names: Sequence[str]) -> Iterable[Problem]:
    for name in names:
        if not _is_address(name) and not re.fullmatch(r"[^\s/:@?#\[\]]+", name):
            what = f"got {name!r}, expected a name alone, such as example.org."
            yield Problem("--name", what)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _proxy_problems(proxies: Sequence[str]) -> Iterable[Problem]:
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            what = f"got {proxy!r}, expected an address or a network, such as 10.0.0.0/8."
            yield Problem("--proxy", what)


def _split_language(written: str) -> tuple[str, str]:
    name, _, code = written.rpartition("=")
    return name, code


def _language_problems(languages: Sequence[str], models: Sequence[ModelPlace]) -> Iterable[Problem]:
    names = [model.name for model in models]
    for name, code in map(_split_language, languages):
        if not _LANGUAGE.fullmatch(code):
            yield Problem("--language", f"got {code!r}, expected a code such as en, de or zh.")
        if name and name not in names:
            what = f"got a language of {name!r}, which is no model; there are {', '.join(names)}."
            yield Problem("--language", what)


def _unreadable(path: Path) -> Iterable[Problem]:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        yield cannot_read(path, error)
