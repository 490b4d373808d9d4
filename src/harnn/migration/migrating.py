"""Take a model to a new edition of its taxonomy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harnn.branches import (
    Branch,
    Ensemble,
    LabelOrigins,
    StoredModel,
    migrate_blend,
    migrate_branch,
    migrate_cascade,
    read_branches,
    settings_of_nothing,
    with_labels_by_name,
)
from harnn.bundle import (
    MIGRATED,
    Bundle,
    ProvenanceStep,
    fingerprint,
    fingerprint_of,
    is_light,
    load_bundle,
    merge_parts,
)
from harnn.decode import Decoder
from harnn.errors import BundleError, Problem
from harnn.metrics import Confusion, LabelMetrics, LabelQuality
from harnn.migration.report import MigrationReport
from harnn.migration.rules import label_origins
from harnn.migration.tuning import TUNED
from harnn.taxonomy import (
    LabelMapper,
    LabelMapping,
    Taxonomy,
    TaxonomyDiff,
    diff_taxonomies,
    in_order_of,
)
from harnn.taxonomy.editions import LEAST

MAPPING = "mapping"
"""Among the contents of a model: the hash of what became of labels."""


@dataclass(frozen=True, eq=False)
class Migrated:
    """A model for a new edition of its taxonomy, and what the way there did to it."""

    bundle: Bundle
    mapper: LabelMapper
    """Takes the labels of documents along."""
    report: MigrationReport


def migrate(
    model: Bundle | str | Path,
    taxonomy: Taxonomy,
    mapping: LabelMapping | None = None,
    *,
    least: float = LEAST,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> Migrated:
    """Take a model to a new edition of its taxonomy, without a document.

    mapping: what somebody says became of labels, which wins over all that is found. least:
    certainty of links below which they are not followed, 0 to 1. segment: as it was given to
    :func:`harnn.fit`. From what each label begins: :mod:`harnn.migration.rules`. Where labels and
    their parents are the same, scores are the same to the bit. The model's report stays that on its
    validation documents, with the labels of the old edition, until :func:`tune` makes another.

    Raises:
        BundleError: the model cannot be read, or was exported.
        TaxonomyError: the mapping does not fit the two editions.
        ConfigError: it has a branch of a kind that cannot be taken along.
        MissingExtraError: a package that the model needs is not installed.
    """
    bundle, name, known_as = _open(model, segment)
    old = bundle.taxonomy
    taxonomy = _in_known_order(old, taxonomy)
    mapper = LabelMapper(diff_taxonomies(old, taxonomy, mapping), least=least)
    blend = bundle.ensemble.blend
    origins = label_origins(mapper, bundle.label_counts if blend is None else blend.label_counts)
    label_counts = _label_counts(mapper, bundle.label_counts)
    same = old.version == taxonomy.version
    contents = {k: v for k, v in bundle.contents.items() if k not in ("train", "valid")}
    if same:  # documents say what they said
        contents = dict(bundle.contents)
    migrated = Bundle(
        ensemble=_ensemble(bundle, taxonomy, origins, label_counts, name),
        taxonomy=taxonomy,
        tokenizer=bundle.tokenizer,
        config=bundle.config,
        decoder=_decoder(bundle.decoder, origins),
        report=bundle.report,
        label_counts=label_counts,
        reference=bundle.reference if same else None,
        quality=None if bundle.quality is None else _quality(bundle.quality, mapper),
        documents={name: n for name, n in bundle.documents.items() if name != TUNED},
        contents=contents | {MIGRATED: known_as, MAPPING: _hash_of_links(mapper.diff)},
        history=bundle.history,
        provenance=None
        if bundle.provenance is None
        else bundle.provenance.of_another().then(ProvenanceStep.now("migrate", parent=known_as)),
    )
    return Migrated(migrated, mapper, MigrationReport.of(bundle, mapper, origins))


def _open(
    model: Bundle | str | Path, segment: Callable[[str], Sequence[str]] | None
) -> tuple[Bundle, str, str]:
    """Return a model that can be changed, its name for people, and its hash.

    Raises:
        BundleError: it cannot be read, or was exported.
    """
    if isinstance(model, Bundle):
        found = model, "the model in memory", fingerprint_of(model)
    else:
        found = load_bundle(model, segment=segment), str(model), fingerprint(Path(model))
    if exported := found[0].ensemble.exported:
        what = f"was exported: {' and '.join(exported)} cannot be changed any more."
        raise BundleError(Problem(found[1], what, "Migrate the model that it was exported from."))
    return found


def _in_known_order(old: Taxonomy, new: Taxonomy) -> Taxonomy:
    """Return the new edition, with the columns of the old one where it has the same labels under
    the same parents.
    """
    try:
        return in_order_of(old, new)
    except ValueError:
        return new


def _ensemble(
    bundle: Bundle,
    taxonomy: Taxonomy,
    origins: LabelOrigins,
    label_counts: NDArray[np.int64],
    name: str,
) -> Ensemble:
    """Return branches and blend for the new edition, read as from a model directory.

    Where the model learned to find labels by their names, those that no document has are.
    """
    ensemble = bundle.ensemble
    parts = merge_parts([migrate_branch(branch, origins) for branch in ensemble.branches])
    settings = settings_of_nothing() | parts.settings
    stored = StoredModel(
        Path(name),
        parts.arrays,
        settings,
        is_light(settings),
        len(bundle.tokenizer),
        contents=parts.files,
    )
    branches: tuple[Branch, ...] = read_branches(stored, taxonomy)
    blend = None if ensemble.blend is None else migrate_blend(ensemble.blend, origins)
    cascade = None if ensemble.cascade is None else migrate_cascade(ensemble.cascade, origins)
    found = Ensemble(branches, blend, cascade, ensemble.left_out, ensemble.by_name)
    if (bundle.taxonomy.version, bundle.taxonomy.names) == (taxonomy.version, taxonomy.names):
        return found
    return with_labels_by_name(found, taxonomy, label_counts)


def _decoder(decoder: Decoder, origins: LabelOrigins) -> Decoder:
    """Return how labels are chosen: added ones as their level, all others as their origins."""
    levels, labels = decoder.level_thresholds, decoder.label_thresholds
    if levels is not None:
        levels = tuple(levels[level] for level in origins.levels)
    if labels is not None:
        usual = (
            np.full(origins.new.depth, decoder.threshold) if levels is None else np.array(levels)
        )
        found = usual[origins.new.levels - 1]
        known = ~origins.is_added
        found[known] = (origins.shares.astype(np.float64) @ np.array(labels))[known]
        labels = tuple(np.clip(found, 0, 1).tolist())
    return dataclasses.replace(decoder, level_thresholds=levels, label_thresholds=labels)


def _label_counts(mapper: LabelMapper, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the training documents (C',) of each new label, as far as they are known.

    Of a merged label the sum of its parts', of the parts of a label that was split an equal share
    each, of an added one none; and no less of any label than of one below it.
    """
    links, hierarchy = mapper.columns(), mapper.diff.new.hierarchy
    parts = np.bincount(links.old, minlength=len(counts))
    found = np.zeros(len(hierarchy))
    np.add.at(found, links.new, counts[links.old] / parts[links.old])
    for step in reversed(hierarchy.upward.values()):  # the deepest parents first
        below = np.maximum.reduceat(found[step.read], step.starts)
        found[step.readers] = np.maximum(found[step.readers], below)
    return np.round(found).astype(np.int64)


def _quality(quality: LabelQuality, mapper: LabelMapper) -> LabelQuality:
    """Keep what is known of labels that stayed one label; of others nothing is known."""
    hierarchy, now = mapper.diff.new.hierarchy, mapper.only()
    was = np.full(len(hierarchy), -1)
    was[now[now >= 0]] = np.flatnonzero(now >= 0)

    def kept(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(was >= 0, counts[was], 0)

    def are_siblings(one: int, other: int) -> bool:
        above, beside = hierarchy.parents(one), hierarchy.parents(other)
        return bool(np.intersect1d(above, beside).size) or not (above.size or beside.size)

    moved = (
        Confusion(int(now[x.true]), int(now[x.given]), x.documents, x.reverse)
        for x in quality.confusions
        if min(now[x.true], now[x.given]) >= 0
    )
    confusions = [each for each in moved if are_siblings(each.true, each.given)]
    counts = quality.counts
    return LabelQuality(
        LabelMetrics(kept(counts.hits), kept(counts.predicted), kept(counts.true)),
        tuple(sorted(confusions, key=lambda each: each.true)),
    )


def _hash_of_links(diff: TaxonomyDiff) -> str:
    links = [[link.old, link.new, link.certainty] for link in diff.links]
    return hashlib.sha256(json.dumps(links).encode()).hexdigest()
