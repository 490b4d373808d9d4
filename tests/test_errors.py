"""What an error says."""

from __future__ import annotations

import pytest

from harnn.errors import DocumentError, InputError, Problem, group_problems, problem_lines


def unknown(number: int) -> Problem:
    return Problem(f"d:{number}", f"unknown label 'x{number}'.")


def test_one_problem_is_the_message() -> None:
    assert str(InputError("is wrong.")) == "is wrong."
    assert str(InputError(Problem("f", "is wrong.", "Mend it."))) == "f: is wrong. Mend it."


def test_problems_of_a_kind_stand_together_and_not_all_of_them() -> None:
    cells = Problem("d:5", "has 3 cells, expected 2.")
    error = DocumentError([*map(unknown, range(5)), cells, *map(unknown, range(5, 1_000))])
    assert len(error.problems) == 1_001
    assert str(error).splitlines() == [
        "1,001 problems in the documents:",
        "  d:0: unknown label 'x0'.",
        "  d:1: unknown label 'x1'.",
        "  d:2: unknown label 'x2'.",
        "  d:3: unknown label 'x3'.",
        "  d:4: unknown label 'x4'.",
        "  ... and 995 more like this.",
        "  d:5: has 3 cells, expected 2.",
    ]


@pytest.mark.parametrize(("kinds", "more"), [(50, []), (53, ["  ... and 3 more of other kinds"])])
def test_a_message_has_few_lines(kinds: int, more: list[str]) -> None:
    problems = [Problem("", f"is {'x' * number}.") for number in range(kinds)]
    lines = str(InputError(problems)).splitlines()
    assert lines[0] == f"{kinds} problems in the input:"
    assert lines[1:51] == [f"  {problem}" for problem in problems[:50]]
    assert lines[51:] == more


def test_a_prefix_stands_before_problems_alone() -> None:
    lines = list(problem_lines(map(unknown, range(9)), "Problem: "))
    assert lines[0] == "Problem: d:0: unknown label 'x0'."
    assert lines[-1] == "         ... and 4 more like this."


def test_problems_that_were_counted_but_not_kept() -> None:
    kinds = {"unknown label *.": 20_000}
    grouped = group_problems([unknown(1), unknown(2)], kinds)
    assert [str(problem) for problem in grouped] == [
        "d:1: unknown label 'x1'.",
        "d:2: unknown label 'x2'.",
        "... and 19,998 more like this.",
    ]
