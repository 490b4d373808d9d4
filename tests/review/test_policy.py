"""What is accepted unattended: the policy in force, what it files, and what its audit does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from harnn.errors import ConfigError, ConflictError
from harnn.review import Database, EnqueueOptions, ModelState, Policies, Prepared, Review, Terms
from support.acceptances import made_acceptance
from support.reviews import MODEL, TAXONOMY, prepared

SURE = {"garden": 0.99, "fruit": 0.98, "apples": 0.97}
"""Right on all levels, as far as the curves know."""
HALF = {"garden": 0.99, "fruit": 0.98, "apples": 0.01}
"""Of which the deepest level is not sure."""
ALL = Terms(targets={1: 0.9, 2: 0.9, 3: 0.9}, audit_share=1)


@pytest.fixture
def database(made: str) -> Iterator[Database]:
    found = Database.open(made)
    yield found
    found.close()


@pytest.fixture
def review(database: Database) -> Review:
    return Review(database, TAXONOMY, MODEL.name)


@pytest.fixture
def policies(database: Database) -> Policies:
    return Policies(database, TAXONOMY, MODEL, made_acceptance(TAXONOMY, MODEL.hash, 2_400))


def some(count: int, shown: dict[str, float] = SURE, first: int = 0) -> list[Prepared]:
    return [prepared(str(n), f"An apple, number {n}.", shown) for n in range(first, first + count)]


def audit(review: Review, documents: list[Prepared], wrong: int = 0) -> None:
    """Let kim read documents that are drawn, and find the first ones wrong on the deepest level."""
    added = review.add(documents, options=EnqueueOptions(audit=True, second_share=0)).added
    for place, number in enumerate(added):
        label = "pears" if place < wrong else "apples"
        view = review.decide(number, "kim", "annotate", 0, "add", label)
        review.submit(number, "kim", "annotate", view.version)


def test_nothing_is_accepted_without_a_policy(review: Review, policies: Policies) -> None:
    assert policies.in_force() is None
    (found,) = policies.file(some(1))
    assert (found.level, found.waits, found.is_new) == (0, True, False)
    assert review.log() == []
    assert [each.state for each in policies.applied(None).levels] == ["no target"] * 3


def test_a_policy_stands_in_the_log(review: Review, policies: Policies) -> None:
    now = policies.put(ALL, person="ada", version=0)
    (entry,) = review.log()
    assert (entry.action, entry.person, entry.part, entry.item) == ("policy", "ada", "system", None)
    assert (entry.model_hash, entry.text) == (
        MODEL.hash,
        now.to_json().replace(
            '"since": {"1": 1, "2": 1, "3": 1}', '"since": {"1": 0, "2": 0, "3": 0}'
        ),
    )
    assert policies.in_force() == now
    assert (now.number, now.person, now.terms.targets) == (1, "ada", {1: 0.9, 2: 0.9, 3: 0.9})
    assert review.verify() == []


def test_who_has_not_seen_the_policy_in_force_changes_nothing(policies: Policies) -> None:
    policies.put(ALL, person="ada", version=0)
    with pytest.raises(ConflictError, match=r"^ada put another policy in force at ") as caught:
        policies.put(Terms(), person="bob", version=0)
    assert (caught.value.person, caught.value.item) == ("ada", 0)
    found = policies.in_force()
    assert found is not None
    assert found.terms == ALL


def test_terms_are_checked(policies: Policies) -> None:
    with pytest.raises(ConfigError) as caught:
        policies.put(Terms(audit_share=0, blind_share=2), person="ada", version=0)
    assert [str(each) for each in caught.value.problems] == [
        "audit_share: got 0, expected 0.01 to 1.",
        "blind_share: got 2, expected 0 to 1.",
    ]
    with pytest.raises(ConfigError, match="there is no level 4"):
        policies.put(Terms(targets={4: 0.9}), person="ada", version=0)
    assert policies.in_force() is None


def test_documents_are_filed_to_the_deepest_level_that_keeps_its_promise(
    review: Review, policies: Policies
) -> None:
    terms = Terms(targets={1: 0.98, 2: 0.9, 3: 0.9}, audit_share=0.01)
    policies.put(terms, person="ada", version=0)
    unsure = prepared("u", "Neither.", {"garden": 0.3})
    whole, part, none = policies.file(
        [*some(1), prepared("h", "Half.", HALF), unsure], person="bob"
    )
    assert (whole.level, whole.waits, whole.is_new) == (3, False, True)
    assert (part.level, part.waits, part.is_new) == (2, True, True)
    assert (none.level, none.waits, none.is_new) == (0, True, False)
    entries = review.log(after=1)
    assert [(each.action, each.person, each.after) for each in entries] == [
        ("file", "bob", ("apples",)),
        ("file", "bob", ("fruit",)),
    ]
    assert dict(entries[1].seen) == {"garden": 0.99, "fruit": 0.98}
    assert review.verify() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("UPDATE review_filed SET labels = '{}'", "document filed by entry 2"),
        ("DELETE FROM review_filed", "document filed by entry 2"),
        ("UPDATE review_filed SET entry = 7", "document filed by entry 7"),
        ("UPDATE review_policy SET terms = '{}'", "policy 1"),
        ("UPDATE review_policy SET number = 3", "policy 1"),
    ],
)
def test_what_the_log_does_not_say_shows(
    database: Database, review: Review, policies: Policies, changed: str, said: str
) -> None:
    policies.put(Terms(targets={1: 0.9}), person="ada", version=0)
    policies.file(some(1))
    assert review.verify() == []
    with database.writing() as connection:
        if "number" in changed:
            connection.execute(sa.text("DELETE FROM review_filed"))
        connection.execute(sa.text(changed))
    assert said in [each.where for each in review.verify()]


def test_a_document_is_filed_once(review: Review, policies: Policies) -> None:
    policies.put(ALL, person="ada", version=0)
    first = policies.file(some(2))
    again = policies.file(some(2))
    assert [(each.level, each.drawn) for each in again] == [(x.level, x.drawn) for x in first]
    assert [each.is_new for each in again] == [False, False]
    assert len(review.log()) == 3


def test_what_people_have_already_is_not_filed(review: Review, policies: Policies) -> None:
    review.add(some(1))
    policies.put(ALL, person="ada", version=0)
    (found,) = policies.file(some(1))
    assert (found.level, found.is_new) == (0, False)


def test_the_audit_is_drawn_by_a_secret_and_not_by_people(policies: Policies) -> None:
    policies.put(Terms(targets={1: 0.9}, audit_share=0.2), person="ada", version=0)
    drawn = [each.drawn for each in policies.file(some(200))]
    assert 20 <= sum(drawn) <= 60
    assert drawn == [each.drawn for each in policies.file(some(200))]


def test_audits_are_counted_by_level(review: Review, policies: Policies) -> None:
    policies.put(ALL, person="ada", version=0)
    documents = some(4)
    assert all(each.drawn for each in policies.file(documents))
    audit(review, documents[:3], wrong=1)
    (aside,) = review.add(documents[3:], options=EnqueueOptions(audit=True)).added
    assert [each.verdict(3) for each in policies.audited()] == [
        "waiting",
        "right",
        "right",
        "wrong",
    ]
    review.set_aside(aside, "kim", "annotate", 0)
    now, levels = policies.audit()
    assert now is not None
    assert [(x.count.right, x.count.wrong, x.count.not_sure) for x in levels] == [
        (3, 0, 1),
        (3, 0, 1),
        (2, 1, 1),
    ]
    assert [(x.accepted, x.drawn, x.waiting) for x in levels] == [(4, 4, 0)] * 3
    ((_, so_far),) = levels[2].course
    assert (so_far.right, so_far.wrong) == (2, 1)
    assert levels[0].accepted_a_week == 28


def test_a_level_that_does_not_keep_its_target_is_paused(
    review: Review, policies: Policies
) -> None:
    policies.put(ALL, person="ada", version=0)
    documents = some(60)
    policies.file(documents)
    audit(review, documents, wrong=15)
    now = policies.check_audits()
    assert now is not None
    assert (now.paused, now.person) == (frozenset({3}), "")
    assert policies.check_audits() == now
    newest = review.log(after=now.number - 1)[0]
    assert (newest.action, newest.person) == ("policy", "")
    (found,) = policies.file(some(1, first=100))
    assert (found.level, found.waits) == (2, True)
    states = [each.state for each in policies.applied(now).levels]
    assert states == ["open", "open", "paused"]
    with pytest.raises(ConflictError, match=r"^A level was paused by its audit at "):
        policies.put(ALL, person="ada", version=1)
    again = policies.put(ALL, person="ada", version=now.number)
    assert again.paused == {3}  # not opened again by a change of something else


def test_a_level_that_is_opened_again_begins_its_audit_anew(
    review: Review, policies: Policies
) -> None:
    policies.put(ALL, person="ada", version=0)
    documents = some(60)
    policies.file(documents)
    audit(review, documents, wrong=15)
    paused = policies.check_audits()
    assert paused is not None
    now = policies.put(ALL, person="ada", version=paused.number, resume=frozenset({3}))
    assert (now.paused, now.since) == (frozenset(), {1: 1, 2: 1, 3: now.number})
    assert policies.check_audits() == now
    _, levels = policies.audit()
    assert [each.drawn for each in levels] == [60, 60, 0]


def test_pausing_can_be_left_to_people(review: Review, policies: Policies) -> None:
    policies.put(Terms(targets={3: 0.9}, audit_share=1, pause=False), person="ada", version=0)
    documents = some(60)
    policies.file(documents)
    audit(review, documents, wrong=30)
    now = policies.check_audits()
    assert now is not None
    assert now.paused == frozenset()


def test_audits_count_for_as_long_as_the_cut_is_the_same(
    review: Review, policies: Policies
) -> None:
    policies.put(ALL, person="ada", version=0)
    documents = some(3)
    policies.file(documents)
    audit(review, documents)
    other = Terms(targets={1: 0.9, 2: 0.9, 3: 0.95}, audit_share=0.5)
    now = policies.put(other, person="ada", version=1)
    assert now.since == {1: 1, 2: 1, 3: now.number}
    _, levels = policies.audit()
    assert [each.count.right for each in levels] == [3, 3, 0]
    stricter = Terms(targets={1: 0.98, 2: 0.9, 3: 0.95}, audit_share=0.5)
    then = policies.put(stricter, person="ada", version=now.number)
    assert {*then.since.values()} == {then.number}  # others are accepted below it as well


def test_a_policy_holds_for_one_model_and_its_curves(
    database: Database, policies: Policies
) -> None:
    policies.put(ALL, person="ada", version=0)
    other = ModelState(MODEL.name, "c" * 64, MODEL.taxonomy_hash)
    newer = Policies(database, TAXONOMY, other, made_acceptance(TAXONOMY, other.hash))
    assert newer.in_force() is None
    redrawn = Policies(database, TAXONOMY, MODEL, made_acceptance(TAXONOMY, MODEL.hash, 300))
    assert redrawn.in_force() is None
    with pytest.raises(ConfigError, match="the acceptance is of the model"):
        Policies(database, TAXONOMY, other, made_acceptance(TAXONOMY, MODEL.hash, 2_400))
