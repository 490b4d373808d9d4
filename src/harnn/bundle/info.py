"""What a model directory is, told from its small files: quick, and without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._files import read_model_json
from harnn.branches import branches_of
from harnn.bundle import layout
from harnn.bundle.checksums import read_checksums
from harnn.bundle.fingerprint import fingerprint
from harnn.bundle.load import (
    check_files,
    is_light,
    load_quality,
    read_decoding,
    read_settings,
    read_taxonomy,
)
from harnn.bundle.provenance import Provenance, read_provenance, told_contents
from harnn.bundle.settings import read_config, read_label_counts
from harnn.decode import Decoder
from harnn.metrics import LabelQuality, Report
from harnn.taxonomy import Taxonomy


class ModelFile(NamedTuple):
    """A file of a model directory."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    """As it was written, which it was compared with; empty where no checksum is kept."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelInfo:
    """What a model is, where it comes from, and that its files are those that were written."""

    directory: Path
    fingerprint: str
    """See :func:`harnn.bundle.fingerprint`."""
    preset: str
    mode: str
    branches: tuple[str, ...]
    needs_torch: bool
    """Whether PyTorch computes it."""
    exported: bool
    taxonomy: Taxonomy
    decoder: Decoder
    report: Report
    """On the validation documents."""
    label_counts: NDArray[np.int64]
    """(C,) training documents of each label, closed upward."""
    quality: LabelQuality | None
    """Of single labels on the validation documents; older models have none."""
    documents: Mapping[str, int]
    contents: Mapping[str, str]
    """SHA-256 of what documents say, and of what else the model was made of."""
    provenance: Provenance | None
    """None for models of versions before 0.2.0, and where it was removed."""
    files: tuple[ModelFile, ...]
    checked: bool
    """Whether the files were compared with their checksums; the oldest models have none."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        report = self.report
        scores = ("micro_f1", "macro_f1", "auprc", "hierarchical_f1")
        return {
            "format": layout.FORMAT,
            "fingerprint": self.fingerprint,
            "preset": self.preset,
            "mode": self.mode,
            "branches": list(self.branches),
            "needs_torch": self.needs_torch,
            "exported": self.exported,
            "taxonomy": {
                "sha256": self.taxonomy.version,
                "labels": len(self.taxonomy),
                "levels": list(self.taxonomy.hierarchy.level_sizes),
            },
            "decoding": self.decoder.to_dict(),
            "validation": {
                "documents": report.documents,
                **{name: getattr(report, name) for name in scores},
                "levels": report.level_rows()[:-1],
            },
            "documents": dict(self.documents),
            "contents": dict(self.contents),
            "provenance": None if self.provenance is None else self.provenance.to_dict(),
            "files": [file._asdict() for file in self.files],
            "size": self.size,
            "checked": self.checked,
        }


def model_info(directory: str | Path) -> ModelInfo:
    """Describe a model directory, and compare its files with their checksums.

    Raises:
        BundleError: files are missing, damaged, of another format version, or were changed.
    """
    directory = Path(directory)
    check_files(directory)
    names, settings = read_settings(directory)
    taxonomy = read_taxonomy(directory, settings)
    decoder, _ = read_decoding(directory, taxonomy)
    config = read_config(directory / layout.CONFIG, settings)
    report = read_model_json(directory / layout.METRICS)
    provenance = read_provenance(directory)
    sums = {} if names is None else read_checksums(directory) or {}
    extra = {layout.CARD, layout.CHECKSUMS, layout.PROVENANCE}
    there = {path.name for path in directory.iterdir() if path.is_file()}
    own = there & ({*names, *extra} if names is not None else there)
    return ModelInfo(
        directory=directory,
        fingerprint=fingerprint(directory),
        preset=config.model.preset,
        mode=config.model.mode,
        branches=branches_of(settings, own),
        needs_torch=not is_light(settings),
        exported=settings.get("runtime", layout.TORCH) == layout.ONNX,
        taxonomy=taxonomy,
        decoder=decoder,
        report=Report.from_dict(report, where=str(directory / layout.METRICS)),
        label_counts=read_label_counts(
            directory / layout.CONFIG, settings["label_counts"], len(taxonomy)
        ),
        quality=load_quality(directory, names, len(taxonomy)),
        documents=settings.get("documents", {}),
        contents=told_contents(settings.get("contents", {})),
        provenance=provenance,
        files=tuple(
            ModelFile(name, (directory / name).stat().st_size, sums.get(name, ""))
            for name in sorted(own)
        ),
        checked=names is not None,
    )
