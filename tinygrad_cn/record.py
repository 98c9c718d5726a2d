"""Recording: run an op's forward function and note the op and its inputs in a new node.

`apply` does it for any op; `binary` is `apply` unrolled for the operators, where programs spend most
of their calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import autograd
from .autograd import RECORD, Node, clock, mode
from .errors import OpError, ShapeError
from .ops.op import Array, Op, arrayed

if TYPE_CHECKING:
    from .tensor import Tensor

Operand = Any  # a Tensor, an array or a number
PACKAGE = str(Path(__file__).parent)
ndarray = np.ndarray
new = object.__new__

Value: Any = Node  # the class of new nodes; tensor.py, the floor above, puts Tensor here


def fill(
    t: Tensor, data: Array, needs: bool, op: Op | None, inputs: tuple[Any, ...], options: dict[str, Any] | None
) -> Tensor:
    """Set every field of a fresh node."""
    t._data, t._grad, t.requires_grad, t.name = data, None, needs, None
    t._op, t._inputs, t._options, t._state = op, inputs, options, None
    t._born = t._changed = next(clock)
    return t


def apply(op: Op, *inputs: Any, **options: Any) -> Tensor:
    """Run an op's forward function on arrays and Tensors, and record the call."""
    return call(op, inputs, options)


def call(op: Op, inputs: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
    """`apply`, for callers that have the inputs as a tuple and the options as a dict."""
    arrays, needs = [], False
    for x in inputs:
        if isinstance(x, Node):
            arrays.append(x._data)
            needs = needs or x.requires_grad
            if x._state is not None:
                autograd.last_change(x)  # noticed now, as what has changed so far does not matter to the new node
        else:
            arrays.append(x)
    try:
        y = op.forward(*arrays, **options)
    except (ValueError, TypeError, IndexError) as error:
        raise _explain(op, inputs, error) from error
    return _record(y, needs, op, inputs, options or None)


def _record(y: Any, needs: bool, op: Op, inputs: tuple[Any, ...], options: dict[str, Any] | None) -> Tensor:
    if y.__class__ is not ndarray:
        y = arrayed(y)
    t: Tensor = new(Value)
    m, kind = mode.get(), y.dtype.kind
    if needs and m == RECORD and kind == "f":
        return fill(t, y, True, op, inputs, options)
    if needs and kind == "c":
        raise OpError(f"{op.name}({', '.join(map(autograd.label, inputs))}) is complex; gradients are of real numbers")
    if not m & RECORD or kind != "f" or not (needs or any(map(autograd.is_frozen, inputs))):
        return fill(t, y, False, None, (), None)
    fill(t, y, needs, op, inputs, options)
    if m != RECORD:
        autograd.check_value(t, _caller())
    return t


def binary(op: Op, swap: bool = False) -> Callable[[Any, Operand], Tensor]:
    """The operator method of a two-input op: `apply`, unrolled, since programs spend their calls here."""
    forward = op.forward

    def operator(self: Tensor, other: Operand) -> Tensor:
        if isinstance(other, Node):
            b, needs = other._data, self.requires_grad or other.requires_grad
            if other._state is not None:
                autograd.last_change(other)
        else:
            b, needs = other, self.requires_grad
        if self._state is not None:
            autograd.last_change(self)
        inputs = (other, self) if swap else (self, other)
        try:
            y = forward(b, self._data) if swap else forward(self._data, b)
        except (ValueError, TypeError) as error:
            raise _explain(op, inputs, error) from error
        if not (needs and y.__class__ is ndarray and y.dtype is self._data.dtype and mode.get() == RECORD):
            return _record(y, needs, op, inputs, None)
        t: Tensor = new(Value)
        t._data, t._grad, t.requires_grad, t.name = y, None, True, None
        t._op, t._inputs, t._options, t._state = op, inputs, None, None
        t._born = t._changed = next(clock)
        return t

    return operator


def unary(op: Op) -> Callable[[Any], Tensor]:
    """The operator method of a one-input op."""
    return lambda self: call(op, (self,), {})


def compare(f: np.ufunc) -> Callable[[Any, Operand], Array]:
    """Comparisons give plain boolean arrays: nothing flows back through them."""
    return lambda self, other: f(self._data, other._data if isinstance(other, Node) else other)


def _caller() -> str:
    """File and line of the nearest frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _explain(op: Op, inputs: Sequence[Any], error: Exception) -> Exception:
    """The error NumPy raised, with the op, the names and the shapes in front."""
    shapes = [x._data.shape if isinstance(x, Node) else np.shape(x) for x in inputs]
    text = f"{op.name}({', '.join(map(autograd.label, inputs))}): {op.complaint(*shapes) or error}"
    if isinstance(error, (np.linalg.LinAlgError, IndexError)):
        return type(error)(text)
    return OpError(text) if isinstance(error, TypeError) else ShapeError(text)
