"""Functions on recorded tensors: `grad`, to any order, and `op`, to add an op of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import autograd
from .autograd import Node
from .errors import GraphError
from .ops.op import Domain, Op, Vjp, arrayed, check_shapes, interval
from .tensor import Tensor, seed


def grad(
    y: Tensor, x: Tensor | Sequence[Tensor], grad: ArrayLike | Tensor | None = None, create_graph: bool = False
) -> Any:
    """∂y/∂x for one tensor or a list of them, without touching any `.grad`.

    Parameters
    ----------
    y : Tensor
        A scalar, or any shape together with `grad`.
    x : Tensor or sequence of Tensor
        Leaves or intermediates that require a gradient.
    grad : array_like or Tensor, optional
        Gradient of the cost with respect to `y`, same shape.
    create_graph : bool
        True: the results are Tensors, themselves recorded, so `grad` of them gives second
        derivatives, and so on to any order.

    Returns
    -------
    ndarray or Tensor, or a list of them
        0 where `y` does not depend on the tensor.

    Raises
    ------
    GraphError
        If `y` is not a Tensor, or a tensor of `x` does not require a gradient.
    ShapeError
        If `grad` is missing for a `y` that is not a scalar, or has another shape.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> (first,) = tg.grad(x**3, [x], create_graph=True)
    >>> first.item(), tg.grad(first, x).item()
    (27.0, 18.0)
    """
    single = isinstance(x, Node)
    wanted: list[Any] = [x] if single else list(x)
    for i, t in enumerate(wanted):
        if not isinstance(t, Node) or not t.requires_grad:
            raise GraphError(f"grad: x[{i}] must be a Tensor with requires_grad=True; got {autograd.label(t)}")
    if not isinstance(y, Node):
        raise GraphError(f"grad: y must be a Tensor; got {autograd.label(y)}")
    result = _as_tensor if create_graph else arrayed
    found = {t: result(np.zeros_like(t._data)) for t in wanted}

    def visit(node: Node, g: Any) -> None:
        if node in found:
            found[node] = result(g)

    if y.requires_grad:
        start: Any = seed(y, grad)
        if create_graph:
            start = grad if isinstance(grad, Tensor) else Tensor(start)
        for leaf, g in autograd.walk(y, start, visit, record=create_graph).items():
            visit(leaf, g)
    results = [found[t] for t in wanted]
    return results[0] if single else results


def op(
    name: str,
    forward: Callable[..., Any],
    vjp: Vjp | Sequence[Vjp | None],
    formula: Sequence[Any] = (),
    domain: Domain | Sequence[Domain] | tuple[float, float] | None = None,
    **record: Any,
) -> Op:
    """Make an op of your own from its forward function and its local gradients.

    Parameters
    ----------
    name : str
        What errors, tables and pictures call it.
    forward : callable
        `forward(*inputs)` on arrays, returning an array.
    vjp : callable or tuple of callables
        One per input, `vjp(g, y, *inputs)`: from the gradient `g` at the output to the gradient at
        that input, in NumPy calls.
    formula : tuple of str, optional
        The local gradients as text, in g, y and the input names.
    domain : (low, high) or callable, optional
        Where to sample inputs, for checks.
    **record
        More fields of the record: see `tinygrad_cn.ops.op.Op`.

    Returns
    -------
    Op
        Call it on Tensors or arrays.

    Raises
    ------
    OpError
        If the number of vjps or of their arguments is wrong.
    ShapeError
        If a vjp returns another shape than its input's.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> cube = tg.op("cube", lambda x: x**3, vjp=lambda g, y, x: g * 3 * x**2, formula="g ⊙ 3x²")
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    array([ 3., 12.])
    """
    made = Op(
        name,
        forward,
        (vjp,) if callable(vjp) else vjp,
        (formula,) if isinstance(formula, str) else formula,
        **{"broadcasts": "cases" not in record, **_domain(domain), **record},
    )
    check_shapes(made)
    return made


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def _domain(domain: Any) -> dict[str, Any]:
    if domain is None:
        return {}
    if isinstance(domain, tuple) and len(domain) == 2 and not callable(domain[0]):
        return {"domain": interval(*domain)}
    return {"domain": domain}
