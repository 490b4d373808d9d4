"""Jobs wait, are answered together, and are refused where too many wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest

import harnn
from harnn.data import Document
from harnn.decode import Scores
from harnn.serve.lane import Answered, Job, Lane
from harnn.serve.problems import RequestError
from harnn.serve.settings import Limits


class Watching:
    """Remembers what a lane says."""

    def __init__(self) -> None:
        self.depths: list[int] = []
        self.batches: list[int] = []

    def waiting(self, documents: int) -> None:
        self.depths.append(documents)

    def answered(self, model: str, documents: int) -> None:
        self.batches.append(documents)


class Slow:
    """Answers once it is let to; fails where a text says so."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.started = threading.Event()

    def predict_with_scores(
        self, documents: list[Document], **_: object
    ) -> Iterator[tuple[Scores, list[str]]]:
        """Yield blocks of two documents at most."""
        self.started.set()
        assert self.free.wait(30)
        if any(document.full_text == "bad" for document in documents):
            raise ValueError("a bad one")
        for start in range(0, len(documents), 2):
            ids = [document.id for document in documents[start : start + 2]]
            yield Scores(tuple(ids), np.array([[score_of(each)] for each in ids], "f4")), ids


def score_of(name: str) -> float:
    return ord(name) / 128


def ids_of(found: Any) -> list[str]:
    """Return whose answers they are; the scores have to be theirs."""
    assert isinstance(found, Answered)
    ids = [str(each) for each in found.predictions]
    assert found.scores.tolist() == [[score_of(each)] for each in ids]
    return ids


def job(predictor: object, *ids: str, text: str = "text", **options: Any) -> Job:
    documents = [Document(each, {"text": text}, None) for each in ids]
    return Job("m", cast(harnn.Predictor, predictor), documents, cast(Any, options), 100)


async def started(slow: Slow) -> None:
    await asyncio.to_thread(slow.started.wait, 30)


def test_what_waits_is_answered_together() -> None:
    watch, slow = Watching(), Slow()
    lane = Lane(Limits(batch=4), watch)

    async def asking() -> list[Any]:
        first = asyncio.create_task(lane.ask(job(slow, "0")))
        await started(slow)
        rest = [asyncio.create_task(lane.ask(job(slow, str(n)))) for n in range(1, 7)]
        other = asyncio.create_task(lane.ask(job(slow, "x", top_k=2)))
        await asyncio.sleep(0)
        slow.free.set()
        return await asyncio.gather(first, *rest, other)

    found = asyncio.run(asking())
    lane.close()
    assert [ids_of(each) for each in found] == [[each] for each in "0123456x"]
    assert watch.batches == [1, 4, 2, 1]
    assert watch.depths[-1] == 0


def test_one_that_fails_spoils_no_other() -> None:
    slow = Slow()
    lane = Lane(Limits(), Watching())

    async def asking() -> list[Any]:
        first = asyncio.create_task(lane.ask(job(slow, "0")))
        await started(slow)
        rest = [
            asyncio.create_task(lane.ask(job(slow, str(n), text="bad" if n == 2 else "good")))
            for n in range(1, 4)
        ]
        await asyncio.sleep(0)
        slow.free.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    *_, second, third = asyncio.run(asking())
    lane.close()
    assert isinstance(second, ValueError)
    assert ids_of(third) == ["3"]


def test_too_much_is_refused_and_nothing_hangs() -> None:
    slow = Slow()
    lane = Lane(Limits(waiting=3), Watching())

    async def asking() -> list[Any]:
        first = asyncio.create_task(lane.ask(job(slow, "0")))
        await started(slow)
        rest = [asyncio.create_task(lane.ask(job(slow, str(n), str(n)))) for n in range(1, 4)]
        await asyncio.sleep(0)
        slow.free.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    first, second, *refused = asyncio.run(asking())
    lane.close()
    assert (ids_of(first), ids_of(second)) == (["0"], ["1", "1"])
    for error in refused:
        assert isinstance(error, RequestError)
        assert (error.status, error.headers, error.reason) == (
            503,
            {"Retry-After": "1"},
            "queue_full",
        )


def test_one_request_larger_than_the_queue_is_taken_when_nothing_waits() -> None:
    slow = Slow()
    slow.free.set()
    lane = Lane(Limits(waiting=1), Watching())
    assert ids_of(asyncio.run(lane.ask(job(slow, "a", "b")))) == ["a", "b"]
    lane.close()


def test_what_takes_too_long_is_given_up_and_not_computed() -> None:
    watch, slow = Watching(), Slow()
    lane = Lane(Limits(seconds=0.05), watch)

    async def asking() -> list[Any]:
        first = asyncio.create_task(lane.ask(job(slow, "0")))
        await started(slow)
        second = asyncio.create_task(lane.ask(job(slow, "1")))
        return [*await asyncio.gather(first, second, return_exceptions=True)]

    found = asyncio.run(asking())
    slow.free.set()
    lane.close()
    for error in found:
        assert isinstance(error, RequestError)
        assert (error.status, error.detail) == (504, "Not answered within 0.05 seconds.")
    assert watch.batches == [1]  # the second was never begun


def test_what_waits_when_it_closes_is_answered() -> None:
    slow = Slow()
    lane = Lane(Limits(), Watching())

    async def asking() -> list[Any]:
        tasks = [asyncio.create_task(lane.ask(job(slow, str(n)))) for n in range(3)]
        await started(slow)
        closing = asyncio.create_task(asyncio.to_thread(lane.close))
        await asyncio.sleep(0.05)
        with pytest.raises(RequestError):
            await lane.ask(job(slow, "late"))
        slow.free.set()
        found = await asyncio.gather(*tasks)
        await closing
        return found

    assert [ids_of(each) for each in asyncio.run(asking())] == [["0"], ["1"], ["2"]]
