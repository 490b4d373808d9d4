"""Where the files of the sample are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from harnn.config import Language
from harnn.taxonomy import Taxonomy

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Sample:
    """The files of one language."""

    taxonomy: Path
    labels: Path
    train: Path
    valid: Path
    test: Path

    def load_taxonomy(self) -> Taxonomy:
        return Taxonomy.from_file(self.taxonomy, labels=self.labels)


def sample(lang: str = "en") -> Sample:
    """Return the files of the sample in *lang*, ``en`` or ``zh``.

    Raises:
        ValueError: another language.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"Expected one of {', '.join(LANGUAGES)}, got {lang!r}.")
    home = Path(__file__).parent
    return Sample(
        taxonomy=home / "taxonomy.tsv",
        labels=home / f"labels.{lang}.tsv",
        train=home / f"{lang}.train.jsonl",
        valid=home / f"{lang}.valid.jsonl",
        test=home / f"{lang}.test.jsonl",
    )
