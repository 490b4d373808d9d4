"""``harnn info``: what a model is and where it comes from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from harnn._display import counted, json_text, level_name
from harnn.bundle.info import ModelInfo, model_info
from harnn.bundle.layout import FORMAT
from harnn.bundle.provenance import ProvenanceStep
from harnn.cli.screen import Console


def inform(model: Path, *, as_json: bool) -> None:
    """Print what a model directory says of itself.

    Raises:
        BundleError: there is no model, or it is damaged.
    """
    info = model_info(model)
    console = Console()
    if as_json:
        console.print_line(json_text(info.to_dict()))
        return
    for line in _lines(info):
        console.print_line(" ".join(line.splitlines()))  # nobody's text begins a line of ours


def _lines(info: ModelInfo) -> Iterator[str]:
    record, taxonomy, report = info.provenance, info.taxonomy, info.report
    name = record.name if record is not None and record.name else info.directory.absolute().name
    version = f" {record.version}" if record is not None and record.version else ""
    sizes = " / ".join(f"{size:,}" for size in taxonomy.hierarchy.level_sizes)
    needs = "PyTorch" if info.needs_torch else "ONNX Runtime" if info.exported else "NumPy alone"
    yield f"{name}{version}"
    yield f"  model      {info.fingerprint}, format {FORMAT}, {info.size / 1e6:,.1f} MB"
    yield f"  branches   {', '.join(info.branches)}; preset {info.preset}, mode {info.mode}"
    yield f"  needs      {needs}"
    yield (
        f"  taxonomy   {taxonomy.version}, {counted(len(taxonomy), 'label')} on "
        f"{counted(taxonomy.depth, 'level')} ({sizes})"
    )
    yield f"  chooses    {info.decoder.describe()}; close {info.decoder.close}"
    steps = () if record is None else record.steps
    changed = ", as it chose when it was made" if steps and steps[-1].how == "decoding" else ""
    yield (
        f"  validation {counted(report.documents, 'document')}{changed}: "
        f"micro-F1 {report.micro_f1:.4f}, macro-F1 {report.macro_f1:.4f}, AUPRC {report.auprc:.4f}"
    )
    for level in report.levels:
        yield (
            f"    level {level_name(level.name, level.level)}: micro-F1 {level.micro_f1:.4f}, "
            f"macro-F1 {level.macro_f1:.4f}, AUPRC {level.auprc:.4f}"
        )
    for split, sha256 in info.contents.items():
        documents = info.documents.get(split)
        count = "" if documents is None else f" ({counted(documents, 'document')})"
        yield f"  {split:10} {sha256}{count}"
    yield "Origin"
    if record is None:
        yield "  not told: the model was made before harnn 0.2.0, or the record was removed"
    else:
        for step in record.steps:
            yield from _step_lines(step)
    yield "Files" if info.checked else "Files, not checked: so old a model keeps no checksums"
    width = max(len(file.name) for file in info.files)
    for file in info.files:
        yield f"  {file.name:{width}} {file.size:>13,} {file.sha256}".rstrip()


def _step_lines(step: ProvenanceStep) -> Iterator[str]:
    yield f"  {step.describe()}"
    if step.call:
        yield f"    {shlex.join(['harnn', *step.call])}"
    machine = ", ".join(f"{name} {value}" for name, value in step.machine.items())
    software = ", ".join(f"{name} {value}" for name, value in step.software.items())
    yield from (f"    {line}" for line in (machine, software) if line)
