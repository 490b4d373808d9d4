"""The command that this process carries out, for the record of what it makes.

Of what stands in it no directory is told, nor what an address names: only names of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_WORDS: ContextVar[tuple[str, ...]] = ContextVar("words of the command", default=())
_SETTING = re.compile(r"(?P<name>-{0,2}[A-Za-z][\w.-]*)=(?P<value>.*)", re.DOTALL)
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://.*", re.DOTALL)
_MOST_WORDS, _MOST_CHARACTERS = 200, 200


@contextmanager
def called(words: Sequence[str]) -> Iterator[None]:
    """Know in a block the words of a command, without what tells where something lies."""
    token = _WORDS.set(tuple(without_places(word) for word in words[:_MOST_WORDS]))
    try:
        yield
    finally:
        _WORDS.reset(token)


def current_call() -> tuple[str, ...]:
    """Return the words of the command; none where harnn is called from Python."""
    return _WORDS.get()


def without_places(word: str) -> str:
    """Return a word of a command with a file's name alone, and of an address what kind it is.

    >>> without_places("text.vectors=/home/ada/glove.txt")
    'text.vectors=glove.txt'
    >>> without_places("postgresql://ada:secret@server/reviews")
    'postgresql://...'
    """
    if found := _ADDRESS.fullmatch(word):
        return f"{found['scheme']}://..."
    if found := _SETTING.fullmatch(word):
        return f"{found['name']}={without_places(found['value'])}"
    parts = re.split(r"[/\\]", word)
    last = next((part for part in reversed(parts) if part), word) if len(parts) > 1 else word
    return last if len(last) <= _MOST_CHARACTERS else f"{last[:_MOST_CHARACTERS]}..."
