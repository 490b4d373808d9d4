"""What the page says of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harnn.pages import counted, level_title
from harnn.report.label_table import shorten

if TYPE_CHECKING:
    from harnn.bundle import Bundle
    from harnn.config import Score
    from harnn.evaluation import Evaluation, LabelErrors
    from harnn.metrics import FrequencySpread, Report
    from harnn.report.icicle import Icicle
    from harnn.taxonomy import Taxonomy

_CALIBRATED = 0.05
_SURE = 0.05
_SCORES: dict[Score, str] = {"auprc": "AUPRC", "micro_f1": "micro-F1", "macro_f1": "macro-F1"}


def score(value: float) -> str:
    """Return a score in percent; only what is exactly 0 or 1 is shown as such."""
    share = 100 * value
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%" if share < 10 or share > 90 else f"{share:.0f}%"


def calibration(report: Report) -> str:
    """Say whether scores can be read as probabilities."""
    if report.ece_shown is None:
        return "No score reaches 0.1."
    if report.ece_shown <= _CALIBRATED:
        return "Of scores of at least 0.1: they can be read as chances."
    return "Of scores of at least 0.1: they are so far from the share that is true."


def levels(report: Report) -> str:
    """Say how the levels differ."""
    first, last = report.levels[0], report.levels[-1]
    if len(report.levels) == 1:
        return "In percent; the interval is that of drawing other documents."
    ends = [f"{100 * level.micro_f1:.1f}" for level in (first, last)]
    names = [shorten(level_title(level.name, level.level), 60) for level in (first, last)]
    said = f"is {ends[0]} on {names[0]} and on {names[1]}"
    if ends[0] != ends[1]:
        verb = "falls" if last.micro_f1 < first.micro_f1 else "rises"
        said = f"{verb} from {ends[0]} on {names[0]} to {ends[1]} on {names[1]}"
    return f"In percent. Micro-F1 {said}; the interval is that of drawing other documents."


def icicle(tiles: Icicle) -> str:
    """Say what the map leaves out."""
    said = []
    if tiles.grouped:
        said.append(f"Too small to draw, in grey: {counted(tiles.grouped, 'label')}.")
    if tiles.without_documents:
        said.append(
            f"Left out, without a document here: {counted(tiles.without_documents, 'label')}."
        )
    if tiles.has_gaps:
        said.append("Room beside a label is left where documents have none below it.")
    if tiles.deeper:
        said.append(f"On deeper levels, not drawn: {counted(tiles.deeper, 'label')}.")
    if not tiles.is_tree:
        said.append("A label with several parents stands under the first.")
    return " ".join(said)


def table(shown: int, label_count: int, cut: int) -> str:
    """Say what the table of labels holds; cut: codes and names of labels that are not whole."""
    what = (
        "Precision, recall and F1 in percent; Training and Here are documents that have the label."
    )
    if cut:
        what += f" Cut, and whole in the file of harnn report --csv: {counted(cut, 'long name')}."
    if shown == label_count:
        return what
    return (
        f"{what} The page holds the {shown:,} labels with most documents here; all {label_count:,} "
        "are in the file of harnn report --csv."
    )


def without_script(shown: int, label_count: int) -> str:
    """Say what is there where no script runs."""
    if shown == label_count:
        return "Sorting and finding need JavaScript."
    return (
        f"Without JavaScript the {shown:,} labels with most documents of {label_count:,} are "
        "shown; all are in the file of harnn report --csv."
    )


def thresholds(found: Evaluation) -> str:
    """Say what another threshold would give."""
    curve = found.curve
    if not len(curve.thresholds):
        return "No document has a label, so no threshold is better than another."
    best = int(curve.f1.argmax())
    return (
        "If one threshold cut all scores. "
        f"On these documents the best F1, {100 * curve.f1[best]:.1f}, is at "
        f"{curve.thresholds[best]:.2f}; as labels are chosen now it is "
        f"{100 * found.report.micro_f1:.1f}."
    )


def reliability(report: Report) -> str:
    """Say how scores and what comes true agree."""
    bins = report.reliability or ()
    total = sum(each.count for each in bins)
    known = [each for each in bins if each.mean_score is not None and each.mean_score >= 0.5]
    if not total or not known:
        return "Hardly any score is high enough to say something of it."
    each = min(known, key=lambda x: abs((x.mean_score or 0) - 0.75))
    first = bins[0]
    return (
        f"Of the labels with a score near {100 * (each.mean_score or 0):.0f}%, "
        f"{100 * (each.share_true or 0):.0f}% were right. Grey: how many scores, without the "
        f"{100 * first.count / total:.1f}% of all that are below {first.high:.2f}."
    )


def rare(spread: Sequence[FrequencySpread] | None) -> str:
    """Say how rare labels do beside frequent ones."""
    known = [each for each in spread or () if each.mean is not None]
    if not known:
        return "The model does not say how many training documents its labels have."
    if len(known) == 1:
        return f"All labels with documents here have {_documents(known[0])}."
    first, last = known[0], known[-1]
    return (
        f"Labels with {_documents(first)} reach {first.mean:.2f} on average, those with "
        f"{_documents(last)} {last.mean:.2f}."
    )


def _documents(bucket: FrequencySpread) -> str:
    if bucket.name == "0":
        return "no training document"
    return f"{bucket.name.replace('+', ' or more')} training documents"


def errors(found: LabelErrors, documents: int) -> str:
    """Say how many there are, and of what nothing can be said."""
    said = f"{counted(len(found), 'label')} of {counted(documents, 'document')}."
    if found.skipped_labels:
        said += f" Of {counted(found.skipped_labels, 'label')} nothing can be said: too rare here."
    return said


def label_shift(found: Evaluation) -> str:
    """Say how true labels are more or less frequent than in training."""
    shift = found.shift
    if shift is None:
        return "Not known: the model does not say how many documents it was trained on."
    changed = int((shift.p_value < _SURE).sum())
    if not changed:
        return (
            "No label's share of documents has surely changed since training (5%, adjusted for all "
            "labels)."
        )
    return (
        "Surely more or less frequent than in training (5%, adjusted for all labels): "
        f"{counted(changed, 'label')} of {len(shift.z):,}. The surest changes come first."
    )


def learning(bundle: Bundle) -> str:
    """Say how the network learned."""
    rows = bundle.history.rows
    if not rows:
        return (
            "Nothing was trained in epochs: the model has no network, or was stored without its "
            "history."
        )
    score = bundle.config.training.score
    kept = bundle.history.best(score)
    assert kept is not None
    return (
        f"The network alone, of {counted(len(rows), 'epoch')}; the one with the best "
        f"{_SCORES[score]} was kept. The model blends it with other branches where it has some."
    )


def taxonomy(found: Taxonomy) -> str:
    """Say how large it is."""
    shape = "a tree" if found.summary().is_tree else "a DAG"
    sizes = " / ".join(f"{size:,}" for size in found.hierarchy.level_sizes)
    return f"{counted(len(found), 'label')} on {counted(found.depth, 'level')} ({sizes}), {shape}"
