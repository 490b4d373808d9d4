"""Check documents before hours are spent on them, and say what training will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harnn.config import Config
from harnn.data import DataSurvey, survey_documents
from harnn.data.reading import Sources
from harnn.errors import Problem
from harnn.taxonomy import Taxonomy
from harnn.training.check_encoders import check_encoders
from harnn.training.plan import TrainingFacts, TrainingPlan


@dataclass(frozen=True, slots=True)
class Validation:
    """All that is wrong or remarkable about documents, and what training on them will do."""

    survey: DataSurvey
    plan: TrainingPlan | None
    """None without a taxonomy."""

    @property
    def ok(self) -> bool:
        """Tell whether nothing must be mended."""
        return self.survey.ok

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What must be mended before training."""
        return self.survey.problems

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is worth a look."""
        return self.survey.warnings

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dictionaries, strings and numbers."""
        plan = self.plan.to_dict() if self.plan is not None else None
        memory_mb = self.plan.memory_mb if self.plan is not None else None
        return self.survey.to_dict() | {"memory_mb": memory_mb, "plan": plan}


def validate(
    paths: Sources,
    taxonomy: Taxonomy | None = None,
    config: Config | None = None,
    *,
    test_paths: Sources = (),
) -> Validation:
    """Read all documents once and report every problem; holds hashes, never texts.

    The documents are taken for those of a training, but *test_paths*, which are checked like the
    others and compared with them. Without a taxonomy labels are counted as written and not checked.

    Raises:
        MissingExtraError: Parquet or zstandard files without their extra, or an encoder that the
            settings name is not installed.
        ConfigError: an encoder cannot be read.
    """
    config = config or Config()
    check_encoders(config)
    survey = survey_documents(
        paths,
        taxonomy=taxonomy,
        config=config.data,
        test_paths=test_paths,
        max_length=config.text.max_length,
    )
    if taxonomy is None:
        return Validation(survey, None)
    facts = TrainingFacts(
        documents=survey.labelled_documents,
        tokens=survey.words.read,
        vocabulary=survey.words.distinct,
        level_sizes=taxonomy.hierarchy.level_sizes,
        english=survey.words.english,
    )
    return Validation(survey, TrainingPlan.of(config, facts))
