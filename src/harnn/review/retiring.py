"""A new taxonomy: documents with a label that it does not have are queued again, no others."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from harnn._display import json_text, whole_signs
from harnn.review.chain import Note, append
from harnn.review.tables import ITEM, LABEL, READING, WORD
from harnn.review.turn import Taxonomies, Turn, pack
from harnn.review.values import Retired
from harnn.taxonomy import Taxonomy

_HINT = 200


def retire(
    connection: sa.Connection, taxonomies: Taxonomies, model: str, new: Taxonomy, person: str
) -> Retired:
    """Let all that is to be read from now on be read under a new taxonomy; the head is locked."""
    taxonomies.keep(connection, new)
    query = sa.select(ITEM.c.number, ITEM.c.state, ITEM.c.labels, ITEM.c.model_hash).where(
        ITEM.c.model == model, ITEM.c.taxonomy_hash != new.version
    )
    gone: set[str] = set()
    queued: list[int] = []
    rows = connection.execute(query.order_by(ITEM.c.number)).all()
    for number, state, labels, _ in rows:
        if state == "done" and new.index.keys() >= set(json.loads(labels)):
            continue  # what was settled holds
        turn = Turn(connection, taxonomies, model, number, person, "review")
        retired = _in_use(turn) - new.index.keys()
        if retired:
            gone |= retired
            queued.append(number)
            _begin_again(turn, new, sorted(retired))
        else:
            _move(turn, taxonomies, new)
    if rows:
        what = f"{len(gone)} labels retired, {len(queued)} documents queued again"
        append(
            connection,
            Note(person, "system", None, "retire", rows[-1][3], new.version, text=what),
        )
    return Retired(tuple(sorted(gone)), tuple(queued))


def _in_use(turn: Turn) -> set[str]:
    """Return the labels that a document cannot do without: settled ones, or all it is about."""
    if turn.item["state"] == "done":
        return set(json.loads(turn.item["labels"]))
    found = {*json.loads(turn.item["shown"]), *json.loads(turn.item["kept"])}
    for row in turn.readings.values():
        said = json.loads(row["said"])
        found |= {*json.loads(row["shown"]), *said["verdicts"], *said["brought"], *said["deepest"]}
    return found


def _move(turn: Turn, taxonomies: Taxonomies, new: Taxonomy) -> None:
    """Go on with the same decisions under the new taxonomy, which has all their labels."""
    turn.change(taxonomy_hash=new.version)
    for person in turn.readings:
        own = Turn(turn.connection, taxonomies, turn.item["model"], turn.number, person, "review")
        reading = own.refold()
        changed = {
            "said": json_text(pack(reading)),
            "labels": json_text(list(reading.most_specific)),
        }
        key = (READING.c.item == turn.number, READING.c.person == person)
        turn.connection.execute(sa.update(READING).where(*key).values(**changed))


def _begin_again(turn: Turn, new: Taxonomy, retired: list[str]) -> None:
    """Queue a document again; what was settled and is left is kept as right."""
    item, old = turn.item, turn.taxonomy
    kept: tuple[str, ...] = ()
    shown: dict[str, float] = json.loads(item["shown"])
    if item["state"] == "done":
        settled = json.loads(item["labels"])
        kept = tuple(dict.fromkeys(each for each in map(_now(new), settled) if each))
        columns = new.close_upward(new.columns(kept)).tolist()
        right = {new.codes[column] for column in columns}
        shown = {label: score for label, score in shown.items() if label in right}
    shown = {label: score for label, score in shown.items() if label in new.index}
    names = ", ".join(old.names[old.index[label]] for label in retired)
    turn.change(taxonomy_hash=new.version)
    turn.note("retire", text=", ".join(retired), seen=shown, before=(), after=kept)
    turn.connection.execute(sa.delete(READING).where(READING.c.item == turn.number))
    turn.change(
        shown=json_text(shown),
        kept=json_text(list(kept)),
        evidence=json_text(_evidence(item, shown, new)),
        hint=whole_signs(f"Retired: {names}", _HINT),
        blind=item["audit"] or (item["blind"] and item["state"] != "done"),
        state="open",
        labels=None,
        as_model=None,
        settled=None,
        holder="",
    )
    for table in (LABEL, WORD):
        lost = (table.c.item == turn.number, table.c.label.not_in(sorted(shown)))
        turn.connection.execute(sa.delete(table).where(*lost))
    query = sa.update(LABEL).where(LABEL.c.item == turn.number)
    turn.connection.execute(query.values(right=None))


def _now(new: Taxonomy) -> Any:
    """Return what gives the label that stands for one now, or None."""

    def find(label: str) -> str | None:
        return label if label in new.index else new.replaced.get(label)

    return find


def _evidence(item: Any, shown: dict[str, float], new: Taxonomy) -> list[dict[str, Any]]:
    found = [each for each in json.loads(item["evidence"]) if each["label"] in shown]
    for each in found:
        each["runners_up"] = [near for near in each["runners_up"] if near["label"] in new.index]
        each["through"] = each["through"] if each["through"] in new.index else ""
    return found
