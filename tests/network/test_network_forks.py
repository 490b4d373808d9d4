"""A predictor that was loaded answers in a process that was forked or started from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
PROGRAM = """
import multiprocessing, sys
import harnn

def answer(predictor, texts, answers):
    answers.put([each.to_dict() for each in predictor.predict(texts)])

if __name__ == "__main__":
    import torch
    torch.set_num_threads(2)
    predictor = harnn.Predictor.load(sys.argv[2])
    texts = ["We measure bees and hives " * 40] * 40
    expected = [each.to_dict() for each in predictor.predict(texts)]  # its threads have begun
    context = multiprocessing.get_context(sys.argv[1])
    answers = context.Queue()
    worker = context.Process(target=answer, args=(predictor, texts, answers), daemon=True)
    worker.start()
    found = answers.get(timeout=60)
    worker.join(10)
    near = all(
        a["label"] == b["label"] and abs(a["score"] - b["score"]) < 1e-4
        for one, other in zip(found, expected, strict=True)
        for a, b in zip(one["labels"], other["labels"], strict=True)
    )
    print("same" if near and worker.exitcode == 0 else (found[0], expected[0], worker.exitcode))
"""


@pytest.mark.parametrize(
    ("method", "model"),
    [
        ("fork", "network"),
        pytest.param("spawn", "network", marks=pytest.mark.slow),
        pytest.param("fork", "blend", marks=pytest.mark.slow),
        pytest.param("spawn", "blend", marks=pytest.mark.slow),
    ],
)
def test_answers_in_another_process(method: str, model: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, method, GOLDEN / model],
        env={"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip().splitlines()[-1:] == ["same"], done.stderr


def test_a_child_computes_in_one_thread() -> None:
    code = (
        "import os, torch, harnn.network; torch.set_num_threads(2); child = os.fork()\n"
        "if child == 0: os._exit(torch.get_num_threads())\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 2\n"
