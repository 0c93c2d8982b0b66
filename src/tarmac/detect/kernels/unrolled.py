"""Kernels whose loops are unrolled at compile time: steps over tuples of numbers that stay in the processor's registers.

A function under `@unrolled` is plain Python over numbers and lists of them. For each length of its arguments it runs
once, on placeholders that record each sum and product; the compiled kernel that calls it gets that record as straight-line
code, without loops, indices or arrays. It takes doubles, lanes (lanes.py) and tuples of either, and returns lanes and
tuples of lanes. Arithmetic stays in the order written.
"""

import operator
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from tarmac.detect.kernels.lanes import VECTOR, lanes, row_of, spread


class Number:
    """A placeholder: the index of its value in the record."""

    def __init__(self, record: list[Any], entry: Any) -> None:
        self.record, self.place = record, len(record)
        record.append(entry)


def _operator(instruction: str, *, turned: bool = False) -> Callable[[Number, Any], Number]:
    def operate(number: Number, other: Any) -> Number:
        places = number.place, _number(number.record, other).place
        return Number(number.record, (instruction, *(reversed(places) if turned else places)))

    return operate


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    setattr(Number, f"__{_name}__", _operator(_instruction))
    setattr(Number, f"__r{_name}__", _operator(_instruction, turned=True))


def _number(record: list[Any], value: Any) -> Number:
    return value if isinstance(value, Number) else Number(record, float(value))


def unrolled(function: Callable[..., Any]) -> Any:
    """Make a function of numbers and lists of numbers callable from compiled kernels."""

    def typed(typing, *arguments):
        del typing
        record: list[Any] = []
        given = [
            [Number(record, (k, part)) for part in range(len(kind))]
            if isinstance(kind, types.BaseTuple)
            else Number(record, (k, None))
            for k, kind in enumerate(arguments)
        ]
        result = function(*given)
        results = result if isinstance(result, tuple) else (result,)
        # Constants among the results join the record before it is replayed.
        parts = [
            [_number(record, n) for n in each] if isinstance(each, list) else _number(record, each) for each in results
        ]
        kinds = [types.UniTuple(lanes, len(part)) if isinstance(part, list) else lanes for part in parts]
        kind = types.Tuple(kinds) if isinstance(result, tuple) else kinds[0]

        def lowered(context, builder, sig, args):
            known = _replayed(builder, record, args[0])
            made = [
                context.make_tuple(builder, kind, [known[n.place] for n in part])
                if isinstance(part, list)
                else known[part.place]
                for part, kind in zip(parts, kinds, strict=True)
            ]
            return context.make_tuple(builder, sig.return_type, made) if isinstance(result, tuple) else made[0]

        return signature(kind, types.StarArgTuple(arguments)), lowered

    return intrinsic(typed)


def total(numbers: Iterable[Any]) -> Any:
    """The sum, for use in unrolled functions: without the zero with which Python's own begins."""
    return reduce(operator.add, numbers) if (numbers := list(numbers)) else 0.0


def _replayed(builder, record, given):
    """The record as instructions: the value at each index."""
    known = []
    for entry in record:
        match entry:
            case float():
                known.append(ir.Constant(VECTOR, [entry] * VECTOR.count))
            case (str() as instruction, left, right):
                known.append(getattr(builder, instruction)(known[left], known[right]))
            case (argument, part):
                value = builder.extract_value(given, argument if part is None else (argument, part))
                known.append(value if value.type == VECTOR else spread(builder, value))
    return known


def _load_all(typing, array, first, numbers):
    """As many rows as `numbers` has elements, from row `first` on."""

    def lowered(context, builder, sig, args):
        # Otherwise, in some processes, half of the values that do not fit into registers lie across two cache lines.
        builder.function.attributes.alignstack = 8 * VECTOR.count
        builder.function.attributes.add("nounwind")  # llvmlite writes no alignment without another attribute
        loaded = [builder.load(pointer, align=8) for pointer in _pointers(context, builder, sig, args, len(numbers))]
        return context.make_tuple(builder, sig.return_type, loaded)

    del typing, first
    return signature(types.UniTuple(lanes, len(numbers)), array, types.intp, numbers), lowered


def _store_all(typing, array, first, values):
    """Write the values to as many rows, from row `first` on."""

    def lowered(context, builder, sig, args):
        for k, pointer in enumerate(_pointers(context, builder, sig, args, len(values))):
            builder.store(builder.extract_value(args[2], k), pointer, align=8)

    del typing, first
    return signature(types.void, array, types.intp, values), lowered


def _pointers(context, builder, sig, args, count):
    """Write to that many rows of the first argument, from the row in the second one on."""
    array, first = args[:2]
    rows = [builder.add(first, ir.Constant(first.type, k)) for k in range(count)]
    return [row_of(context, builder, sig.args[0], array, row) for row in rows]


take_all: Any = intrinsic(_load_all)
put_all: Any = intrinsic(_store_all)
