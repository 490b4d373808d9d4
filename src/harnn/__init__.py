"""File documents under a taxonomy: hierarchical multi-label text classification with HARNN.

Everything public is here; names are imported when first used, so that ``import harnn`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

__version__ = "0.2.0"

if TYPE_CHECKING:
    from harnn.acceptance import (
        Acceptance,
        file_answers,
        judge_audits,
        load_acceptance,
        save_acceptance,
    )
    from harnn.bundle import Bundle, ModelInfo, export_onnx, load_bundle, model_info, save_bundle
    from harnn.config import Config
    from harnn.converters import convert
    from harnn.data import (
        Document,
        SplitSettings,
        learn_taxonomy,
        read_documents,
        split_documents,
        write_rows,
        write_split,
    )
    from harnn.decode import Decoder, Scores
    from harnn.errors import HarnnError
    from harnn.estimator import (
        HarnnClassifier,
        HierarchicalLabelBinarizer,
        HierarchicalThresholdClassifier,
    )
    from harnn.evaluation import find_label_errors, load_out_of_fold
    from harnn.explain import Explanation, write_html
    from harnn.hub import pull_model, push_model
    from harnn.metrics import Report, evaluate
    from harnn.migration import Migrated, MigrationReport, migrate
    from harnn.prediction import (
        Prediction,
        Predictor,
        Workers,
        compare_models,
        compare_systems,
        measure_acceptance,
        measure_drift,
    )
    from harnn.report import DriftReport, ModelReport, make_drift_report, make_report
    from harnn.scoring import Scorer, score_archive
    from harnn.taxonomy import (
        Hierarchy,
        LabelMapping,
        Taxonomy,
        TaxonomyDiff,
        diff_taxonomies,
        write_taxonomy,
    )
    from harnn.text import Tokenizer
    from harnn.training import (
        CrossValidation,
        FitResult,
        Ranks,
        Validation,
        cross_validate,
        fit,
        follow,
        validate,
    )

on_demand(
    __name__,
    {
        "acceptance": "Acceptance file_answers judge_audits load_acceptance save_acceptance",
        "bundle": "Bundle ModelInfo export_onnx load_bundle model_info save_bundle",
        "config": "Config",
        "converters": "convert",
        "data": "Document SplitSettings learn_taxonomy read_documents split_documents write_rows "
        "write_split",
        "decode": "Decoder Scores",
        "errors": "HarnnError",
        "estimator": "HarnnClassifier HierarchicalLabelBinarizer HierarchicalThresholdClassifier",
        "evaluation": "find_label_errors load_out_of_fold",
        "explain": "Explanation write_html",
        "hub": "pull_model push_model",
        "metrics": "Report evaluate",
        "migration": "Migrated MigrationReport migrate",
        "prediction": "Prediction Predictor Workers compare_models compare_systems "
        "measure_acceptance measure_drift",
        "report": "DriftReport ModelReport make_drift_report make_report",
        "scoring": "Scorer score_archive",
        "taxonomy": "Hierarchy LabelMapping Taxonomy TaxonomyDiff diff_taxonomies write_taxonomy",
        "text": "Tokenizer",
        "training": "CrossValidation FitResult Ranks Validation cross_validate fit follow validate",
    },
)

__all__ = [
    "Acceptance",
    "Bundle",
    "Config",
    "CrossValidation",
    "Decoder",
    "Document",
    "DriftReport",
    "Explanation",
    "FitResult",
    "HarnnClassifier",
    "HarnnError",
    "HierarchicalLabelBinarizer",
    "HierarchicalThresholdClassifier",
    "Hierarchy",
    "LabelMapping",
    "Migrated",
    "MigrationReport",
    "ModelInfo",
    "ModelReport",
    "Prediction",
    "Predictor",
    "Ranks",
    "Report",
    "Scorer",
    "Scores",
    "SplitSettings",
    "Taxonomy",
    "TaxonomyDiff",
    "Tokenizer",
    "Validation",
    "Workers",
    "__version__",
    "compare_models",
    "compare_systems",
    "convert",
    "cross_validate",
    "diff_taxonomies",
    "evaluate",
    "export_onnx",
    "file_answers",
    "find_label_errors",
    "fit",
    "follow",
    "judge_audits",
    "learn_taxonomy",
    "load_acceptance",
    "load_bundle",
    "load_out_of_fold",
    "make_drift_report",
    "make_report",
    "measure_acceptance",
    "measure_drift",
    "migrate",
    "model_info",
    "pull_model",
    "push_model",
    "read_documents",
    "save_acceptance",
    "save_bundle",
    "score_archive",
    "split_documents",
    "validate",
    "write_html",
    "write_rows",
    "write_split",
    "write_taxonomy",
]
