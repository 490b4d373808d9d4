"""What stands beneath a label on the page: its words, branches, rivals and examples, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harnn.explain.words import measure_spread, top_words
from harnn.pages import counted, escape, language_attribute, percent

if TYPE_CHECKING:
    from harnn.explain.values import (
        BranchEffect,
        Example,
        LabelExplanation,
        NameScore,
        Rival,
        WordWeight,
    )

_TOP_WORDS = 10
_LEAST_SHARE = 0.005
"""Of all that speaks for a label, for a word to be named."""
_WORDS_AGAINST = 5
_RIVAL_WORDS = 3
_LEAST_AGAINST = 0.05
"""Log odds that a word takes, at least, to be shown as speaking against."""


def render_reasons(item: LabelExplanation, name_of: dict[str, str]) -> str:
    """Return all that spoke for a label; name_of: names of other labels of the document."""
    return "".join(_reasons(item, name_of))


def _reasons(item: LabelExplanation, name_of: dict[str, str]) -> Iterator[str]:
    if item.through:
        child = _named(name_of.get(item.through, item.through))
        what = f"Chosen only because {child} below it was, whose words these are."
        yield f'<p class="spread">{what}</p>\n'
    if item.by_name:
        which = "That label" if item.through else "It"
        what = f"{which} is scored by its name: no training document has it."
        made_of = "" if item.name_score is None else f" {_product(item.name_score)}"
        yield f'<p class="spread">{what}{made_of}</p>\n'
    spread = measure_spread(item.weights)
    if not spread.half:
        yield '<p class="spread">No word has any weight.</p>\n'
        return
    words = "".join(
        f"<li>{_named(top.word)}"
        f"{f' ×{top.occurrences:,}' if top.occurrences > 1 else ''}"
        f" <small>{escape(percent(top.weight))}</small></li>"
        for top in top_words(item.weights, _TOP_WORDS)
        if top.weight >= _LEAST_SHARE
    )
    even = " This is nearly even, so the shades say little." if spread.is_nearly_even else ""
    yield (
        f'<ol class="words">{words}</ol>\n<p class="spread">Half of the weight is on '
        f"{spread.half:,} of {counted(spread.words, 'word')}.{even}</p>\n"
    )
    if against := _against(item.weights, _WORDS_AGAINST):
        yield f'<p class="spread">Against it: {against}.</p>\n'
    if len(item.branches) > 1:
        yield f'<p class="spread">What each part adds: {_shares(item.branches)}.</p>\n'
    for rival in item.rivals:
        yield f'<p class="spread">{_rival(rival)}</p>\n'
    if item.examples:
        yield f'<ul class="examples">{"".join(map(_example, item.examples))}</ul>\n'


def _product(made: NameScore) -> str:
    """Say what a score by name is the product of."""
    names = counted(made.siblings, "other name")
    if made.parent is None:
        if not made.siblings:
            return "No other name stands beside it, so every text gets the same score."
        return f"Its score is the probability that its name gives it beside {names}."
    above = f"{_named(made.parent.name)} above it, {escape(percent(made.parent.score))}"
    score = f"Its score is that of {above}, times {escape(percent(made.likely))}"
    if not made.siblings:
        return f"{score}: no other name stands beside it, so its own decides nothing."
    return f"{score}, the probability that its name gives it beside {names}."


def _against(weights: Iterable[WordWeight], count: int) -> str:
    """Name the words that speak most against a label."""
    some = sorted((w for w in weights if w.effect <= -_LEAST_AGAINST), key=lambda w: w.effect)
    return _first(some, count)


def _first(words: list[WordWeight], count: int) -> str:
    """Name the first different words."""
    return ", ".join(map(_named, list(dict.fromkeys(word.word for word in words))[:count]))


def _shares(branches: Iterable[BranchEffect]) -> str:
    return ", ".join(
        f"{escape(each.title or each.branch)} {_signed(each.effect)}" for each in branches
    )


def _signed(effect: float) -> str:
    return f"{effect:+.1f}".replace("-", "\N{MINUS SIGN}")


def _rival(rival: Rival) -> str:
    speaking = sorted((w for w in rival.weights if w.effect > 0), key=lambda w: -w.effect)
    reasons = {
        "for it": _first(speaking, _RIVAL_WORDS),
        "against": _against(rival.weights, _RIVAL_WORDS),
    }
    told = "; ".join(f"{side} {words}" for side, words in reasons.items() if words)
    score = escape(percent(rival.scored.score))
    return f"Not {_named(rival.scored.name)}, {score}{f': {told}' if told else ''}."


def _example(example: Example) -> str:
    return (
        f"<li><b>{escape(example.id)}</b> <small>{escape(percent(example.similarity))} alike"
        f"</small> <span{language_attribute(example.text)}>{escape(example.text)}</span></li>"
    )


def _named(text: str) -> str:
    return f"<bdi{language_attribute(text)}>{escape(text)}</bdi>"
