"""A run of a net on a sample, as a list of op calls.

A net is run on the sample and on other values: what differs between the two runs would be wrong for other data, and is
refused. `sizes` then runs it on samples of other sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ... import autograd, nn
from ...autograd import Node, data_of
from ...errors import ExportError
from ...files import Array
from ...nn.attention import causal_mask
from ...nn.recurrent import unroller
from ...tensor import Tensor
from .call import Argument, Call, Constant, Input, Padding, Result, Trace
from .sequence import unrolled

Known = dict[Node, Argument]


def traced(net: Callable[..., Any], inputs: tuple[Array, ...]) -> Trace:
    """Run a net and list its calls.

    Raises
    ------
    ExportError
        If the result depends on the inputs in a way that is not recorded.
    """
    first = run(net, inputs)
    if not any(isinstance(output, (Result, Input)) for output in first.outputs):
        raise ExportError("the output does not depend on the sample through recorded ops")
    _require_same(first, run(net, tuple(map(_other_values, inputs))))
    return first


@contextmanager
def evaluation(net: Any) -> Iterator[None]:
    """Evaluation mode, with every parameter recorded and recurrent layers in one op; all is put back in the end."""
    modules = list(net.modules()) if isinstance(net, nn.Module) else []
    parameters = net.parameters() if isinstance(net, nn.Module) else []
    before = [module.training for module in modules], [parameter.requires_grad for parameter in parameters]
    recording, whole = autograd.mode.set(autograd.RECORD), unroller.set(unrolled)
    try:
        for module in modules:
            module.training = False
        for parameter in parameters:
            parameter.requires_grad = True
        yield
    finally:
        autograd.mode.reset(recording)
        unroller.reset(whole)
        for module, training in zip(modules, before[0], strict=True):
            module.training = training
        for parameter, needs in zip(parameters, before[1], strict=True):
            parameter.requires_grad = needs


# ---- one run ----------------------------------------------------------------------------------------


def run(net: Callable[..., Any], inputs: tuple[Array, ...]) -> Trace:
    """The calls of one run."""
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
    if not any(isinstance(part, (Input, Padding, Result)) for part in (*arguments, *_flat(list(options.values())))):
        return None
    shapes = tuple(np.shape(data_of(x)) for x in node._inputs)
    return Call(node._op, arguments, options, node.name, shapes, shapes)


def _argument(x: Any, known: Known, given: Sequence[Any]) -> Argument:
    if not isinstance(x, Node):
        located = _located(x, given)
        if located is None or isinstance(located, Input):
            return located
        return _padding(np.asarray(x), given) or Constant(np.array(x))
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


def _padding(mask: Array, given: Sequence[Any]) -> Padding | None:
    """The lengths that a mask (m, …, T) is made of, as `nn.padding_mask` and attention do; known by its entries.

    That the entries are no chance is seen when the runs are compared.
    """
    if mask.dtype != bool or mask.ndim < 2 or not mask.size:
        return None
    found = [
        Padding(k, causal)
        for k, lengths in enumerate(given)
        if isinstance(lengths, np.ndarray) and lengths.shape == (len(mask),)
        for causal in (False, True)
        if _is_padding(mask, lengths, causal)
    ]
    if len(found) > 1:
        names = " and ".join(f"X{padding.k + 1}" for padding in found)
        raise ExportError(f"a mask may be of {names}: give a sample in which these lengths differ")
    return found[0] if found else None


def _is_padding(mask: Array, lengths: Array, causal: bool) -> bool:
    """Whether a mask is True up to the length of each sample, and if causal up to the row; then it has several rows."""
    rows = mask.reshape(len(mask), -1, mask.shape[-1])
    real = (np.arange(rows.shape[2]) < lengths[:, None])[:, None]
    if not causal:
        return same(rows, real)
    return 1 < rows.shape[1] == mask.shape[-2] and lengths.max() > 1 and same(rows, real & causal_mask(*rows.shape[1:]))


def _lies_in(a: Array) -> tuple[Any, ...]:
    """Where an array is in memory, and how."""
    return a.__array_interface__["data"], a.shape, a.strides, a.dtype


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _flat(part)
    else:
        yield value


# ---- two runs ---------------------------------------------------------------------------------------


def _other_values(x: Array) -> Array:
    """Values of the same kind, of other sizes and signs; ids come in another order, or lower, so that they stay ids."""
    if x.dtype.kind != "f":
        turned = np.array(np.flip(x))
        return turned if np.any(turned != x) else np.maximum(x - 1, 0)
    factor = np.random.default_rng(0).uniform(-1.0, -0.5, x.shape).astype(x.dtype)
    return np.array(np.flip(x) * factor if np.any(x) else factor)


def same(a: Any, b: Any) -> bool:
    """Equal, whatever it is an array, a slice or a tuple of; NaN equals NaN.

    Examples
    --------
    >>> same((0, np.array([np.nan])), (0, np.array([np.nan])))
    True
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        return a.shape == b.shape and a.dtype == b.dtype and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Constant) and isinstance(b, Constant):
        return same(a.array, b.array)
    return bool(a == b)


def require_steps(a: Trace, b: Trace, why: str, remedy: str = "") -> None:
    """Refuse two runs that did not call the same ops; the remedy is put after the reason.

    Raises
    ------
    ExportError
        Saying what the runs differ in.
    """
    if [call.op for call in a.calls] != [call.op for call in b.calls]:
        raise ExportError(f"the net makes other steps for {why}: an if or a loop depends on it{remedy}")


def _require_same(a: Trace, b: Trace) -> None:
    """Refuse what depends on the values but is not recorded, such as the mask of a comparison."""
    require_steps(a, b, "other values")
    for i, (call, other) in enumerate(zip(a.calls, b.calls, strict=True)):
        if not same(call.arguments, other.arguments) or not same(
            tuple(call.options.values()), tuple(other.options.values())
        ):
            raise ExportError(
                f"call {i + 1}, {call.op.name}, takes an array that depends on the sample without being recorded, "
                f"such as a comparison, an argmax or a float(): it would be wrong for other data"
            )
    if not same(a.outputs, b.outputs):
        raise ExportError("an output depends on the sample without being recorded: it would be wrong for other data")
