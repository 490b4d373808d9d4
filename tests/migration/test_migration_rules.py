"""From which old labels the labels of a new edition begin, beside slow references."""

from __future__ import annotations

import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.branches import LabelOrigins
from harnn.branches.origins import mixed
from harnn.migration.rules import ADDED, label_origins
from harnn.taxonomy import LabelMapper, LabelMapping, Taxonomy, diff_taxonomies
from support.editions import edit

ROOT = Path(__file__).resolve().parents[2]
SKOS = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "skos"


def origins_of(
    old: Taxonomy, new: Taxonomy, pairs: list[tuple[str, str]], counts: list[int]
) -> LabelOrigins:
    mapper = LabelMapper(diff_taxonomies(old, new, LabelMapping.of(pairs)))
    return label_origins(mapper, np.array(counts))


def random_taxonomy(random: np.random.Generator, letter: str) -> Taxonomy:
    """Make a DAG, often a tree, of up to 4 levels, some of whose labels have no parent."""
    sizes = random.integers(1, 6, size=int(random.integers(1, 5)))
    levels = np.repeat(np.arange(len(sizes)), sizes)
    most = int(random.integers(1, 4))
    edges = [
        (f"{letter}{child}", f"{letter}{parent}")
        for child in range(int(sizes[0]), len(levels))
        for parent in random.permutation(np.flatnonzero(levels < levels[child]))[
            : int(random.integers(0, most + 1))
        ]
    ]
    codes = {
        f"level {level}": [f"{letter}{n}" for n in np.flatnonzero(levels == level).tolist()]
        for level in range(len(sizes))
    }
    return Taxonomy.from_levels(codes, edges)


Edition = tuple[Taxonomy, Taxonomy, list[tuple[str, str]], list[int]]


def editions(seed: int) -> Edition:
    """Return two taxonomies with no label in common, what became of which, and counts."""
    random = np.random.default_rng(seed)
    old, new = (random_taxonomy(random, letter) for letter in "on")
    pairs = {
        (str(random.choice(old.codes)), str(random.choice(new.codes)))
        for _ in range(int(random.integers(0, 12)))
    }
    before, after = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    alone = [(code, "") for code in old.codes if code not in before]
    alone += [("", code) for code in new.codes if code not in after]
    return old, new, [*sorted(pairs), *alone], random.integers(0, 50, len(old)).tolist()


drawn_editions = given(st.integers(0, 2**32).map(editions))


def by_hand(
    old: Taxonomy, new: Taxonomy, pairs: list[tuple[str, str]], counts: list[int]
) -> dict[str, tuple[dict[str, float], float, int]]:
    """Return shares by old code, shift and count of each new code, as the rules say in words."""
    ahead = {code: [n for o, n in pairs if o == code and n] for code in old.codes}
    found: dict[str, tuple[dict[str, float], float, int]] = {}
    sums = [sum(counts[old.index[o]] for o in old.codes if n in ahead[o]) for n in new.codes]
    for code in new.codes:  # level by level
        parts = [o for o in old.codes if code in ahead[o]]
        if parts:
            weights = {o: 1 + counts[old.index[o]] for o in parts}
            shares = {o: weight / sum(weights.values()) for o, weight in weights.items()}
            shift = -sum(share * math.log(len(ahead[o])) for o, share in shares.items())
            found[code] = shares, shift, sum(counts[old.index[o]] for o in parts)
            continue
        parents = [p for p in new.parents(new.index[code]).tolist() if found[new.codes[p]][0]]
        above = [found[new.codes[p]] for p in parents]
        if not above:
            found[code] = {}, -math.log1p(max(sums)), 0
            continue
        shares = {}
        for each in above:
            for o, share in each[0].items():
                shares[o] = shares.get(o, 0) + share / len(above)
        shift = sum(each[1] for each in above) / len(above) - ADDED
        each_has = [found[new.codes[p]][2] // len(new.children(p)) for p in parents]
        found[code] = shares, shift, int(sum(each_has) / len(parents))
    return found


@drawn_editions
def test_rules_are_those_in_words(drawn: Edition) -> None:
    old, new, pairs, _ = drawn
    origins, expected = origins_of(*drawn), by_hand(*drawn)
    for column, code in enumerate(new.codes):
        shares, shift, count = expected[code]
        row = origins.shares[[column]].toarray()[0]
        wanted = np.zeros(len(old))
        for o, share in shares.items():
            wanted[old.index[o]] = share
        np.testing.assert_allclose(row, wanted, atol=1e-6)
        assert origins.shift[column] == pytest.approx(shift, abs=1e-4)
        assert int(origins.counts[column]) == count
        assert origins.is_added[column] == (code not in {n for o, n in pairs if o})
    sums = origins.shares.sum(axis=1)
    assert np.all((np.abs(sums - 1) < 1e-5) | (sums == 0))


@drawn_editions
def test_levels_and_shares_within_them(drawn: Edition) -> None:
    origins = origins_of(*drawn)
    shares = origins.shares.toarray()
    for level, columns in enumerate(origins.new.level_slices):
        held = [shares[columns, part].sum() for part in origins.old.level_slices]
        chosen = origins.levels[level]
        assert held[chosen] >= max(held) - 1e-4
        part = shares[columns, origins.old.level_slices[chosen]]
        whole = part.sum(axis=1, keepdims=True)
        expected = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
        np.testing.assert_allclose(origins.within(level).toarray(), expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_edition_is_the_identity(seed: int) -> None:
    taxonomy = random_taxonomy(np.random.default_rng(seed), "x")
    origins = origins_of(taxonomy, taxonomy, [], list(range(len(taxonomy))))
    np.testing.assert_array_equal(origins.shares.toarray(), np.eye(len(taxonomy)))
    assert not origins.shift.any()
    assert origins.levels == tuple(range(taxonomy.depth))
    assert origins.counts.tolist() == list(range(len(taxonomy)))
    assert origins.hints is None
    assert origins.texts == ()


def test_hints_tell_parts_and_added_labels_apart() -> None:
    old = Taxonomy.from_edges([("v", "ROOT"), ("c", "v")], {"v": "Vehicles", "c": "Cars and bikes"})
    names = {"v": "Vehicles", "c1": "Cars", "c2": "Bikes", "t": "Trams"}
    new = Taxonomy.from_edges([("v", "ROOT"), *((code, "v") for code in ("c1", "c2", "t"))], names)
    origins = origins_of(old, new, [("c", "c1"), ("c", "c2"), ("", "t")], [9, 4])
    assert origins.hints is not None
    told = {
        new.codes[row]: {origins.texts[c]: value for c, value in enumerate(line) if value}
        for row, line in enumerate(origins.hints.toarray().tolist())
    }
    assert told == {
        "v": {},
        "c1": {"Cars": 0.5, "Bikes": -0.5},
        "c2": {"Cars": -0.5, "Bikes": 0.5},
        "t": {"Trams": 1.0},
    }
    assert origins.texts[:3] == ("Cars", "Bikes", "Trams")


def test_labels_that_are_codes_alone_give_no_hint() -> None:
    old, new = (Taxonomy.from_edges([("v", "ROOT"), (code, "v")]) for code in ("c", "t"))
    assert origins_of(old, new, [("c", ""), ("", "t")], [9, 4]).hints is None


def test_descriptions_stand_behind_names() -> None:
    old = Taxonomy.from_edges([("v", "ROOT")])
    new = Taxonomy.from_edges(
        [("v", "ROOT"), ("t", "v")], {"t": "Trams"}, {"t": "Run on rails in streets."}
    )
    assert origins_of(old, new, [], [9]).texts[0] == "Trams. Run on rails in streets."


def test_a_mean_of_one_row_is_that_row_to_the_bit() -> None:
    origins = origins_of(
        Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT")]),
        Taxonomy.from_edges([("b", "ROOT"), ("a", "ROOT")]),
        [],
        [3, 5],
    )
    for kind in (np.float16, np.float32):
        rows = np.random.default_rng(0).normal(size=(2, 7)).astype(kind)
        found = origins.rows(rows)
        assert found.dtype == kind
        np.testing.assert_array_equal(found, rows[::-1])
        np.testing.assert_array_equal(origins.bias(rows[:, 0]), rows[::-1, 0])


def test_parts_that_do_not_fit_are_refused() -> None:
    taxonomy = Taxonomy.from_edges([("a", "ROOT")])
    origins = origins_of(taxonomy, taxonomy, [], [3])
    with pytest.raises(ValueError, match=r"^Expected an old level for each new one, got \(1,\)\.$"):
        dataclasses.replace(origins, levels=(1,))
    with pytest.raises(ValueError, match=r"^Expected shares of shape \(1, 1\), got \(1, 1\)\.$"):
        dataclasses.replace(origins, shift=np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"^Expected hints of 0 texts, got \(1, 1\)\.$"):
        dataclasses.replace(origins, hints=origins.shares)
    assert mixed(origins.shares, np.ones((1, 2, 3), np.float32)).shape == (1, 2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["uat.rdf", "unesco.ttl"])
def test_an_edited_vocabulary_keeps_what_lives_on(name: str) -> None:
    """5% each renamed, moved, merged, split, retired and added; found without a mapping."""
    path = SKOS / name
    if not path.is_file():
        pytest.skip(f"no skos/{name} under HARNN_DATA (default ../shared/data)")
    old = Taxonomy.from_file(path)
    edited, done = edit(old, 0.05)
    new = edited.taxonomy()
    mapper = LabelMapper(diff_taxonomies(old, new))
    origins = label_origins(mapper, np.full(len(old), 7))
    rows = {code: origins.shares[[new.index[code]]] for code in new.codes}
    for code in [*done["renamed"], *done["moved"]]:
        assert rows[code].indices.tolist() == [old.index[code]]
    for code in done["merged"]:
        into = next(n for o, n in edited.truth if o == code)
        assert old.index[code] in rows[into].indices.tolist()
    for code in done["split"]:
        for part in (f"{code}.1", f"{code}.2"):
            assert rows[part].indices.tolist() == [old.index[code]]
            assert origins.shift[new.index[part]] == pytest.approx(-math.log(2))
    retired = [old.index[code] for code in done["retired"]]
    assert not origins.shares[:, retired].nnz
    for code in done["added"]:
        parents = new.parents(new.index[code]).tolist()
        above = sum(rows[new.codes[parent]].toarray() for parent in parents) / len(parents)
        np.testing.assert_allclose(rows[code].toarray(), above, atol=1e-6)
