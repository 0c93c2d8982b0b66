"""Eight numbers at a time: a numba type for the processor's vectors, so that eight parameter sets share one pass.

`take(array, k)` and `put(array, k, value)` read and write row k of an array of rows × LANES. Operations are lane by lane,
in the order written; nothing is reordered, so a lane's result depends neither on other lanes nor on the processor.
"""

# mypy: disable-error-code="call-arg"
# An intrinsic is called without its first argument, the typing context, which numba adds.

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from tarmac.detect.kernels.compiled import compiled
from tarmac.detect.panel import FloatArray

LANES = 8
"""One vector of AVX-512, two of AVX2, four of NEON."""

VECTOR = ir.VectorType(ir.DoubleType(), LANES)


def in_lanes(numbers: FloatArray) -> FloatArray:
    """The numbers as rows that are the same in every lane."""
    return np.repeat(numbers, LANES).reshape(-1, LANES)


class LanesType(types.Type):
    """Eight doubles in one value."""

    def __init__(self):
        super().__init__(name="lanes")


lanes = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, VECTOR)


class _Arithmetic(ConcreteTemplate):
    cases = [  # noqa: RUF012 - numba's own way to list signatures
        signature(lanes, lanes, lanes),
        signature(lanes, lanes, types.float64),
        signature(lanes, types.float64, lanes),
    ]


def spread(builder, value):
    """A number in every lane."""
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), everywhere)


def _lower(operation, instruction):
    def lowered(context, builder, sig, args):
        del context
        vectors = [
            spread(builder, value) if kind is types.float64 else value
            for kind, value in zip(sig.args, args, strict=True)
        ]
        return getattr(builder, instruction)(*vectors)

    infer_global(operation)(_Arithmetic)
    for case in _Arithmetic.cases:
        lower_builtin(operation, *case.args)(lowered)


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _lower(_operation, _instruction)


def row_of(context, builder, array_type, array, row):
    """A pointer to a row's eight numbers."""
    made = context.make_array(array_type)(context, builder, array)
    start = builder.gep(made.data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(start, VECTOR.as_pointer())


def _take(typing, array, row):
    """The eight numbers of a row. The caller checks bounds."""

    def lowered(context, builder, sig, args):
        return builder.load(row_of(context, builder, sig.args[0], *args), align=8)

    del typing, row
    return lanes(array, types.intp), lowered


take: Any = intrinsic(_take)


def _put(typing, array, row, value):
    """Write a row; a single number is written to every lane."""

    def lowered(context, builder, sig, args):
        eight = args[2] if sig.args[2] is lanes else spread(builder, args[2])
        builder.store(eight, row_of(context, builder, sig.args[0], *args[:2]), align=8)

    del typing, row
    return types.void(array, types.intp, value if value is lanes else types.float64), lowered


put: Any = intrinsic(_put)


def _everywhere(typing, value):
    """A number in every lane."""

    def lowered(context, builder, sig, args):
        del context, sig
        return spread(builder, args[0])

    del typing, value
    return lanes(types.float64), lowered


everywhere: Any = intrinsic(_everywhere)


def _called(name, result):
    """An LLVM intrinsic of one vector, as numba lowers it."""

    def lowered(context, builder, sig, args):
        del context, sig
        kind = ir.FunctionType(result, [VECTOR])
        known = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(known, args)

    return lowered


def _exceeds(typing, value, limit):
    """Whether any lane is above the limit; NaN is not."""

    def lowered(context, builder, sig, args):
        del context, sig
        each = builder.fcmp_ordered(">", args[0], spread(builder, args[1]))
        mask = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(each, mask), ir.Constant(mask, 0))

    del typing
    return types.boolean(value, limit), lowered


exceeds: Any = intrinsic(_exceeds)


def _root(typing, value):
    """The square root."""
    del typing, value
    return lanes(lanes), _called(f"llvm.sqrt.v{LANES}f64", VECTOR)


root: Any = intrinsic(_root)


@compiled
def rows(count):
    """An array of zeros with this many rows, aligned: a vector across two cache lines is read and written at half the speed."""
    numbers = np.zeros((count + 1) * LANES)
    skipped = (-numbers.ctypes.data % (8 * LANES)) // 8
    return numbers[skipped : skipped + count * LANES].reshape(count, LANES)
