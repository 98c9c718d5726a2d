"""The engine: recorded nodes, the backward walk, and the modes that govern recording.

A node is a value together with the op and the inputs that made it. `walk` goes from a node back to
its leaves, always on to the youngest that has a gradient: whatever uses a node is younger than it, so
that gradient is complete. This needs no recursion, and visits every node once. Each step asks the op
for its vjps, undoes broadcasting here and only here, and adds gradients that meet.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Set
from contextvars import ContextVar
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from sys import getrefcount
from typing import Any, ClassVar, Literal

import numpy as np

from .errors import AnomalyError, GraphError, OpError, ShapeError
from .ops.op import Array, Op, arrayed

Keep = Literal["all", "leaves"]
Hook = Callable[[Array], "Array | None"]

RECORD, ANOMALY = 1, 2
mode: ContextVar[int] = ContextVar("mode", default=RECORD)
clock = count()
ndarray = np.ndarray


class Node:
    """A value and how it was made. `Tensor` adds operators and the NumPy protocol."""

    __slots__ = (
        "__weakref__", "_born", "_changed", "_data", "_grad", "_inputs", "_op", "_options", "_state", "name",
        "requires_grad",
    )  # fmt: skip

    learned: ClassVar[bool] = False  # True of parameters

    _data: Array
    _grad: Array | None
    requires_grad: bool
    name: str | None
    _op: Op | None
    _inputs: tuple[Any, ...]
    _options: dict[str, Any] | None
    _born: int
    _changed: int  # the time, on the clock that nodes are born by, when its content was last set
    _state: State | None


def data_of(x: Any) -> Any:
    """The array in a node; everything else as it is."""
    return x._data if isinstance(x, Node) else x


def needs_gradient(x: Any) -> bool:
    """True for a node that a gradient flows back to."""
    return isinstance(x, Node) and x.requires_grad


def is_frozen(x: Any) -> bool:
    """True for a parameter that does not learn now, and for what is computed from such: recorded for chains to read."""
    return isinstance(x, Node) and not x.requires_grad and (x.learned or x._op is not None)


class State:
    """What only some nodes have: a checksum of what was handed out, hooks, the source line that made them."""

    __slots__ = ("checksum", "hooks", "line")

    def __init__(self) -> None:
        self.checksum: int | None = None
        self.hooks: dict[int, Hook] = {}
        self.line: str | None = None


def state(node: Node) -> State:
    """The node's state, made when first needed."""
    if node._state is None:
        node._state = State()
    return node._state


# ---- modes ------------------------------------------------------------------------------------------


def _within(chosen: int) -> Iterator[None]:
    token = mode.set(chosen)
    try:
        yield
    finally:
        mode.reset(token)


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Context manager and decorator: nothing inside is recorded. Local to the thread or task.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    yield from _within(mode.get() & ~RECORD)


@contextlib.contextmanager
def detect_anomaly() -> Iterator[None]:
    """Context manager and decorator: stop at the op and source line where the first NaN or Inf is born.

    Both directions are watched: the forward value of each op, and each gradient in `backward()`.
    Ops recorded before entering have no source line to report.

    Raises
    ------
    AnomalyError
        Naming the op, its inputs, and the line of the caller's source.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> x = tg.tensor([1.0, 0.0], requires_grad=True, name="x")
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.log(x)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    tinygrad_cn.errors.AnomalyError: log(x (2,)) made Inf in 1 of 2 entries, first at (1,), from finite inputs...
    """
    yield from _within(mode.get() | ANOMALY)


# ---- in-place changes -------------------------------------------------------------------------------

SAMPLE = 4096
UNSEEN = -1  # no array has it


def checksum(a: Array) -> int:
    """A fingerprint of an array's content: a CRC when it is small, else a sum and a CRC of a sample."""
    if a.nbytes <= 1 << 16 or a.dtype.itemsize not in (1, 2, 4, 8):
        return zlib.crc32(a.tobytes())
    flat = a.reshape(-1)
    total = int(flat.view(f"u{a.dtype.itemsize}").sum(dtype=np.uint64))
    return total ^ zlib.crc32(flat[:: len(flat) // SAMPLE].tobytes())


def last_change(node: Node) -> int:
    """When the content of `node` was last seen to change. Handed-out arrays are compared with their checksum."""
    s = node._state
    if s is not None and s.checksum is not None:
        now = checksum(node._data)
        if now != s.checksum:
            if s.checksum != UNSEEN:
                node._changed = next(clock)
            s.checksum = now
    return node._changed


def expose(node: Node) -> Array:
    """The raw array, from now on watched for changes."""
    s = state(node)
    if s.checksum is None:
        s.checksum = checksum(node._data)
        for x in node._inputs:
            if isinstance(x, Node) and np.may_share_memory(x._data, node._data):
                expose(x)  # node is a view of x: what is written to one is written to the other
    return node._data


def bump(node: Node) -> None:
    """Say that the content of `node` was changed."""
    node._changed = next(clock)
    s = node._state
    if s is not None and s.checksum is not None:
        s.checksum = UNSEEN  # until it is used: a loop that writes `W.data -= lr * W.grad` is a tenth faster for it


def _check_unchanged(node: Node) -> None:
    """Refuse to go on if an input of `node`, or its value, was changed after it was born."""
    for x in node._inputs:
        if isinstance(x, Node) and last_change(x) > node._born:
            raise GraphError(
                f"{label(x)} was changed in place after {describe_call(node)} had used it, so its gradient would "
                f"be wrong. Change it before the forward pass or after backward(), or work on a copy."
            )
    if last_change(node) > node._born:
        raise GraphError(f"{label(node)}, made by {describe_call(node)}, was changed in place before backward().")


# ---- names for messages -----------------------------------------------------------------------------


def label(x: Any) -> str:
    """A name for a message: `W1 (4, 2)`, or the shape alone."""
    if isinstance(x, Node):
        return f"{x.name or 'a tensor'} {x._data.shape}"
    return f"array {np.shape(x)}" if np.ndim(x) else repr(x)


def describe_call(node: Node) -> str:
    """`matmul(W1 (4, 2), X (2, 400))`."""
    name = node._op.name if node._op is not None else "leaf"
    return f"{name}({', '.join(map(label, node._inputs))})"


# ---- the walk ---------------------------------------------------------------------------------------

by_birth = attrgetter("_born")
NOWHERE: frozenset[Node] = frozenset()


def ancestors(root: Node, until: Set[Node] = NOWHERE, frozen: bool = False) -> list[Node]:
    """Every node `root` depends on that requires a gradient, `root` included, oldest first.

    Nodes of `until` are included, what lies behind them is not. With `frozen`, frozen ones are included as well.
    """
    seen: set[Node] = {root}
    todo = [root]
    order = []
    while todo:
        node = todo.pop()
        order.append(node)
        if node in until:
            continue
        for x in node._inputs:
            if isinstance(x, Node) and (x.requires_grad or (frozen and is_frozen(x))) and x not in seen:
                seen.add(x)
                todo.append(x)
    order.sort(key=by_birth)
    return order


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` over the axes along which an input of `shape` was broadcast."""
    extra = len(g.shape) - len(shape)
    stretched = tuple(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1)
    axes = tuple(range(extra)) + stretched
    return np.sum(g, axis=axes).reshape(shape) if axes else g


def _fit(g: Any, node: Node, i: int, x: Node) -> Any:
    """Bring a vjp's result to the shape and dtype of its input, or refuse it."""
    op, want = node._op, x._data.shape
    assert op is not None
    if g is None:
        raise OpError(f"op {op.name!r}: vjp[{i}] returned None; is its return missing?")
    g = arrayed(g)
    if g.shape != want and op.broadcasts and len(g.shape) >= len(want):
        g = arrayed(unbroadcast(g, want))
    if g.shape != want:
        which = op.inputs[i] if i < len(op.inputs) else f"input {i}"
        raise ShapeError(
            f"op {op.name!r}: the vjp of {which} returned shape {g.shape} for {label(x)}; "
            f"a gradient has the shape of its input"
        )
    return g if g.dtype == x._data.dtype else g.astype(x._data.dtype)


def walk(
    root: Node,
    seed: Any,
    visit: Callable[[Node, Any], None] | None = None,
    *,
    until: Set[Node] = NOWHERE,
    record: bool = False,
    free: bool = False,
) -> dict[Node, Any]:
    """Carry the gradient `seed` of `root` back to the leaves and the nodes of `until`, and return theirs.

    Each node on the way has its gradient shown to `visit(node, g)` before it is passed, once, newest
    first. With `record`, gradients are Tensors and the vjps are recorded; with `free`, a node forgets
    its inputs as soon as it has been passed. A gradient belongs to its node alone.
    """
    gradients: dict[Node, Any] = {root: seed}  # arrays in it are its own, so they are added to in place
    waiting: list[tuple[int, Node]] = []  # a heap of the nodes to be passed, the youngest on top
    if root._op is not None and root not in until:
        waiting.append((-root._born, root))
    watching = mode.get() & ANOMALY
    while waiting:
        node = heappop(waiting)[1]
        g = gradients.pop(node)
        if node._state is not None and node._state.hooks:
            g = _run_hooks(node, g)
        if visit is not None:
            visit(node, g)
        op, inputs, born, options = node._op, node._inputs, node._born, node._options
        assert op is not None
        if op is FREED:
            raise GraphError(FREED.note)
        values = []
        suspect = node._state is not None or node._changed != born
        for x in inputs:
            if isinstance(x, Node):
                values.append(x if record else x._data)
                if x._changed > born or x._state is not None:
                    suspect = True
            else:
                values.append(x)
        if suspect:
            _check_unchanged(node)
        vjps, args = op.vjps, (g, node if record else node._data, *values)
        for i, x in enumerate(inputs):
            if not isinstance(x, Node) or not x.requires_grad:
                continue
            known = gradients.get(x)
            owned = known.__class__ is ndarray and not record
            if owned and op.add_to is not None and not watching:
                op.add_to(known, g, **(options or {}))
                continue
            vjp = vjps[i] if vjps else op.rule(i)
            if vjp is None:
                continue
            gx = vjp(*args) if options is None else vjp(*args, **options)
            data = x._data
            if gx.__class__ is not ndarray or gx.shape != data.shape or gx.dtype is not data.dtype:
                gx = _fit(gx, node, i, x)
            if watching:
                _check_gradient(gx, node, i)
            if owned:
                known += gx
            elif known is not None:
                gradients[x] = known + gx
            else:
                if not record and (getrefcount(gx) > ALONE or _borrowed(gx)):
                    gx = gx.copy()
                gradients[x] = gx
                if x._op is not None and x not in until:
                    heappush(waiting, (-x._born, x))
        if free:
            node._inputs, node._op = (), FREED
    for x, g in gradients.items():
        if x._state is not None and x._state.hooks:
            gradients[x] = _run_hooks(x, g)
    return gradients


def _alone() -> int:
    """The reference count of what only one local variable holds; it depends on the version of Python."""
    x = object()
    return getrefcount(x)


ALONE = _alone()


def _borrowed(a: Array) -> bool:
    """True for a view of memory that somebody else has as well: only `a` and this call know any other base."""
    return a.base is not None and getrefcount(a.base) > 2


FREED = Op(
    "freed",
    np.positive,
    vjp=(None,),
    note='backward(keep="leaves") has freed this graph; run the forward pass again, or use backward(keep="all")',
)


def _run_hooks(node: Node, g: Any) -> Any:
    assert node._state is not None
    for hook in list(node._state.hooks.values()):
        out = hook(g)
        if out is None:
            continue
        if np.shape(out) != node._data.shape:
            raise ShapeError(f"a hook of {label(node)} returned shape {np.shape(out)}; a gradient has the same shape")
        g = out if isinstance(out, Node) else np.array(out, dtype=node._data.dtype)
    return g


# ---- anomaly ----------------------------------------------------------------------------------------


def _bad_entries(a: Any) -> tuple[str, int, tuple[int, ...]] | None:
    a = a._data if isinstance(a, Node) else np.asarray(a)
    if a.dtype.kind != "f" or np.isfinite(a).all():
        return None
    bad = ~np.isfinite(a)
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    return ("NaN" if np.isnan(a[first]) else "Inf"), int(bad.sum()), first


def check_value(node: Node, line: str) -> None:
    """Anomaly mode, forward: refuse a NaN or Inf made from finite inputs; note the source line."""
    state(node).line = line
    found = _bad_entries(node)
    if found is None or any(_bad_entries(x) for x in node._inputs):
        return
    kind, n, first = found
    raise AnomalyError(
        f"{describe_call(node)} made {kind} in {n} of {node._data.size} entries, first at {first}, "
        f"from finite inputs, at {line}"
    )


def _check_gradient(g: Any, node: Node, i: int) -> None:
    found = _bad_entries(g)
    if found is None:
        return
    kind, n, first = found
    line = node._state.line if node._state is not None and node._state.line else "a line recorded outside anomaly mode"
    raise AnomalyError(
        f"backward of {describe_call(node)}: the gradient of {label(node._inputs[i])} became {kind} in {n} entries, "
        f"first at {first}; the op was recorded at {line}"
    )
