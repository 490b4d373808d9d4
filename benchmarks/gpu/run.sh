#!/usr/bin/env bash
# All that is measured on a GPU, in under ten minutes: training, prediction, parity with the CPU.
#   HARNN_DATA=DATASETS benchmarks/gpu/run.sh [OUTPUT.json]
# PYTHON names the interpreter; whatever follows the output goes to the program as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
output="${1:-runs/gpu.json}"
shift || true
mkdir -p "$(dirname "$output")"
PYTHONPATH="src${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 \
    timeout 580 "${PYTHON:-python3}" benchmarks/gpu --output "$output" "$@"
