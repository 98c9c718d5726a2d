"""What a net does to a sample, as a list of op calls, and what of it changes with the number of samples.

A net is run three times: on the sample, on other values, and on one sample more. What differs between the first two
runs would be wrong for other data, and is refused. What differs between the first and the third tells which sizes are
multiples of m, the number of samples, which then stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ... import autograd, nn
from ...autograd import Node, data_of
from ...errors import ExportError, TinygradError
from ...files import Array
from ...ops.op import Op
from ...tensor import Tensor

Shape = tuple[int, ...]
Size = int | str | None  # of an axis: a number, "m", or something that depends on m
SAMPLE_AXES = {"f2": 1, "f3": 1, "f4": 0, "i2": 0, "i3": 1}  # columns, sequences, images; ids (m, T) and (1, m, T)
SHAPED = ("reshape", "broadcast_to")  # ops whose option `shape` may depend on the number of samples
FIXED = "; samples=False fixes the number of samples"


@dataclass(frozen=True)
class Samples:
    """A size that is so many times the number of samples."""

    times: int


Dim = int | Samples


@dataclass(frozen=True)
class Input:
    """The k-th input of the net, or its only row: of ids (1, m, T) an embedding takes (m, T)."""

    k: int
    row: bool = False


@dataclass(frozen=True)
class Result:
    """The result of the i-th call."""

    i: int


@dataclass(frozen=True, eq=False)
class Constant:
    """A value that does not depend on the inputs, and its size if it grows with the number of samples."""

    array: Array
    name: str | None = None
    dims: tuple[Dim, ...] | None = None


Argument = Input | Result | Constant | None
Known = dict[Node, Argument]


@dataclass(frozen=True, eq=False)
class Call:
    """One recorded op: where its inputs come from, their shapes, and which axes grow with the number of samples."""

    op: Op
    arguments: tuple[Argument, ...]
    options: Mapping[str, Any]
    name: str | None
    shapes: tuple[Shape, ...]
    grows: tuple[tuple[bool, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class Trace:
    """The calls of one run, and which of them give the outputs."""

    inputs: tuple[Array, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Argument, ...]
    sizes: tuple[tuple[Size, ...], ...]  # of the outputs
    growing: bool = False  # whether the number of samples is open


def sample_axis(x: Array) -> int | None:
    """The axis of an input that counts samples, or None if it has none.

    Examples
    --------
    >>> sample_axis(np.zeros((64, 28, 28, 1))), sample_axis(np.zeros((12288, 209))), sample_axis(np.zeros(3))
    (0, 1, None)
    """
    return SAMPLE_AXES.get(f"{'f' if x.dtype.kind == 'f' else 'i'}{x.ndim}")


def traced(net: Callable[..., Any], inputs: tuple[Array, ...], samples: bool) -> Trace:
    """Run a net and list its calls; with `samples`, see what grows with the number of samples.

    Raises
    ------
    ExportError
        If the result depends on the inputs in a way that is not recorded.
    """
    with _evaluation(net):
        first = _run(net, inputs)
        if not any(isinstance(output, (Result, Input)) for output in first.outputs):
            raise ExportError("the output does not depend on the sample through recorded ops")
        _require_same(first, _run(net, tuple(map(_other_values, inputs))))
        if not samples or all(sample_axis(x) is None for x in inputs):
            return first
        try:
            more = _run(net, tuple(map(_one_more, inputs)))
        except (TinygradError, ValueError, IndexError) as error:
            raise ExportError(f"the net does not take another number of samples: {error}{FIXED}") from error
    return _growing(first, more, _count(inputs))


# ---- one run ----------------------------------------------------------------------------------------


@contextmanager
def _evaluation(net: Any) -> Iterator[None]:
    """Evaluation mode, with every parameter recorded; all is put back in the end."""
    modules = list(net.modules()) if isinstance(net, nn.Module) else []
    parameters = net.parameters() if isinstance(net, nn.Module) else []
    before = [module.training for module in modules], [parameter.requires_grad for parameter in parameters]
    token = autograd.mode.set(autograd.RECORD)
    try:
        for module in modules:
            module.training = False
        for parameter in parameters:
            parameter.requires_grad = True
        yield
    finally:
        autograd.mode.reset(token)
        for module, training in zip(modules, before[0], strict=True):
            module.training = training
        for parameter, needs in zip(parameters, before[1], strict=True):
            parameter.requires_grad = needs


def _run(net: Callable[..., Any], inputs: tuple[Array, ...]) -> Trace:
    given: list[Any] = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x.copy() for x in inputs]
    with np.errstate(all="ignore"):  # other values need not be in the domain of every op
        result = net(*given)
    outputs = result if isinstance(result, tuple) else (result,)
    if not all(isinstance(y, Tensor) for y in outputs):
        raise ExportError(f"the net must return a Tensor or a tuple of them; got {type(result).__name__}")
    nodes = {node for y in outputs if y.requires_grad for node in autograd.ancestors(y)}
    known: Known = {x: Input(k) for k, x in enumerate(given) if isinstance(x, Node)}
    calls: list[Call] = []
    for node in sorted(nodes, key=autograd.by_birth):
        call = _call(node, known, given)
        if call is not None:
            known[node] = Result(len(calls))
            calls.append(call)
    return Trace(
        inputs, tuple(calls), tuple(_argument(y, known, given) for y in outputs), tuple(y.shape for y in outputs)
    )


def _call(node: Node, known: Known, given: Sequence[Any]) -> Call | None:
    """The call that made a node, or None if it does not depend on the inputs."""
    if node._op is None:
        return None
    arguments = tuple(_argument(x, known, given) for x in node._inputs)
    options = {name: _located(value, given) for name, value in (node._options or {}).items()}
    if not any(isinstance(part, (Input, Result)) for part in (*arguments, *_flat(list(options.values())))):
        return None
    return Call(node._op, arguments, options, node.name, tuple(np.shape(data_of(x)) for x in node._inputs))


def _argument(x: Any, known: Known, given: Sequence[Any]) -> Argument:
    if not isinstance(x, Node):
        located = _located(x, given)
        return located if located is None or isinstance(located, Input) else Constant(np.array(located))
    if x not in known:
        known[x] = Constant(x._data.copy(), x.name)  # once for weights that are used in every time step
    return known[x]


def _located(value: Any, given: Sequence[Any]) -> Any:
    """An option or array, with inputs of whole numbers found in it: they are known by the memory they lie in."""
    if isinstance(value, tuple):
        return tuple(_located(part, given) for part in value)
    if isinstance(value, np.ndarray):
        for k, x in enumerate(given):
            if isinstance(x, np.ndarray) and _lies_in(value) == _lies_in(x):
                return Input(k)
            if isinstance(x, np.ndarray) and len(x) == 1 and _lies_in(value) == _lies_in(x[0]):
                return Input(k, row=True)
    return value


def _lies_in(a: Array) -> tuple[Any, ...]:
    """Where an array is in memory, and how."""
    return a.__array_interface__["data"], a.shape, a.strides, a.dtype


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _flat(part)
    else:
        yield value


# ---- other inputs -----------------------------------------------------------------------------------


def _other_values(x: Array) -> Array:
    """Values of the same kind, of other sizes and signs; ids only come in another order, so that they stay ids."""
    if x.dtype.kind != "f":
        return np.array(np.flip(x))
    factor = np.random.default_rng(0).uniform(-1.0, -0.5, x.shape).astype(x.dtype)
    return np.array(np.flip(x) * factor if np.any(x) else factor)


def _one_more(x: Array) -> Array:
    axis = sample_axis(x)
    return x if axis is None else np.concatenate([x, np.take(x, [0], axis)], axis)


def _count(inputs: tuple[Array, ...]) -> int:
    """The number of samples."""
    counts = {x.shape[axis] for x in inputs if (axis := sample_axis(x)) is not None}
    if len(counts) > 1:
        raise ExportError(f"the inputs have different numbers of samples: {sorted(counts)}{FIXED}")
    return int(counts.pop())


# ---- comparison -------------------------------------------------------------------------------------


def _same(a: Any, b: Any) -> bool:
    """Equal, whatever it is an array, a slice or a tuple of; NaN equals NaN."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        return a.shape == b.shape and a.dtype == b.dtype and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, Constant) and isinstance(b, Constant):
        return _same(a.array, b.array)
    return bool(a == b)


def _steps(a: Trace, b: Trace, why: str) -> Iterator[tuple[Call, Call]]:
    """The calls of two runs side by side."""
    if [call.op for call in a.calls] != [call.op for call in b.calls]:
        raise ExportError(f"the net makes other steps for {why}: an if or a loop depends on it")
    yield from zip(a.calls, b.calls, strict=True)


def _require_same(a: Trace, b: Trace) -> None:
    """Refuse what depends on the values but is not recorded, such as the mask of a comparison."""
    for i, (call, other) in enumerate(_steps(a, b, "other values")):
        if not _same(call.arguments, other.arguments) or not _same(
            tuple(call.options.values()), tuple(other.options.values())
        ):
            raise ExportError(
                f"call {i + 1}, {call.op.name}, takes an array that depends on the sample without being recorded, "
                f"such as a comparison, an argmax or a float(): it would be wrong for other data"
            )
    if not _same(a.outputs, b.outputs):
        raise ExportError("an output depends on the sample without being recorded: it would be wrong for other data")


def _growing(a: Trace, b: Trace, m: int) -> Trace:
    """The first run, with sizes that grow from m to m + 1 samples marked."""
    calls = []
    for i, (call, more) in enumerate(_steps(a, b, "another number of samples")):
        try:
            calls.append(_grown(call, more, m))
        except ValueError as error:
            raise ExportError(
                f"call {i + 1}, {call.op.name}, depends on the number of samples: {error}{FIXED}"
            ) from None
    sizes = tuple(tuple(map(partial(_size, m=m), *shapes)) for shapes in zip(a.sizes, b.sizes, strict=True))
    return replace(a, calls=tuple(calls), sizes=sizes, growing=True)


def _size(n: Size, more: Size, m: int) -> Size:
    return n if n == more else "m" if (n, more) == (m, m + 1) else None


def _grown(call: Call, more: Call, m: int) -> Call:
    arguments = tuple(_grown_argument(x, y, m) for x, y in zip(call.arguments, more.arguments, strict=True))
    options = dict(call.options)
    for name, value in options.items():
        other = more.options[name]
        if call.op.name in SHAPED and name == "shape":
            options[name] = _dims(_tuple(value), _tuple(other), m)
        elif not _same(value, other):
            raise ValueError(f"its option {name} is {value}, then {other}")
    return replace(call, arguments=arguments, options=options, grows=tuple(map(_differ, call.shapes, more.shapes)))


def _grown_argument(x: Argument, y: Argument, m: int) -> Argument:
    """A constant that grows must be the same for every sample; it is kept for one."""
    if _same(x, y):
        return x
    if not isinstance(x, Constant) or not isinstance(y, Constant) or x.array.ndim != y.array.ndim:
        raise ValueError("its inputs are others")
    dims = _dims(x.array.shape, y.array.shape, m)
    one = tuple(slice(0, 1) if isinstance(dim, Samples) else slice(None) for dim in dims)
    if not _same(np.broadcast_to(x.array[one], y.array.shape), y.array):
        raise ValueError(f"a constant of shape {x.array.shape} is not the same for every sample")
    return replace(x, array=x.array[one], dims=dims)


def _dims(a: Shape, b: Shape, m: int) -> tuple[Dim, ...]:
    if len(a) != len(b):
        raise ValueError(f"a shape is {a}, then {b}")
    return tuple(n if n == more else _times(n, more, m) for n, more in zip(a, b, strict=True))


def _times(n: int, more: int, m: int) -> Samples:
    if n % m or more != n // m * (m + 1):
        raise ValueError(f"a size is {n} for {m} samples, {more} for {m + 1}")
    return Samples(n // m)


def _tuple(shape: Any) -> Shape:
    return tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)


def _differ(a: Shape, b: Shape) -> tuple[bool, ...]:
    return tuple(n != more for n, more in zip(a, b, strict=True))
