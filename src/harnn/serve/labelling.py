"""Answers as results of a labelling configuration of Label Studio, and annotations as labels.

Two tags ask for labels: ``Taxonomy``, whose results are paths of what its choices store (alias, or
else value), and ``Choices``. A choice means the label of that code, name or path, see
:class:`harnn.data.label_lookup.LabelLookup`. Source: https://labelstud.io/tags/taxonomy,
https://labelstud.io/tags/choices and https://labelstud.io/guide/export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Any

from harnn._display import counted
from harnn._tables import shown
from harnn.answers import Prediction
from harnn.data.label_lookup import LabelLookup
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.labelling_configs import Choice, Tag, read_tags
from harnn.taxonomy.paths import ARROW

_NAMED = 3
_MOST_DIGITS = 9
_KEPT = 8
"""Configurations that are remembered: each request brings its own along."""
_SEVERAL = "multiple"
_REGIONS = ("perRegion", "perItem")

Path = tuple[str, ...]
"""What is stored of a choice and of those above it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A choice that means a label."""

    path: Path
    columns: tuple[int, ...]
    """Of the labels above it that choices mean, and its own, from the top down."""


@dataclass(frozen=True, slots=True)
class Question:
    """A tag that asks for labels."""

    tag: str
    """``Taxonomy`` or ``Choices``."""
    name: str
    about: str
    """The name of the tag that shows the text."""
    places: Mapping[int, tuple[Place, ...]]
    """By the columns of labels: several where a label stands under several others."""
    known: Mapping[Path, int]
    """The column that a choice means."""
    most: int | None
    """Labels that may be chosen."""

    def choose(self, scores: Mapping[int, float], taxonomy: Taxonomy) -> list[int]:
        """Return the columns of predicted labels that are chosen here.

        Of labels above each other the lowest is meant with the others; only where all choices
        stand side by side they are all chosen.
        """
        found = [column for column in scores if column in self.places]
        if self.tag == "Taxonomy" or self.most == 1:
            found = taxonomy.most_specific(found).tolist()
        if self.most is not None and len(found) > self.most:
            found = sorted(sorted(found, key=lambda column: -scores[column])[: self.most])
        return found

    def result(self, columns: Sequence[int], scores: Mapping[int, float]) -> dict[str, Any]:
        """Return the result that chooses labels."""
        kind = self.tag.casefold()
        paths = [_best(self.places[column], scores).path for column in columns]
        value = [list(path) for path in paths] if kind == "taxonomy" else [p[-1] for p in paths]
        return {
            "from_name": self.name,
            "to_name": self.about,
            "type": kind,
            "value": {kind: value},
        }


@dataclass(frozen=True, slots=True)
class Labelling:
    """How the labels of a taxonomy stand in a labelling configuration."""

    taxonomy: Taxonomy
    questions: tuple[Question, ...]
    field: str
    """The member of a task's data that holds the text."""
    unknown: tuple[str, ...]
    """Choices of the questions that mean no label, or several."""

    @property
    def label_count(self) -> int:
        """How many labels can be chosen."""
        return len({column for question in self.questions for column in question.places})

    def results(self, prediction: Prediction) -> dict[str, Any]:
        """Return an answer as a prediction of Label Studio: ``result``, and ``score``, the mean of
        the scores of the labels chosen, 0 without any.
        """
        index = self.taxonomy.index
        scores = {index[each.label]: each.score for each in prediction.labels}
        chosen = [(each, each.choose(scores, self.taxonomy)) for each in self.questions]
        own = [scores[column] for _, columns in chosen for column in columns]
        return {
            "result": [each.result(columns, scores) for each, columns in chosen if columns],
            "score": round(fmean(own), 6) if own else 0.0,
        }

    def labels(self, results: Sequence[Any]) -> tuple[str, ...]:
        """Return the codes of the labels that an annotation chooses.

        Raises:
            DocumentError: it chooses what means no label, or is none.
        """
        questions = {question.name: question for question in self.questions}
        problems: list[Problem] = []
        codes: dict[str, None] = {}
        for result in results:
            name = result.get("from_name") if isinstance(result, dict) else None
            question = questions.get(name) if isinstance(name, str) else None
            if question is None:
                continue  # an answer to something else
            for path in _paths(result, question):
                column = question.known.get(path)
                if column is None:
                    what = f"means no label of the model: {shown(ARROW.join(path))}."
                    problems.append(Problem(f"choice of {shown(question.name)}", what))
                else:
                    codes[self.taxonomy.codes[column]] = None
        if problems:
            raise DocumentError(problems)
        return tuple(codes)


@lru_cache(maxsize=_KEPT)
def read_labelling(text: str, taxonomy: Taxonomy) -> Labelling:
    """Find the labels of a taxonomy in a labelling configuration.

    Raises:
        TaxonomyError: it is no XML, or declares or nests too much.
        ConfigError: no question in it can be answered; why, for each.
    """
    tags = read_tags(text, "labelling configuration")
    named = {tag.attributes["name"]: tag for tag in tags if "name" in tag.attributes}
    lookup = LabelLookup(taxonomy)
    problems, found, unknown = [], [], []
    for tag in tags:
        if tag.kind not in ("Taxonomy", "Choices"):
            continue
        where = f"{tag.kind} {shown(tag.attributes.get('name', ''))}"
        known: dict[Path, int] = {}
        for choice in tag.choices:
            column = _column(choice, known.get(choice.path[:-1]), lookup)
            if column is not None:
                known[choice.path] = column
        what = _unfit(tag, named) or ("" if known else _unmeant(tag, taxonomy))
        if what:
            problems.append(Problem(where, what))
            continue
        found.append((_question(tag, known), _field(tag, named)))
        unknown += [ARROW.join(each.path) for each in tag.choices if each.path not in known]
    fields = {field for _, field in found}
    if len(fields) > 1:
        what = f"asks about several texts: {', '.join(sorted(fields))}."
        raise ConfigError(Problem("labelling configuration", what, "Ask about one."))
    if not found:
        what = "has no tag Taxonomy or Choices that asks for labels."
        raise ConfigError(problems or Problem("labelling configuration", what))
    questions = tuple(question for question, _ in found)
    return Labelling(taxonomy, questions, found[0][1], tuple(unknown))


def _column(choice: Choice, above: int | None, lookup: LabelLookup) -> int | None:
    """Return the label that a choice means, if it is one: by what is stored before what is shown,
    and by the whole path before the end of it.

    above: the label that the choice around it means.
    """
    column = lookup.taxonomy.index.get(choice.stored)
    if above is not None and column is not None and above in lookup.taxonomy.parents(column):
        return column  # what the path leads to, found quickly
    for spelling in (
        ARROW.join(choice.path),
        ARROW.join(choice.shown_path),
        choice.stored,
        choice.shown,
    ):
        found = lookup.find(spelling).columns
        if len(found) == 1:
            return found[0]
    return None


def _unfit(tag: Tag, named: Mapping[str, Tag]) -> str:
    """Return why a tag cannot be answered, whatever its choices are."""
    given = tag.attributes
    about = named.get(given.get("toName", ""))
    if not given.get("name"):
        return "has no name."
    if any(given.get(each) == "true" for each in _REGIONS):
        return "asks about parts of a text; whole texts are answered."
    if about is None or about.kind != "Text":
        return "asks about no tag Text (toName); other kinds of data are not read."
    if about.attributes.get("valueType") == "url":
        return "asks about a text that stands elsewhere, which is not fetched (valueType)."
    if about.attributes.get("encoding", "none") != "none":
        return "asks about a text that is encoded, which is not read (encoding)."
    if not about.attributes.get("value", "").startswith("$"):
        return "asks about a tag Text whose value is no member of the data, such as $text."
    if tag.kind == "Choices" and any(len(choice.path) > 1 for choice in tag.choices):
        return "has choices inside choices; the tag Taxonomy is for those."
    return ""


def _unmeant(tag: Tag, taxonomy: Taxonomy) -> str:
    if not tag.choices:
        return "has no choices of its own; those that stand elsewhere are not fetched."
    some = ", ".join(shown(choice.stored) for choice in tag.choices[:_NAMED])
    return (
        f"none of its {counted(len(tag.choices), 'choice')} means one of the model's "
        f"{counted(len(taxonomy), 'label')}: {some}{' ...' * (len(tag.choices) > _NAMED)}"
    )


def _field(tag: Tag, named: Mapping[str, Tag]) -> str:
    return named[tag.attributes["toName"]].attributes["value"].removeprefix("$")


def _question(tag: Tag, known: Mapping[Path, int]) -> Question:
    """Return what a tag asks; known: what its choices mean."""
    given = tag.attributes
    above = {choice.path[:-1] for choice in tag.choices}
    usages = given.get("maxUsages", "")
    most = int(usages) if usages.isdecimal() and len(usages) <= _MOST_DIGITS else None
    if tag.kind == "Choices" and given.get("choice") != _SEVERAL:
        most = 1
    places: dict[int, list[Place]] = {}
    for path, column in known.items():
        if given.get("leafsOnly") != "true" or path not in above:
            ways = (known.get(path[:length]) for length in range(1, len(path) + 1))
            columns = tuple(each for each in ways if each is not None)
            places.setdefault(column, []).append(Place(path, columns))
    return Question(
        tag.kind,
        given["name"],
        given["toName"],
        {column: tuple(found) for column, found in places.items()},
        known,
        most or None,
    )


def _best(places: Sequence[Place], scores: Mapping[int, float]) -> Place:
    """Return the way to a label through the labels with the highest scores, from below."""

    def scored(place: Place) -> list[float]:
        return [scores.get(column, 0.0) for column in reversed(place.columns[:-1])]

    return max(places, key=scored)


def _paths(result: Mapping[str, Any], question: Question) -> Iterator[Path]:
    """Yield what is chosen.

    Raises:
        DocumentError: the result is none.
    """
    value, kind = result.get("value"), question.tag.casefold()
    chosen = value.get(kind) if isinstance(value, dict) else None
    for each in chosen if isinstance(chosen, list) else [None]:
        path = [each] if isinstance(each, str) else each
        if not isinstance(path, list) or not all(isinstance(part, str) for part in path):
            what = f"has {shown(chosen)}, expected what its choices store."
            raise DocumentError(Problem(f"result of {shown(question.name)}", what))
        yield tuple(" ".join(part.split()) for part in path)
