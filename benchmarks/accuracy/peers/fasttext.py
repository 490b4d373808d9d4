"""fastText: one-vs-all classification on words and pairs of words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy.features import cut_words
from accuracy.peers.base import Peer, ScoreTexts, Training, load_pickle, save_pickle
from accuracy.reading import is_chinese

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LABEL = "__label__"


class FastText(Peer):
    """``train_supervised`` with the loss ``ova``, for documents with several labels."""

    probabilities = True
    natural = 0.5

    def __init__(self, *, subwords: bool = False, **settings: Any) -> None:
        self.subwords = subwords
        self.settings = settings

    def train(self, data: Training, folder: Path) -> None:
        import fasttext

        chinese = is_chinese(data.texts)
        source = folder / "train.txt"
        with source.open("w", encoding="utf-8") as file:
            for row, line in enumerate(_line(text, chinese) for text in data.texts):
                begin, end = data.targets.indptr[row : row + 2]
                labels = " ".join(f"{_LABEL}{c}" for c in data.targets.indices[begin:end])
                file.write(f"{labels} {line}\n")
        shortest, longest = (1, 3) if chinese else (3, 5)
        parts = {"minn": shortest, "maxn": longest} if self.subwords else {}
        model = fasttext.train_supervised(
            str(source),
            loss="ova",
            thread=data.threads,
            seed=data.seed,
            verbose=0,
            **self.settings,
            **parts,
        )
        source.unlink()
        model.save_model(str(folder / "model.bin"))
        save_pickle(folder / "labels.pickle", (chinese, data.targets.shape[1]))

    def load(self, folder: Path, *, threads: int) -> ScoreTexts:  # noqa: ARG002
        import fasttext

        model = fasttext.load_model(str(folder / "model.bin"))
        chinese, labels = load_pickle(folder / "labels.pickle")

        def score_texts(texts: Sequence[str]) -> NDArray[np.float32]:
            values = np.zeros((len(texts), labels), dtype=np.float32)
            found = model.predict([_line(text, chinese) for text in texts], k=-1, threshold=-1.0)
            for row, (names, probabilities) in enumerate(zip(*found, strict=True)):
                columns = [int(name.removeprefix(_LABEL)) for name in names]
                values[row, columns] = probabilities
            return values

        return score_texts


def _line(text: str, chinese: bool) -> str:
    """Return the tokens of *text*, lower case, with blanks between them."""
    return " ".join(cut_words(text) if chinese else _TOKEN.findall(text.lower()))
