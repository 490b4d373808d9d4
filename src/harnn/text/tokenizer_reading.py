"""A stored tokenizer, nothing of it believed unseen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harnn.errors import BundleError, Problem
from harnn.text.cutting import CUTTERS, UserWord

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFaceTokenizer

FORMAT = 1
PAD = "[PAD]"
UNKNOWN = "[UNK]"
CUSTOM = "custom"
SEGMENTERS = ("words", "characters", *CUTTERS, CUSTOM)

_LONGEST = 2**31 - 1


def read_record(text: str, where: str) -> dict[str, Any]:
    """Return the JSON object with its settings checked."""
    try:
        record = json.loads(text)
    except RecursionError:
        what = "the tokenizer is not valid JSON: nested too deeply."
        raise BundleError(Problem(where, what)) from None
    except ValueError as error:  # JSONDecodeError, and whole numbers of thousands of digits
        raise BundleError(Problem(where, f"the tokenizer is not valid JSON: {error}.")) from None
    if not isinstance(record, dict) or "format" not in record:
        what = "this is not a tokenizer: expected a JSON object with the key 'format'."
        raise BundleError(Problem(where, what))
    if record["format"] != FORMAT:
        found = _shown(record["format"])
        what = f"the tokenizer has format {found}, this version reads {FORMAT}."
        raise BundleError(Problem(where, what))
    length = record.get("max_length")
    checks = {
        "segmenter": (record.get("segmenter") in SEGMENTERS, "one of " + ", ".join(SEGMENTERS)),
        "lowercase": (isinstance(record.get("lowercase"), bool), "true or false"),
        "max_length": (
            type(length) is int and 1 <= length <= _LONGEST,
            "a whole number of at least 1",
        ),
        "tokenizer": (isinstance(record.get("tokenizer"), dict), "an object"),
        "icu": (isinstance(record.get("icu", ""), str), "a version"),
    }
    problems = [
        Problem(where, f"{key} of the tokenizer is {_shown(record.get(key))}, expected {expected}.")
        for key, (fits, expected) in checks.items()
        if not fits
    ]
    if problems:
        raise BundleError(problems)
    return record


def read_user_words(record: dict[str, Any], where: str) -> tuple[UserWord, ...]:
    """Return the words of the user's dictionary, all of them checked."""
    rows = record.get("user_dictionary", [])
    fits = isinstance(rows, list) and (not rows or record["segmenter"] == "jieba")
    for row in rows if fits else ():
        if not fits:
            break
        pair = isinstance(row, list) and len(row) == 2
        fits = pair and isinstance(row[0], str) and (row[1] is None or type(row[1]) is int)
        fits = fits and not UserWord(*row).problem()
    if not fits:
        what = "the user dictionary of the tokenizer is damaged."
        raise BundleError(Problem(where, what, "Restore the file or train again."))
    return tuple(UserWord(*row) for row in rows)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def read_words(record: dict[str, Any], where: str) -> tuple[str, ...]:
    """Return the words by id, having checked that the ids are 0 to V-1."""
    model = record.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if (
        not isinstance(vocabulary, dict)
        or record["model"].get("type") != "WordLevel"
        or record["model"].get("unk_token") != UNKNOWN
    ):
        what = f"the tokenizer has no vocabulary of whole words with {UNKNOWN!r} for unknown ones."
        raise BundleError(Problem(where, what))
    by_id = {number: word for word, number in vocabulary.items() if type(number) is int}
    if len(by_id) != len(vocabulary) or by_id.keys() != set(range(len(by_id))):
        what = f"the ids of the {len(vocabulary):,} words of the vocabulary are not 0, 1, 2, ..."
        raise BundleError(Problem(where, what))
    words = tuple(by_id[number] for number in range(len(by_id)))
    if words[:2] != (PAD, UNKNOWN):
        what = f"the vocabulary begins with {list(words[:2])}, expected {[PAD, UNKNOWN]}."
        raise BundleError(Problem(where, what))
    return words


def read_tokenizer(record: dict[str, Any], segmenter: str, where: str) -> HuggingFaceTokenizer:
    from tokenizers import Tokenizer as HuggingFaceTokenizer

    try:
        tokenizer = HuggingFaceTokenizer.from_str(json.dumps(record))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises no narrower class, and panics
        raise BundleError(Problem(where, f"the tokenizer cannot be read: {error}.")) from None
    if tokenizer.normalizer is None:
        raise BundleError(Problem(where, "the tokenizer has no normalizer."))
    if not _is_ours(record, segmenter):
        raise BundleError(Problem(where, "the tokenizer has rules that are not written here."))
    return tokenizer


def _is_ours(record: dict[str, Any], segmenter: str) -> bool:
    """Whether text is cut as by a tokenizer of this program, of whatever version."""
    normalizer, splitter = record.get("normalizer"), record.get("pre_tokenizer")
    steps = normalizer.get("normalizers") if isinstance(normalizer, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return False
    kinds = [step.get("type") for step in steps]
    if kinds not in (["Replace", "NFKC"], ["Replace", "NFKC", "Lowercase"]):
        return False
    if segmenter in (CUSTOM, *CUTTERS):
        splits = splitter is None
    else:
        splits = isinstance(splitter, dict) and (
            splitter.get("type"),
            splitter.get("behavior"),
            splitter.get("invert"),
        ) == ("Split", "Removed", True)
    nothing = ("truncation", "padding", "post_processor", "decoder")
    return splits and not record.get("added_tokens") and all(record.get(x) is None for x in nothing)
