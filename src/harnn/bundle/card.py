"""The README of a model directory."""

from __future__ import annotations

from harnn.training import FitResult


def model_card(result: FitResult) -> str:
    """Describe the model in Markdown: what it was trained on, and how well it does."""
    taxonomy, report, config = result.taxonomy, result.report, result.config
    best = result.history.best(config.training.score)
    sizes = " / ".join(f"{part.stop - part.start:,}" for part in taxonomy.level_slices)
    rows = "\n".join(
        f"| {level.name} | {level.labels:,} | {level.micro_f1:.3f} | {level.macro_f1:.3f} "
        f"| {level.auprc:.3f} |"
        for level in report.levels
    )
    documents = result.documents
    never = int((result.label_counts == 0).sum())
    policy = (
        f"the {result.decoder.top_k} best labels"
        if result.decoder.top_k
        else f"labels scored at least {result.decoder.threshold:.4f}"
    )
    return f"""# A harnn model

Files documents under a taxonomy of {len(taxonomy):,} labels on {len(taxonomy.level_slices)}
levels ({sizes}). Load it with `harnn.Predictor.load("DIRECTORY")` or `harnn predict DIRECTORY`.

## Training

- mode `{config.model.mode}`, {best.epoch if best else 0} of {len(result.history.rows)} epochs,
  seed {config.training.seed}
- {documents["train"]:,} documents, {documents["train_truncated"]:,} of them cut at
  {result.encoder.max_length} tokens; {documents["train_skipped"]:,} skipped
- vocabulary of {len(result.encoder.words):,} words, word vectors: {config.text.vectors}
- {never:,} labels have no training document and cannot be predicted well

## Validation

On {report.documents:,} documents, choosing {policy}. The threshold was tuned on these very
documents: expect slightly less on new ones.

| level | labels | micro-F1 | macro-F1 | AUPRC |
|---|---|---|---|---|
{rows}
| all | {report.labels:,} | {report.micro_f1:.3f} | {report.macro_f1:.3f} | {report.auprc:.3f} |

## Limits

Scores are not calibrated probabilities. Labels rare in the training documents are found less
often than the numbers above suggest; see the macro-F1 of the lower levels.
"""
