"""The best labels of a document judged once more, by a callable or an endpoint."""

from __future__ import annotations

import json
import math
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.data import Document
from harnn.decode import Scores
from harnn.errors import ConfigError
from harnn.prediction import Candidate, RerankEndpoint, RerankError, Reranking
from harnn.prediction.rerank_endpoint import PROMPT
from support.endpoints import chat, endpoint
from support.topics import FAST, TAXONOMY, documents

TEXT = "purring whiskers kitten"
CANDIDATES = [
    Candidate("cat", "Cats", "felines", ("Animals", "Cats"), 0.6),
    Candidate("dog", "Dogs", "", ("Animals", "Dogs"), 0.3),
]
DOCUMENT = Document("1", {"text": TEXT}, None, "")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of four topics."""
    found = harnn.fit(TAXONOMY, documents(8), documents(4), FAST)
    return harnn.save_bundle(found, tmp_path_factory.mktemp("rerank") / "model")


@pytest.fixture(scope="module")
def predictor(model: Path) -> harnn.Predictor:
    return harnn.Predictor.load(model)


def scores_of(row: list[float]) -> Scores:
    return Scores(("1",), np.array([row], dtype=np.float32))


def test_the_score_is_the_mean_of_the_log_odds() -> None:
    own = [0.5] * len(TAXONOMY)
    own[TAXONOMY.index["cat"]] = 0.8
    asked = []

    def ask(document: Document, candidates: Any) -> dict[str, float]:
        asked.append((document, [x.label for x in candidates]))
        return {"cat": 0.2, "dog": 0.9}

    found, notes = Reranking(ask, top=2).apply([DOCUMENT], scores_of(own), TAXONOMY)
    assert asked == [(DOCUMENT, ["cat", "dog"])]
    assert notes == [()]
    assert found.values[0, TAXONOMY.index["cat"]] == pytest.approx(0.5)
    expected = 1 / (1 + math.exp(-0.5 * math.log(9)))
    assert found.values[0, TAXONOMY.index["dog"]] == pytest.approx(expected)
    others = [x for x in range(len(TAXONOMY)) if TAXONOMY.codes[x] not in ("cat", "dog")]
    assert (found.values[0, others] == np.float32(0.5)).all()


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_weight_says_who_counts(weight: float) -> None:
    own = [0.5] * len(TAXONOMY)
    reranking = Reranking(lambda *_: {"cat": 0.9}, weight=weight)
    found, _ = reranking.apply([DOCUMENT], scores_of(own), TAXONOMY)
    assert found.values[0, TAXONOMY.index["cat"]] == pytest.approx(0.9 if weight else 0.5)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "got NoneType, expected scores by label"),
        ({}, "the answer has no score from 0 to 1 of a label that was asked for"),
        ({"cow": 0.5}, "the answer has no score from 0 to 1 of a label that was asked for"),
        (
            {"cat": math.nan, "dog": 2, "oak": True, "rose": "1"},
            "the answer has no score from 0 to 1 of a label that was asked for",
        ),
    ],
)
def test_what_is_no_answer_leaves_the_scores(answer: Any, why: str) -> None:
    own = scores_of([0.5] * len(TAXONOMY))
    found, ((note,),) = Reranking(lambda *_: answer).apply([DOCUMENT], own, TAXONOMY)
    assert (found.values == own.values).all()
    said = f"The labels were not reranked: {why}."
    assert (note.code, note.sentence, note.values) == ("not_reranked", said, {"reason": why})


def test_who_fails_is_told_of_and_the_answer_stays(predictor: harnn.Predictor) -> None:
    def ask(*_: Any) -> dict[str, float]:
        raise RuntimeError("no power.")

    (plain,), (found,) = predictor.predict([TEXT]), predictor.predict([TEXT], rerank=ask)
    assert found.labels == plain.labels
    assert found.notes == (*plain.notes, "The labels were not reranked: no power.")
    assert found.note_codes == (*plain.note_codes, "not_reranked")


def test_answers_are_closed_after_reranking(predictor: harnn.Predictor) -> None:
    sure = Reranking(lambda *_: {"oak": 1.0, "cat": 0.0}, weight=1.0)
    (found,) = predictor.predict([TEXT], rerank=sure, threshold=0.9)
    by_label = {x.label: x.score for x in found.labels}
    assert set(by_label) >= {"plant", "oak"}
    assert "cat" not in by_label
    assert by_label["plant"] >= by_label["oak"] > 0.9


def test_numbers_out_of_range_are_refused() -> None:
    message = "Expected at least 1 label and a weight from 0 to 1, got top 0 and weight 0.5."
    with pytest.raises(ValueError, match=re.escape(message)):
        Reranking(lambda *_: {}, top=0)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "http://example.org/v1/rerank",
            "the endpoint for reranking: got 'http://example.org/v1/rerank': texts are sent by "
            "http to this machine alone. Give a URL that begins with https://.",
        ),
        (
            "https://example.org/v1",
            "the endpoint for reranking: got 'https://example.org/v1', expected a URL whose path "
            "ends in /chat/completions or /rerank.",
        ),
        (
            "ftp://example.org/rerank",
            "the endpoint for reranking: got 'ftp://example.org/rerank', expected a URL that "
            "begins with https://.",
        ),
        (
            "https://me:secret@example.org/rerank",
            "the endpoint for reranking: has a name or password in its URL, which would be shown. "
            "Give the key in HARNN_RERANK_KEY.",
        ),
        (
            "https://[::1/rerank",
            "the endpoint for reranking: got 'https://[::1/rerank', which is no URL.",
        ),
        (
            "https://example.org/a b/rerank",
            "the endpoint for reranking: got 'https://example.org/a b/rerank', which is no URL.",
        ),
    ],
)
def test_urls_that_texts_are_not_sent_to(url: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RerankEndpoint(url)
    assert str(caught.value) == message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_http_is_for_this_machine(host: str) -> None:
    RerankEndpoint(f"http://{host}:8000/v1/rerank")


def test_a_key_that_would_end_its_header_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        RerankEndpoint("https://example.org/rerank", key="a\r\nHost: b")
    assert "Host" not in str(caught.value)
    assert "secret" not in repr(RerankEndpoint("https://example.org/rerank", key="secret"))


def test_a_chat_completion_is_asked_by_numbers() -> None:
    def answer(_: dict[str, Any]) -> Any:
        said = '```json\n{"1": 0.25, "2": 1, "3": 0.5, "cat": 1}\n```'
        return 200, chat(said, prompt_tokens=120, completion_tokens=9), {}

    with endpoint(answer) as server:
        ask = RerankEndpoint(server.url, "judge-1", "secret")
        assert ask(DOCUMENT, CANDIDATES) == {"cat": 0.25, "dog": 1.0}
    (body,), (headers,) = server.asked, server.headers
    assert headers["Authorization"] == "Bearer secret"
    assert body["model"] == "judge-1"
    assert body["messages"][0] == {"role": "system", "content": PROMPT}
    asked = json.loads(body["messages"][1]["content"])
    labels = {"1": "Animals > Cats: felines", "2": "Animals > Dogs"}
    assert asked == {"labels": labels, "text": TEXT}
    cost = ask.cost
    found = (cost.documents, cost.calls, cost.failures, cost.tokens_in, cost.tokens_out)
    assert found == (1, 1, 0, 120, 9)
    assert re.fullmatch(
        r"Reranked 1 document: 1 call, 120 tokens in and 9 out as the endpoint reports them, "
        r"[\d.]+ s\.",
        cost.describe(),
    )


def test_of_a_long_text_the_beginning_is_sent_and_that_is_told() -> None:
    long = Document("long", {"text": "x" * 8_001})
    with endpoint(lambda _: (200, chat('{"1": 0.5}'), {})) as server:
        ask = RerankEndpoint(server.url)
        ask(long, CANDIDATES)
    (body,) = server.asked
    assert json.loads(body["messages"][1]["content"])["text"] == "x" * 8_000
    assert ask.cost.describe().startswith(
        "Reranked 1 document, 1 by their first 8,000 characters alone: 1 call, "
    )


def test_a_rerank_endpoint_is_asked_by_places() -> None:
    results = [
        {"index": 1, "relevance_score": 0.9},
        {"index": 0, "relevance_score": 7},
        {"index": 5, "relevance_score": 0.5},
        {"index": True, "relevance_score": 0.5},
        "what",
    ]

    def answer(_: dict[str, Any]) -> Any:
        return 200, {"results": results, "usage": {"total_tokens": 30}}, {}

    with endpoint(answer, "/v2/rerank") as server:
        ask = RerankEndpoint(server.url)
        assert ask(DOCUMENT, CANDIDATES) == {"dog": 0.9}
    (body,) = server.asked
    shown = ["Animals > Cats: felines", "Animals > Dogs"]
    assert body == {"query": TEXT, "documents": shown, "top_n": 2}
    assert ask.cost.tokens_in == 30
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no", "the answer is no JSON"),
        (b"[" * 100_000, "the answer is no JSON"),
        (b"[1]", "the answer is no JSON object"),
        (b"{}", "the answer is no chat completion"),
        (chat("I cannot."), "the answer is no JSON"),
        (chat('{"1": NaN}'), "the answer has no score from 0 to 1 of a label that was asked for"),
        ({"choices": [{"message": {"content": 5}}]}, "the answer is no chat completion"),
        (b" " * (1 << 20) + b"{}", "the answer is longer than 1,048,576 bytes"),
    ],
)
def test_answers_that_cannot_be_used(content: Any, why: str) -> None:
    with endpoint(lambda _: (200, content, {})) as server:
        ask = RerankEndpoint(server.url, repeats=0)
        with pytest.raises(RerankError) as caught:
            ask(DOCUMENT, CANDIDATES)
    assert str(caught.value).endswith(why)
    assert ask.cost.failures == 1


def test_what_fails_for_the_moment_is_repeated_after_a_pause() -> None:
    answers = iter(
        [(503, b"", {}), (429, b"", {"Retry-After": "7"}), (200, chat('{"1": 0.5}'), {})]
    )
    pauses: list[float] = []
    with endpoint(lambda _: next(answers)) as server:
        ask = RerankEndpoint(server.url, sleep=pauses.append)
        assert ask(DOCUMENT, CANDIDATES) == {"cat": 0.5}
    assert pauses == [0.5, 7.0]
    assert ask.cost.calls == 3


def test_no_pause_is_longer_than_ten_seconds() -> None:
    pauses: list[float] = []
    with endpoint(lambda _: (429, b"", {"Retry-After": "99999"})) as server:
        ask = RerankEndpoint(server.url, sleep=pauses.append)
        with pytest.raises(RerankError, match="answered with status 429"):
            ask(DOCUMENT, CANDIDATES)
    assert pauses == [10.0, 10.0]


def test_redirects_and_refusals_are_not_repeated() -> None:
    with endpoint(lambda _: (307, b"", {"Location": "http://127.0.0.1:1/rerank"})) as server:
        ask = RerankEndpoint(server.url)
        with pytest.raises(RerankError, match="answered with status 307"):
            ask(DOCUMENT, CANDIDATES)
    assert ask.cost.calls == 1


def test_after_three_documents_without_an_answer_nobody_is_asked() -> None:
    with endpoint(lambda _: (401, b"", {})) as server:
        ask = RerankEndpoint(server.url)
        for _ in range(3):
            with pytest.raises(RerankError, match="answered with status 401"):
                ask(DOCUMENT, CANDIDATES)
        with pytest.raises(RerankError) as caught:
            ask(DOCUMENT, CANDIDATES)
    assert str(caught.value) == "3 documents before had no answer, so it is not asked"
    assert len(server.asked) == 3


def test_who_takes_too_long_is_left() -> None:
    left = threading.Event()

    def answer(_: dict[str, Any]) -> Any:
        left.wait(60)
        return 200, chat('{"1": 0.5}'), {}

    with endpoint(answer) as server:
        ask = RerankEndpoint(server.url, timeout=0.1, repeats=0)
        with pytest.raises(RerankError, match=r"cannot be asked: (no answer in 0\.1 s|timed out)"):
            ask(DOCUMENT, CANDIDATES)
        left.set()
    assert ask.cost.seconds < 30


def test_nobody_there() -> None:
    with endpoint(lambda _: (200, b"{}", {})) as server:
        pass
    ask = RerankEndpoint(server.url, sleep=lambda _: None)
    with pytest.raises(RerankError, match="cannot be asked"):
        ask(DOCUMENT, CANDIDATES)
    assert ask.cost.calls == 3


def test_only_the_beginning_of_a_text_is_sent() -> None:
    with endpoint(lambda _: (200, chat('{"1": 0.5}'), {})) as server:
        RerankEndpoint(server.url)(Document("1", {"text": "é" * 9_000}, None, ""), CANDIDATES)
    asked = json.loads(server.asked[0]["messages"][1]["content"])
    assert asked["text"] == "é" * 8_000


def test_the_command_says_where_texts_go_and_what_it_has_cost(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNN_RERANK_KEY", "top-secret")
    said = chat('{"1": 0.99}', prompt_tokens=50, completion_tokens=4)
    given = ["predict", str(model), "--text", TEXT, "--rerank-top", "2", "--rerank"]
    with endpoint(lambda _: (200, said, {})) as server:
        assert run([*given, server.url]) == 0
    assert server.headers[0]["Authorization"] == "Bearer top-secret"
    host, shown = server.url.split("/")[2], capsys.readouterr()
    told = " ".join(shown.err.split())
    assert f"The text of each document is sent to {host}, to judge its labels." in told
    assert "Reranked 1 document: 1 call, 50 tokens in and 4 out" in told
    assert "top-secret" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--workers", "2"],
            "--rerank and --workers exclude each other: documents are sent one after another.",
        ),
        (
            ["--acceptance", "a.json"],
            "--rerank and --acceptance exclude each other: its promise is for the model's own "
            "scores.",
        ),
    ],
)
def test_options_that_exclude_each_other(
    model: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["predict", str(model), "--text", TEXT, "--rerank", "https://example.org/rerank"]
    assert run([*given, *more]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
