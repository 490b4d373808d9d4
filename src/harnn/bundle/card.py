"""The README of a model directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnn.training import FitResult


def model_card(result: FitResult) -> str:
    """Describe the model in Markdown: what it was trained on, and how well it does."""
    taxonomy, report, config = result.taxonomy, result.report, result.config
    sizes = " / ".join(f"{part.stop - part.start:,}" for part in taxonomy.level_slices)
    rows = "\n".join(
        f"| {level.name} | {level.labels:,} | {level.micro_f1:.3f} | {level.macro_f1:.3f} "
        f"| {level.auprc:.3f} |"
        for level in report.levels
    )
    documents = result.documents
    never = int((result.label_counts == 0).sum())
    return f"""# A harnn model

Files documents under a taxonomy of {len(taxonomy):,} labels on {len(taxonomy.level_slices)}
levels ({sizes}). Load it with `harnn.Predictor.load("DIRECTORY")` or `harnn predict DIRECTORY`.

## Training

- mode `{config.model.mode}`, preset `{config.model.preset}`, seed {config.training.seed}
{_branches(result)}
- {documents["train"]:,} documents; {documents["train_skipped"]:,} skipped
- {never:,} labels have no training document and cannot be predicted well

## Validation

On {report.documents:,} documents, choosing {result.decoder.describe()}.
This was tuned on these very documents: expect slightly less on new ones.

| level | labels | micro-F1 | macro-F1 | AUPRC |
|---|---|---|---|---|
{rows}
| all | {report.labels:,} | {report.micro_f1:.3f} | {report.macro_f1:.3f} | {report.auprc:.3f} |

## Limits

{_calibration(result)} Labels rare in the training documents are found less
often than the numbers above suggest; see the macro-F1 of the lower levels.
"""


def _branches(result: FitResult) -> str:
    lines = []
    if (linear := result.model.linear) is not None:
        lines.append(
            f"- a linear branch: {len(linear.features):,} n-grams, "
            f"{linear.classifier.weights.nnz:,} weights"
        )
    if count := len(result.model.networks):
        best = result.history.best(result.config.training.score)
        first = "the first with " if count > 1 else ""
        lines.append(
            f"- {count} network{'s' if count > 1 else ''}, {first}epoch "
            f"{best.epoch if best else 0} of {len(result.history.rows)}; "
            f"{len(result.encoder.words):,} words, word vectors: {result.config.text.vectors}; "
            f"{result.documents['train_truncated']:,} documents cut at "
            f"{result.encoder.max_length} words"
        )
    if result.model.sentence is not None:
        lines.append("- a network on vectors of whole texts (Universal Sentence Encoder)")
    return "\n".join(lines)


def _calibration(result: FitResult) -> str:
    if result.model.blend is None:
        return "Scores are not calibrated probabilities."
    errors = " / ".join(
        f"{level.ece:.3f}" for level in result.report.levels if level.ece is not None
    )
    return f"Scores are calibrated probabilities (error by level, ECE, on validation: {errors})."
