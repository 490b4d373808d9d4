"""Dual coordinate descent for 16 support vector machines at once, compiled by numba.

Importing this takes half a second, and a second more where nothing compiled is kept, so only what
trains imports it.

A label's machine minimises w'w / 2 + sum over documents of cost_i max(0, 1 - y_i w'x_i)^2, with y
of +-1 and, as in liblinear, the bias among the weights w, of a feature that is 1 everywhere. Its
dual is solved document by document (Hsieh et al. 2008, "A dual coordinate descent method for
large-scale linear SVM", algorithm 1). The weights of 16 labels lie beside each other, in one line
of the processor's cache, so that an entry of a document costs one access for all of them.

Sums and products are rounded one by one, in an order that is written here: the same input gives the
same bits whatever the processor and however wide its registers are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, register_model

LANES = 16
_HALVES = (8, 4, 2, 1)
_LONGEST_WAIT = 7
"""Passes that a document is left out of at most; as many and one without a large step see all."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_PLACES = ir.VectorType(ir.IntType(32), LANES)
_FIRST = ir.Constant(ir.IntType(32), 0)


class _LanesType(types.Type):  # type: ignore[misc]
    """16 numbers in float32, one for each label."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _place(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    start = builder.mul(row, ir.Constant(row.type, LANES))
    return builder.bitcast(builder.gep(data, [start]), _VECTOR.as_pointer())


@intrinsic  # type: ignore[untyped-decorator]
def _load(typing: Any, array: Any, row: Any) -> Any:  # noqa: ARG001
    """Return a row of an array (rows, 16) float32."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load(_place(context, builder, signature.args[0], *given), align=4)

    return _lanes(array, types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _store(typing: Any, array: Any, row: Any, values: Any) -> Any:  # noqa: ARG001
    """Write a row of an array (rows, 16) float32."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        *where, stored = given
        builder.store(stored, _place(context, builder, signature.args[0], *where), align=4)
        return context.get_dummy_value()

    return types.void(array, types.uint64, _lanes), generate


@intrinsic  # type: ignore[untyped-decorator]
def _all(typing: Any, number: Any) -> Any:  # noqa: ARG001
    """Return a number 16 times."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        one = builder.insert_element(nothing, given[0], _FIRST)
        return builder.shuffle_vector(one, nothing, ir.Constant(_PLACES, [0] * LANES))

    return _lanes(types.float32), generate


def _binary(generate: Callable[[Any, Any, Any], Any]) -> Any:
    """Return what combines two times 16 numbers, lane by lane."""

    @intrinsic  # type: ignore[untyped-decorator]
    def combine(typing: Any, left: Any, right: Any) -> Any:  # noqa: ARG001
        return _lanes(_lanes, _lanes), lambda _context, builder, _signature, given: generate(
            builder, *given
        )

    return combine


def _larger(builder: Any, left: Any, right: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", left, right), left, right)


_plus = _binary(lambda builder, left, right: builder.fadd(left, right))
_minus = _binary(lambda builder, left, right: builder.fsub(left, right))
_times = _binary(lambda builder, left, right: builder.fmul(left, right))
_maximum = _binary(_larger)


@intrinsic  # type: ignore[untyped-decorator]
def _largest(typing: Any, values: Any) -> Any:  # noqa: ARG001
    """Return the largest of 16 numbers."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        best = given[0]
        for half in _HALVES:
            turned = [(lane + half) % LANES for lane in range(LANES)]
            others = builder.shuffle_vector(best, best, ir.Constant(_PLACES, turned))
            best = _larger(builder, best, others)
        return builder.extract_element(best, _FIRST)

    return types.float32(_lanes), generate


def _descend(
    offsets: Any,
    features: Any,
    values: Any,
    signs: Any,
    softness: Any,
    shrinking: Any,
    weights: Any,
    duals: Any,
    tolerance: Any,
    least_step: Any,
    passes: Any,
    seed: Any,
    halted: Any,
) -> Any:
    """Find the weights (V + 1, 16), with the bias last, and the dual variables (N, 16).

    offsets, features, values: documents in compressed rows; signs: (N, 16) of +1 and -1; softness:
    (N,) 1 / (2 cost); shrinking: (N,) 1 / (x'x + 1 + softness); passes: at least and at most;
    halted: (1,), not 0 where nobody waits any longer.

    A document of which no variable would move by *least_step* is left out of the next 1, 3 and
    from then on 7 passes. It ends when for 8 passes nothing moved by *tolerance*.
    """
    count, last = len(signs), np.uint64(len(weights) - 1)
    nothing, one = _all(np.float32(0)), _all(np.float32(1))
    order = np.arange(count)
    waits, rests = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    done = quiet = 0
    while done < passes[1] and (done < passes[0] or quiet <= _LONGEST_WAIT):
        largest = np.float32(0)
        for place in range(count):
            seed ^= seed << np.uint64(13)  # xorshift, Marsaglia 2003
            seed ^= seed >> np.uint64(7)
            seed ^= seed << np.uint64(17)
            other = place + np.int64(seed % np.uint64(count - place))
            drawn = np.uint64(order[other])
            order[other] = order[place]
            order[place] = drawn
            if waits[drawn]:
                waits[drawn] -= np.uint8(1)
                continue
            if halted[0]:
                return done
            begin, end = offsets[drawn], offsets[drawn + np.uint64(1)]
            first, second, third, fourth = _load(weights, last), nothing, nothing, nothing
            at = begin
            while at + 3 < end:  # four sums: each waits for its own last product only
                row = _load(weights, np.uint64(features[at]))
                first = _plus(first, _times(_all(values[at]), row))
                row = _load(weights, np.uint64(features[at + 1]))
                second = _plus(second, _times(_all(values[at + 1]), row))
                row = _load(weights, np.uint64(features[at + 2]))
                third = _plus(third, _times(_all(values[at + 2]), row))
                row = _load(weights, np.uint64(features[at + 3]))
                fourth = _plus(fourth, _times(_all(values[at + 3]), row))
                at += 4
            while at < end:
                row = _load(weights, np.uint64(features[at]))
                first = _plus(first, _times(_all(values[at]), row))
                at += 1
            margins = _plus(_plus(first, second), _plus(third, fourth))
            sign, dual = _load(signs, drawn), _load(duals, drawn)
            slope = _minus(_times(margins, sign), one)
            slope = _plus(slope, _times(dual, _all(softness[drawn])))
            moved = _maximum(_minus(dual, _times(slope, _all(shrinking[drawn]))), nothing)
            step = _minus(moved, dual)
            size = _largest(_maximum(step, _minus(nothing, step)))
            largest = max(largest, size)
            if size < least_step:
                rests[drawn] = min(2 * rests[drawn] + 1, _LONGEST_WAIT)
                waits[drawn] = rests[drawn]
                continue
            rests[drawn] = 0
            _store(duals, drawn, moved)
            step = _times(step, sign)
            _store(weights, last, _plus(_load(weights, last), step))
            for entry in range(begin, end):
                feature = np.uint64(features[entry])
                change = _times(_all(values[entry]), step)
                _store(weights, feature, _plus(_load(weights, feature), change))
        done += 1
        quiet = quiet + 1 if largest < tolerance else 0
    return done


_ROWS = types.Array(types.float32, 2, "C")
_SIGNATURE = types.int64(
    types.Array(types.int64, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.float32, 1, "C"),
    _ROWS,
    types.Array(types.float32, 1, "C"),
    types.Array(types.float32, 1, "C"),
    _ROWS,
    _ROWS,
    types.float32,
    types.float32,
    types.UniTuple(types.int64, 2),
    types.uint64,
    types.Array(types.uint8, 1, "C"),
)


def _compile() -> Any:
    """Compile, or take what was kept by numba: beside this file, or in the user's cache."""
    try:
        return njit(_SIGNATURE, nogil=True, error_model="numpy", cache=True)(_descend)
    except Exception:  # no place for it that can be written, or what stands there is damaged
        return njit(_SIGNATURE, nogil=True, error_model="numpy")(_descend)


descend = _compile()
