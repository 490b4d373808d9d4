"""A model's blend taken to a new edition of its taxonomy."""

from __future__ import annotations

import dataclasses

from harnn.branches.blend import Blend, frequency_scale
from harnn.branches.cascade import Cascade
from harnn.branches.origins import LabelOrigins


def migrate_blend(blend: Blend, origins: LabelOrigins) -> Blend:
    """Return the blend for a new edition: each level has the weights of the one it goes on with.

    How frequent a label is stands beside how frequent labels are altogether. Where those change,
    the weights are written so that a label with as many documents as before has the same
    probability as before, up to rounding.
    """
    weights = blend.weights[list(origins.levels)]
    mean, spread = frequency_scale(blend.label_counts)
    new_mean, new_spread = frequency_scale(origins.counts)
    if (mean, spread) != (new_mean, new_spread):
        plain = [0, *(2 + 5 * number for number in range(len(blend.branches)))]
        by_frequency = [column + 1 for column in plain]
        weights[:, plain] += weights[:, by_frequency] * ((new_mean - mean) / spread)
        weights[:, by_frequency] *= new_spread / spread
    return Blend(blend.branches, weights, origins.counts, origins.new)


def migrate_cascade(cascade: Cascade, origins: LabelOrigins) -> Cascade:
    """Return the cascade for a new edition; how sure it must be stays as it is."""
    return dataclasses.replace(cascade, blend=migrate_blend(cascade.blend, origins))
