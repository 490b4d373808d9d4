"""What docs/scikit-learn.md says can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scikit-learn.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:No positive class found:UserWarning")
def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 5
    some = blocks[0].replace(".splitlines()]", ".splitlines()[:90]]")
    assert some != blocks[0]
    names: dict[str, object] = {}
    for block in [some, *blocks[1:]]:
        exec(compile(block, "scikit-learn.md", "exec"), names)
    assert "threshold" in capsys.readouterr().out
    assert len(list((tmp_path / "models").iterdir())) == 3  # two folds and all, whatever y's form


@pytest.mark.slow
def test_a_search_over_presets(tmp_path: Path) -> None:
    from sklearn.model_selection import GridSearchCV

    from harnn import HarnnClassifier, HierarchicalLabelBinarizer
    from harnn.data import read_documents
    from harnn.sample import sample

    files = sample("en")
    taxonomy = files.load_taxonomy()
    documents = list(read_documents([files.train]))
    Y = HierarchicalLabelBinarizer(taxonomy).fit_transform([d.labels or () for d in documents])
    model = HarnnClassifier(taxonomy, settings={"text": {"vectors": "random"}}, memory=tmp_path)
    grid = {"preset": ["fast", "default"], "threshold": [None, 0.5]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(documents, Y)
    assert len(list(tmp_path.iterdir())) == 5  # two presets in two folds, and the best on all
    assert min(search.cv_results_["mean_test_score"]) > 0.2
    test = list(read_documents([files.test]))
    assert search.score(test, [d.labels or () for d in test]) > 0.5
