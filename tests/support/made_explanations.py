"""Explanations made by hand, and a reader of the page they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

from harnn.answers import PredictedLabel
from harnn.explain import Explanation, LabelExplanation, WordWeight

_VOID = {"meta", "input"}


def label(
    code: str,
    text: str,
    words: Iterable[tuple[int, int, float]],
    *,
    path: Sequence[str] = (),
    score: float = 0.5,
    name: str | None = None,
) -> LabelExplanation:
    path = (*path, code)
    predicted = PredictedLabel(code, name or code, score, len(path), path)
    return LabelExplanation(
        predicted, tuple(WordWeight(start, end, text[start:end], w) for start, end, w in words)
    )


def explanation(text: str, *labels: LabelExplanation, id: str = "doc") -> Explanation:
    return Explanation(id, text, labels)


class PageReader(HTMLParser):
    """Takes a page apart; complains of tags that do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str]]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        """Content of the elements of class text."""
        self.shaded: list[tuple[str, str]] = []
        """Words of the texts with their shades."""
        self.by_class: dict[str, list[str]] = {}
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, {key: value or "" for key, value in attrs})
        self.elements.append(element)
        if tag in _VOID:
            return
        self.open.append(element)
        for kind in element[1].get("class", "").split():
            self.by_class.setdefault(kind, []).append("")
        if element[1].get("class") == "text":
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.open.pop()
        assert opened == tag

    def handle_data(self, data: str) -> None:
        kinds = [kind for _, attrs in self.open for kind in attrs.get("class", "").split()]
        for kind in set(kinds):
            self.by_class[kind][-1] += data
        if "text" in kinds:
            self.texts[-1] += data
            if self.open[-1][0] == "span":
                self.shaded.append((data, self.open[-1][1]["style"]))
