"""All branches of a model and what they say together, whatever computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn.branches.blend import Blend, Outputs
from harnn.branches.branch import (
    Branch,
    MayBeExported,
    MayWait,
    Probable,
    TakesBeam,
    TakesBfloat16,
)
from harnn.branches.cascade import Cascade
from harnn.branches.kinds import in_order, prior_of
from harnn.branches.leaving_out import LeftOut, needless_branches
from harnn.corpus import Corpus, TextVectorsView, View
from harnn.decode import Scores
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Hierarchy, Taxonomy


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Branches, in the order of their kinds, and their blend.

    Raises:
        ValueError: there is no branch, several and no blend, or a blend of others.
    """

    branches: tuple[Branch, ...]
    blend: Blend | None
    """None: the only branch's own scores are the answer, as in mode ``paper``."""
    cascade: Cascade | None = None
    """Which documents are answered without the branches that wait; None: none."""
    left_out: tuple[LeftOut, ...] = ()
    """Branches that were trained, and are not needed; older models do not say."""

    def __post_init__(self) -> None:
        alone = len(self.branches) == 1 and isinstance(self.branches[0], Probable)
        if self.blend is None and not alone:
            raise ValueError("Expected a blend of the branches, or one network alone.")
        names = [branch.name for branch in self.branches]
        if self.cascade is not None and not set(self.cascade.blend.branches) < set(names):
            raise ValueError("Expected a cascade of some of the branches.")
        if self.blend is not None and sorted(self.blend.branches) != sorted(names):
            wanted, held = (", ".join(sorted(x)) or "nothing" for x in (self.blend.branches, names))
            raise ValueError(f"Expected the branches that were blended ({wanted}); got {held}.")

    @classmethod
    def fit(
        cls,
        branches: Sequence[Branch],
        corpus: Corpus,
        hierarchy: Hierarchy,
        *,
        label_counts: NDArray[np.int64],
        blended: bool = True,
        cascaded: bool = False,
        leave_out: bool = False,
        around: Blend | None = None,
    ) -> tuple[Self, Scores]:
        """Blend branches on labelled documents; label_counts: (C,) training documents.

        Without being *blended* the only branch answers alone. *cascaded*: documents that can do
        without the branches that wait are answered without them, where that is as good.
        *leave_out*: branches are left out that the others can do without. around: a blend of all
        these branches, which the weights are drawn to. Returns the ensemble and the scores of the
        documents, each as new documents would get them.
        """
        ordered = in_order(branches)
        if not blended:
            ensemble = cls(ordered, None)
            return ensemble, ensemble.score(corpus)
        outputs = _outputs(ordered, corpus)

        def fit(outputs: Outputs, targets: Any) -> tuple[Blend, NDArray[np.float32]]:
            near = around if around is not None and around.branches == tuple(outputs) else None
            return Blend.fit(
                outputs,
                targets,
                hierarchy,
                label_counts=label_counts,
                priors={name: prior_of(name) for name in outputs},
                around=near,
            )

        left_out: tuple[LeftOut, ...] = ()
        if leave_out:
            given = (outputs, corpus.targets, hierarchy)
            left_out = needless_branches(*given, lambda *some: fit(*some)[1])
            gone = {each.branch for each in left_out}
            ordered = tuple(branch for branch in ordered if branch.name not in gone)
            outputs = {branch.name: outputs[branch.name] for branch in ordered}
        blend, scores = fit(outputs, corpus.targets)
        early = {x.name: outputs[x.name] for x in ordered if not _waits(x)}
        if cascaded and 0 < len(early) < len(ordered):
            first = fit(early, corpus.targets)
            found = Cascade.choose(*first, scores, corpus.targets, hierarchy)
            if found is not None:
                return cls(ordered, blend, found[0], left_out), Scores(corpus.ids, found[1])
        return cls(ordered, blend, left_out=left_out), Scores(corpus.ids, scores)

    def describe(self) -> str:
        """Say which branches there are, and which were left out."""
        names = " + ".join(branch.name for branch in self.branches)
        without = " and ".join(each.branch for each in self.left_out)
        return f"{names} without {without}" if without else names

    @property
    def exported(self) -> tuple[str, ...]:
        """The names of branches that are computed by graphs, which learn nothing any more."""
        found = (x.name for x in self.branches if isinstance(x, MayBeExported) and x.exported)
        return tuple(found)

    @property
    def reads(self) -> Mapping[str, View | None]:
        """The views of a corpus that any branch reads, and what makes them."""
        views = {name: view for branch in self.branches for name, view in branch.reads.items()}
        if self.cascade is None:
            return views
        return {
            name: replace(view, waits=True) if isinstance(view, TextVectorsView) else view
            for name, view in views.items()
        }

    def branch(self, name: str) -> Branch | None:
        """Return the branch of that name; None where there is none."""
        return next((branch for branch in self.branches if branch.name == name), None)

    def score(self, corpus: Corpus) -> Scores:
        """Return the scores of all documents, in the order of the corpus.

        Raises:
            BundleError: some are no numbers from 0 to 1: the weights of the model are damaged.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # looked at afterwards
            if self.blend is None:
                (branch,) = self.branches
                assert isinstance(branch, Probable)
                scores = branch.scores(corpus)
            elif self.cascade is None:
                scores = self.blend.probabilities(_outputs(self.branches, corpus))
            else:
                scores = self._in_turn(self.blend, self.cascade, corpus)
        try:
            return Scores(corpus.ids, scores)
        except ValueError as error:
            what = f"the model gives scores that are no scores: {error}"
            hint = "Its weights are damaged, or its training diverged: train again."
            raise BundleError(Problem("", what, hint)) from None

    def _in_turn(self, blend: Blend, cascade: Cascade, corpus: Corpus) -> NDArray[np.float32]:
        """Return the scores (N, C), with the branches that wait for unsure documents alone."""
        names = cascade.blend.branches
        early = [branch for branch in self.branches if branch.name in names]
        late = [branch for branch in self.branches if branch.name not in names]
        outputs = _outputs(early, corpus)
        scores = cascade.blend.probabilities(outputs)
        rows = cascade.unsure(scores)
        if len(rows):
            part = corpus.only(rows, {name for branch in late for name in branch.reads})
            outputs = {name: output[rows] for name, output in outputs.items()}
            scores[rows] = blend.probabilities(outputs | _outputs(late, part))
        return scores

    def answering(self, corpus: Corpus) -> tuple[Blend | None, tuple[Branch, ...]]:
        """Return what answers the only document of a corpus, and the blend of it."""
        if self.blend is None or self.cascade is None:
            return self.blend, self.branches
        early = tuple(x for x in self.branches if x.name in self.cascade.blend.branches)
        scores = self.cascade.blend.probabilities(_outputs(early, corpus))
        if len(self.cascade.unsure(scores)):
            return self.blend, self.branches
        return self.cascade.blend, early

    def with_beam(self, width: int, taxonomy: Taxonomy) -> Self:
        """Let only the children of the *width* best labels of a level attend to a document.

        Raises:
            ConfigError: no branch can.
            ValueError: *width* is below 1.
        """
        if not any(isinstance(branch, TakesBeam) for branch in self.branches):
            what = "models without a network score all labels at once and take no beam."
            raise ConfigError(what)
        return replace(
            self,
            branches=tuple(
                x.with_beam(width, taxonomy) if isinstance(x, TakesBeam) else x
                for x in self.branches
            ),
        )

    def with_bfloat16(self) -> Self:
        """Compute in bfloat16 what can be.

        Raises:
            ConfigError: nothing can.
        """
        if not any(isinstance(branch, TakesBfloat16) for branch in self.branches):
            raise ConfigError("models without a network have nothing to compute in bfloat16.")
        return replace(
            self,
            branches=tuple(
                x.with_bfloat16() if isinstance(x, TakesBfloat16) else x for x in self.branches
            ),
        )


def _waits(branch: Branch) -> bool:
    return isinstance(branch, MayWait) and branch.waits


def _outputs(branches: Sequence[Branch], corpus: Corpus) -> dict[str, NDArray[np.float32]]:
    """Return what each branch says (N, C)."""
    return {branch.name: branch.logits(corpus) for branch in branches}
