"""Does what arrives still look like what a model learned from?

Figures are counted of documents and answers (:class:`Figures`), kept in the model at training, and
compared with those of documents that come later (:func:`compare_figures`), with intervals and
verdicts. No text of a document is kept. docs/watching.md says which figures there are.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.watching.counting import (
    Block,
    TextSigns,
    choosing_of,
    count_block,
    fields_of,
    join_blocks,
    options_of,
    vectors_of,
)
from harnn.watching.figures import Figures
from harnn.watching.stored import figures_from_dict, figures_to_dict

if TYPE_CHECKING:
    from harnn.watching.comparing import ERROR, LEAST_RATIO, compare_figures
    from harnn.watching.drift import (
        LEAST_DOCUMENTS,
        TOLERANCES,
        Bins,
        Drift,
        Finding,
        MovedLabel,
        judge,
    )
    from harnn.watching.window import MovingWindow, WindowFigures
    from harnn.watching.wording import (
        change_of,
        conclusion,
        doubt,
        interval_of,
        measured,
        sentence_of,
        title_of,
        unseen,
        value_of,
    )

on_demand(
    __name__,
    {
        "comparing": "ERROR LEAST_RATIO compare_figures",
        "drift": "LEAST_DOCUMENTS TOLERANCES Bins Drift Finding MovedLabel judge",
        "window": "MovingWindow WindowFigures",
        "wording": "change_of conclusion doubt interval_of measured sentence_of title_of unseen "
        "value_of",
    },
)

__all__ = [
    "ERROR",
    "LEAST_DOCUMENTS",
    "LEAST_RATIO",
    "TOLERANCES",
    "Bins",
    "Block",
    "Drift",
    "Figures",
    "Finding",
    "MovedLabel",
    "MovingWindow",
    "TextSigns",
    "WindowFigures",
    "change_of",
    "choosing_of",
    "compare_figures",
    "conclusion",
    "count_block",
    "doubt",
    "fields_of",
    "figures_from_dict",
    "figures_to_dict",
    "interval_of",
    "join_blocks",
    "judge",
    "measured",
    "options_of",
    "sentence_of",
    "title_of",
    "unseen",
    "value_of",
    "vectors_of",
]
