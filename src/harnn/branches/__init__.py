"""Ways to score all labels, trained apart, and their blend into one calibrated answer; no torch.

A :class:`Branch` is one folder here, which owns how it is computed, with PyTorch and without, and
how it is stored; :data:`KINDS` lists them. An :class:`Ensemble` composes them.
"""

from harnn.branches.blend import Blend
from harnn.branches.branch import (
    Branch,
    Evidence,
    MadeFrom,
    MayWait,
    Parts,
    Probable,
    StoredModel,
    TakesBeam,
    TakesBfloat16,
)
from harnn.branches.by_name import ByName, read_by_name
from harnn.branches.cascade import Cascade
from harnn.branches.ensemble import Ensemble, with_labels_by_name
from harnn.branches.evidence import Asked, NameOrigin, WordEffects, word_effects
from harnn.branches.kinds import (
    KINDS,
    Kind,
    branches_of,
    migrate_branch,
    need_torch,
    read_branch,
    read_branches,
    settings_of_nothing,
    title_of,
)
from harnn.branches.leaving_out import LeftOut, read_left_out
from harnn.branches.migrating import migrate_blend, migrate_cascade
from harnn.branches.origins import LabelOrigins

__all__ = [
    "KINDS",
    "Asked",
    "Blend",
    "Branch",
    "ByName",
    "Cascade",
    "Ensemble",
    "Evidence",
    "Kind",
    "LabelOrigins",
    "LeftOut",
    "MadeFrom",
    "MayWait",
    "NameOrigin",
    "Parts",
    "Probable",
    "StoredModel",
    "TakesBeam",
    "TakesBfloat16",
    "WordEffects",
    "branches_of",
    "migrate_blend",
    "migrate_branch",
    "migrate_cascade",
    "need_torch",
    "read_branch",
    "read_branches",
    "read_by_name",
    "read_left_out",
    "settings_of_nothing",
    "title_of",
    "with_labels_by_name",
    "word_effects",
]
