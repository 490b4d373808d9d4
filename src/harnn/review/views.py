"""A document in review as one person may see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from harnn.review.chain import newest_entries
from harnn.review.reading import Reading
from harnn.review.tables import DOCUMENT, ENTRY
from harnn.review.turn import Turn, utc
from harnn.review.values import ItemView, LabelView, PreparedLabel, ReadingView

_SHOWN_ENTRIES = 100


def view(turn: Turn) -> ItemView:
    """Return a document as this person may see it."""
    item, reading, hidden = turn.item, turn.reading, turn.hidden
    query = sa.select(DOCUMENT).where(DOCUMENT.c.number == item["document"])
    document = turn.connection.execute(query).mappings().one()
    conditions = [ENTRY.c.item == turn.number]
    if hidden:
        conditions += [ENTRY.c.person == turn.person, ENTRY.c.part != "system"]
    count = sa.select(sa.func.count()).select_from(ENTRY).where(*conditions)
    labels = item["labels"]
    return ItemView(
        item=turn.number,
        id=document["id"],
        text=json.loads(document["text"]),
        title=item["title"],
        part=turn.part,
        blind=item["blind"],
        audit=item["audit"],
        hidden=hidden,
        second=item["second"],
        state=item["state"],
        version=turn.version,
        holder=turn.holder,
        labels=tuple(_labels(turn, reading, hidden=hidden)),
        readings=tuple(_readings(turn, hidden=hidden)),
        undecided=reading.undecided,
        none_fits=reading.none_fits,
        nothing_deeper=tuple(c for c in reading.marks if c in reading.nothing_deeper),
        settled=None if labels is None or hidden else tuple(json.loads(labels)),
        entries=tuple(newest_entries(turn.connection, _SHOWN_ENTRIES, *conditions)),
        entry_count=turn.connection.execute(count).scalar_one(),
        notes=() if hidden else tuple(json.loads(item["notes"])),
        model=item["model"],
        model_hash=item["model_hash"],
        taxonomy_hash=item["taxonomy_hash"],
    )


def prepared_labels(item: Mapping[str, Any]) -> tuple[PreparedLabel, ...]:
    """Return what the model says of its labels; item: a row of the table."""
    return msgspec.convert(json.loads(item["evidence"]), tuple[PreparedLabel, ...])


def _labels(turn: Turn, reading: Reading, *, hidden: bool) -> Iterator[LabelView]:
    given = {} if hidden else {each.label: each for each in prepared_labels(turn.item)}
    shown: dict[str, float] = {} if hidden else json.loads(turn.item["shown"])
    taxonomy = turn.taxonomy
    index, codes = taxonomy.index, taxonomy.codes
    for label in sorted({*reading.marks, *shown}, key=index.__getitem__):
        column = index[label]
        found = given.get(label)
        yield LabelView(
            label=label,
            name=taxonomy.names[column],
            path=_path(turn, label, shown),
            level=int(taxonomy.levels[column]),
            parents=tuple(codes[each] for each in taxonomy.parents(column)),
            mark=reading.marks.get(label, ""),
            shown=label in shown,
            score=shown.get(label),
            threshold=found.threshold if found else None,
            words=found.words if found else (),
            runners_up=found.runners_up if found else (),
            through=found.through if found else "",
        )


def _path(turn: Turn, label: str, shown: Mapping[str, float]) -> tuple[str, ...]:
    """Return the codes from a root to a label, of several parents through that scored highest."""
    taxonomy, path = turn.taxonomy, [label]
    while parents := [taxonomy.codes[c] for c in taxonomy.parents(taxonomy.index[path[-1]])]:
        path.append(max(parents, key=lambda code: shown.get(code, 0.0)))
    return tuple(path[::-1])


def _readings(turn: Turn, *, hidden: bool) -> Iterator[ReadingView]:
    for person, row in sorted(turn.readings.items(), key=lambda pair: pair[1]["turn"]):
        own = person == turn.person
        if own or (row["submitted"] and not hidden):
            reading = turn.reading_of(row)
            if reading.undecided and not own:
                continue  # who settled it took the reading of another
            yield ReadingView(
                person,
                "annotate" if row["turn"] == 1 else "review",
                utc(row["submitted"]) if row["submitted"] else None,
                reading.marks,
                reading.labels,
            )
