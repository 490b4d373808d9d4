"""The model that a training goes on from, and what follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harnn._display import counted
from harnn._tables import shown
from harnn.branches import Branch
from harnn.bundle import Bundle, fingerprint, fingerprint_of, load_bundle
from harnn.config import SETTLED_ANEW, Config, ContinuingConfig, ModelConfig, TrainingConfig
from harnn.errors import BundleError, ConfigError, InputError, Problem, TaxonomyError
from harnn.taxonomy import Taxonomy, in_order_of, match_labels, parents_by_code
from harnn.training.plan import TrainingFacts, TrainingPlan, trains_network

T = TypeVar("T")
_LEAVE_OUT = "Leave it out, or train without init."


@dataclass(frozen=True, eq=False)
class OldModel:
    """A model whose weights are those that training starts from."""

    bundle: Bundle
    name: str
    """For people: its directory."""
    hash: str
    """64 hexadecimal digits that another model does not have: of a directory
    :func:`harnn.bundle.fingerprint`, else of what the model consists of."""

    @classmethod
    def open(
        cls,
        init: Bundle | str | Path | OldModel,
        *,
        segment: Callable[[str], Sequence[str]] | None = None,
    ) -> OldModel:
        """Load a model, or take it as it is.

        Raises:
            BundleError: it cannot be read, or was exported.
            MissingExtraError: a package that it needs is not installed.
        """
        if isinstance(init, OldModel):
            return init
        if isinstance(init, Bundle):
            found = cls(init, "the model in memory", fingerprint_of(init))
        else:
            found = cls(load_bundle(init, segment=segment), str(init), fingerprint(Path(init)))
        if exported := found.bundle.ensemble.exported:
            what = f"was exported: {' and '.join(exported)} cannot learn any more."
            hint = "Go on from the model that it was exported from."
            raise BundleError(Problem(found.name, what, hint))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its branches."""
        return tuple(branch.name for branch in self.bundle.ensemble.branches)

    def branch(self, name: str) -> Branch:
        """Return the branch of that name, which it has."""
        found = self.bundle.ensemble.branch(name)
        assert found is not None
        return found

    def find(self, kind: type[T]) -> T | None:
        """Return the branch of that kind, if it has one."""
        branches = self.bundle.ensemble.branches
        return next((branch for branch in branches if isinstance(branch, kind)), None)

    @property
    def trained_on(self) -> int:
        """From how many documents, at least, it has learned; 0: it does not say."""
        documents = self.bundle.documents
        return documents.get("train_before", documents.get("train", 0))

    def settings(self, given: Config | None) -> Config:
        """Return the settings of the training: those of the model, and over them what is given.

        Raises:
            ConfigError: what is given contradicts the shape of the model; all of it.
        """
        tables = self.bundle.config.to_dict()
        tables["continuing"] = {}
        new = {} if given is None else given.given()
        problems = list(self._contradictions(tables, new))
        if problems:
            raise ConfigError(problems)
        return Config.from_dict({name: table | new.get(name, {}) for name, table in tables.items()})

    def _contradictions(
        self, old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]
    ) -> Iterator[Problem]:
        for section, table in new.items():
            for key, value in table.items():
                known, where = old[section].get(key), f"{section}.{key}"
                if value == known or (isinstance(known, list) and list(value) == known):
                    continue
                if key == "epochs" and section != "continuing":
                    what = f"got {shown(value)}, but with init continuing.epochs says how many."
                    yield Problem(where, what, "Give that instead.")
                elif key not in SETTLED_ANEW.get(section, (key,)):
                    what = f"got {shown(value)}, expected {shown(known)}, as {self.name} has it."
                    yield Problem(where, what, _LEAVE_OUT)

    def taxonomy(self, given: Taxonomy | None) -> Taxonomy:
        """Return the model's taxonomy, with the names of the given one.

        Labels stand in the order of the model, whatever their order in *given* is.

        Raises:
            TaxonomyError: *given* has other labels, or other parents of them; all that differs.
        """
        own = self.bundle.taxonomy
        if given is None:
            return own
        try:
            return in_order_of(own, given)
        except ValueError:
            raise TaxonomyError(list(self._differences(own, given))) from None

    def _differences(self, own: Taxonomy, given: Taxonomy) -> Iterator[Problem]:
        match = match_labels(own.codes, given.codes)
        versions = f"got version {given.version[:12]}, {self.name} has {own.version[:12]}"
        yield Problem(
            "taxonomy",
            f"is not that of the model: {versions}; {counted(len(match.added), 'label')} added, "
            f"{len(match.retired):,} retired.",
            "Give the taxonomy of the model, or none, or take the model to this one: harnn "
            "migrate.",
        )
        yield from (Problem(repr(code), "is a label that the model lacks.") for code in match.added)
        for code in match.retired:
            yield Problem(repr(code), "is a label of the model that the taxonomy lacks.")
        before, now = parents_by_code(own), parents_by_code(given)
        for code in now:
            if code in before and before[code] != now[code]:
                what = f"has the parents {_listed(now[code])}, in the model {_listed(before[code])}"
                yield Problem(repr(code), f"{what}.")

    def plan(self, config: Config, facts: TrainingFacts) -> TrainingPlan:
        """Return what the training does: its branches are those of the model."""
        without = dataclasses.replace(
            config.model, transformer="off", text_vectors="off", labels_without_examples="off"
        )
        plan = TrainingPlan.of(dataclasses.replace(config, model=without), facts)
        training = slower(config.training, config.continuing)
        return dataclasses.replace(
            plan, branches=self.names, epochs=training.epochs, word_vector_epochs=0
        )


Init = Bundle | str | Path | OldModel
"""A model to go on from: in memory, or its directory."""


def encoder_checkpoint(model: ModelConfig, old: OldModel | None = None) -> int:
    """Return the number that the checkpoint of an encoder that is fine-tuned has among those of the
    networks: the last.
    """
    has_network = trains_network(model) if old is None else "network" in old.names
    return model.members if has_network else 0


def slower(training: TrainingConfig, continuing: ContinuingConfig) -> TrainingConfig:
    """Return the settings of a loop that starts from weights that have learned already."""
    rate = training.learning_rate * continuing.rate
    return dataclasses.replace(training, learning_rate=rate, epochs=continuing.epochs)


def check_unlabelled(unlabelled: Any) -> None:
    """Refuse text for word vectors, which an old model has.

    Raises:
        InputError: there is some.
    """
    if len(unlabelled):
        what = "trains word vectors, but with init they are those of the model."
        raise InputError(Problem("unlabelled text", what, _LEAVE_OUT))


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(map(repr, sorted(codes))) or "none"
