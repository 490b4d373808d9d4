"""The README of a model directory."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from harnn._display import counted, level_name, printable
from harnn.bundle.bundle import MIGRATED, Bundle
from harnn.bundle.provenance import How, Provenance, told_contents

_ORIGIN = "\n## Origin\n"
_TRAININGS: tuple[How, ...] = ("train", "continue", "migrate")


def model_card(bundle: Bundle) -> str:
    """Describe the model in Markdown: what it was trained on, and how well it does."""
    taxonomy, report, config = bundle.taxonomy, bundle.report, bundle.config
    sizes = " / ".join(f"{size:,}" for size in taxonomy.hierarchy.level_sizes)
    rows = "\n".join(
        f"| {level_name(level.name, level.level)} | {level.labels:,} "
        f"| {level.micro_f1:.3f} | {level.macro_f1:.3f} | {level.auprc:.3f} |"
        for level in report.levels
    )
    documents = bundle.documents
    lines = [*(bundle.summaries or _names(bundle)), *_left_out(bundle), *_origin(bundle)]
    branches = "\n".join(f"- {line}" for line in lines)
    never = int((bundle.label_counts == 0).sum())
    card = f"""# {_title(bundle.provenance)}

Files documents under a taxonomy of {counted(len(taxonomy), "label")} on
{counted(taxonomy.depth, "level")} ({sizes}).
Load it with `harnn.Predictor.load("DIRECTORY")` or `harnn predict DIRECTORY`.

## Training

- mode `{config.model.mode}`, preset `{config.model.preset}`, seed {config.training.seed}
{branches}
- {counted(documents.get("train", 0), "document")}; {documents.get("train_skipped", 0):,} skipped
- {counted(never, "label")} without a training document, {_by_name(bundle)}

## Validation

On {counted(report.documents, "document")}, choosing {bundle.decoder.describe()}.
{_worth(bundle)}

| level | labels | micro-F1 | macro-F1 | AUPRC |
|---|---|---|---|---|
{rows}
| all | {report.labels:,} | {report.micro_f1:.3f} | {report.macro_f1:.3f} | {report.auprc:.3f} |

{_changes(bundle)}## Limits

{_calibration(bundle)} Labels rare in the training documents are found less
often than the numbers above suggest; see the macro-F1 of the lower levels.
"""
    if bundle.provenance is None:
        return card
    hashes = {"taxonomy": taxonomy.version, **told_contents(bundle.contents)}
    lines = [f"- SHA-256 of {_plain(name)}: {_code(sha256)}" for name, sha256 in hashes.items()]
    return with_origin(card, bundle.provenance, lines)


def with_origin(card: str, provenance: Provenance, more: Sequence[str] = ()) -> str:
    """Return a card with what a record says in place of what it said of the model's origin.

    more: lines to add; where there are none, those that it had are kept. So is what people wrote
    before and below.
    """
    before, _, old = card.partition(_ORIGIN)
    old, heading, below = old.partition("\n## ")
    kept = more or [line for line in old.splitlines() if line.startswith("- SHA-256")]
    version = f", version {_code(provenance.version)}" if provenance.version else ""
    lines = [f"- name {_code(provenance.name)}{version}"]
    for step in provenance.steps:
        lines.append(f"- {_plain(step.describe())}")
        if step.call:
            lines.append(f"  - {_code(shlex.join(['harnn', *step.call]))}")
    trained = [step for step in provenance.steps if step.how in _TRAININGS]
    for step in trained[-1:] or provenance.steps[-1:]:
        versions = ", ".join(f"{name} {found}" for name, found in step.software.items())
        lines.append(f"- software: {_plain(versions)}")
    text = "\n".join([*lines, *kept])
    return f"{before}{_ORIGIN}\n{text}\n{heading}{below}"


def _title(provenance: Provenance | None) -> str:
    """Return the name of the model, with its version; older ones have none."""
    if provenance is None or not provenance.name:
        return "A harnn model"
    return _plain(f"{provenance.name} {provenance.version}")


def _code(text: str) -> str:
    """Return text from elsewhere as code of Markdown, in a line."""
    return f"`{' '.join(printable(text).replace('`', chr(39)).split())}`"


def _plain(text: str) -> str:
    """Return text from elsewhere as text of Markdown, in a line."""
    return " ".join(re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", printable(text)).split())


def _by_name(bundle: Bundle) -> str:
    by_name = bundle.ensemble.by_name
    if by_name is None:
        return "which cannot be predicted well"
    scored = f"{len(by_name.columns):,} of them scored by their names"
    return f"{scored}: {by_name.relation.held_out.describe()}"


def _origin(bundle: Bundle) -> list[str]:
    """Say what training went on from, and how many corrections it was given."""
    init, counts = bundle.contents.get("init"), bundle.documents
    lines = [] if init is None else [f"went on from the model {init[:12]}"]
    if (migrated := bundle.contents.get(MIGRATED)) is not None:
        mapping = bundle.contents.get("mapping", "")[:12]
        tuned = f", tuned on {counted(counts['tuned'], 'document')}" if "tuned" in counts else ""
        before = f"migrated from the model {migrated[:12]} by the mapping {mapping}{tuned}"
        lines.append(f"{before}; to the old edition belongs what is said of training")
    if "corrections" in counts:
        given = counted(counts["corrections"], "correction")
        replaced = counts.get("corrections_replaced", 0)
        lines.append(f"{given}, {replaced:,} of them in place of training documents")
    return lines


def _worth(bundle: Bundle) -> str:
    """Say what the numbers are worth."""
    if MIGRATED in bundle.contents and "tuned" not in bundle.documents:
        return (
            "The numbers are those of the model before it was migrated, with the labels of the\n"
            "old edition of the taxonomy."
        )
    return "This was tuned on these very documents: expect slightly less on new ones."


def _changes(bundle: Bundle) -> str:
    if bundle.changes is None:
        return ""
    measures = "\n".join(
        f"| {each.measure.replace('_', ' ')} | {each.first:.4f} | {each.second:.4f} "
        f"| {each.difference:+.4f} | {each.low:+.4f} to {each.high:+.4f} |"
        for each in bundle.changes.comparison.measures
    )
    items = "\n".join(f"- {line}" for line in bundle.changes.lines())
    return f"""## Changes

{bundle.changes.verdict()}

| on validation | before | now | difference | 95% interval |
|---|---|---|---|---|
{measures}

{items}

"""


def _names(bundle: Bundle) -> list[str]:
    return [f"the branch {branch.name}" for branch in bundle.ensemble.branches]


def _left_out(bundle: Bundle) -> list[str]:
    return [f"left out: {each.describe()}" for each in bundle.ensemble.left_out]


def _calibration(bundle: Bundle) -> str:
    if bundle.ensemble.blend is None:
        return "Scores are not calibrated probabilities."
    cascade = bundle.ensemble.cascade
    early = (
        f" Of the validation documents {cascade.share:.0%} were answered by "
        f"{' and '.join(cascade.blend.branches)} alone, being sure of them."
        if cascade
        else ""
    )
    errors = " / ".join(
        f"{level.ece:.3f}" for level in bundle.report.levels if level.ece is not None
    )
    what = f"error by level, ECE, on validation: {errors}"
    calibrated = f"Scores are calibrated probabilities ({what})."
    return calibrated + early
