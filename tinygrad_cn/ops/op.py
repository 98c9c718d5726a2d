"""An op is one record: forward, local gradients, their formulas, and where to sample it.

The engine, second derivatives, pictures, derivations and the tests all read this record, so a new
op is one new row in one file. A vjp (vector-Jacobian product) is written `vjp(g, y, *inputs)`: it
takes the gradient `g` of the cost with respect to the output `y` and returns the gradient with
respect to one input, in plain NumPy calls. Given arrays it runs at NumPy speed; given Tensors the
NumPy protocol records it, which is where second derivatives come from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import OpError, ShapeError
from .formula import Formula

Array = NDArray[Any]
Vjp = Callable[..., Any]
Domain = Callable[[np.random.Generator, tuple[int, ...]], Array]


def arrayed(x: Any) -> Any:
    """`x` as an array. What stands in for an array while a step is recorded (`compiler`) stays what it is."""
    return x if hasattr(x, "__array_function__") else np.asarray(x)


def interval(low: float, high: float) -> Domain:
    """Uniform samples in [low, high)."""
    return lambda rng, shape: rng.uniform(low, high, shape)


def away_from(kink: float, low: float = -2.0, high: float = 2.0, gap: float = 0.1) -> Domain:
    """Uniform samples in [low, high) that keep `gap` away from a kink."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        x = rng.uniform(low, high, shape)
        return np.where(np.abs(x - kink) < gap, x + 2 * gap, x)

    return draw


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values at least 0.1 apart in random order: no ties for max, sort, partition."""
    size = int(np.prod(shape))
    return (rng.permutation(size) * 0.2 - 0.1 * size + rng.uniform(0, 0.1, size)).reshape(shape)


REAL = interval(-2.0, 2.0)


@dataclass(frozen=True)
class Case:
    """One call the tests make: the shape of each input, and the options."""

    shapes: tuple[tuple[int, ...], ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def case(*shapes: tuple[int, ...], **options: Any) -> Case:
    """`case((3, 4), axis=0)`: one input of shape (3, 4) and the option axis=0."""
    return Case(shapes, options)


ELEMENTWISE = {
    1: (case((3, 4)), case(()), case((0, 3))),
    2: tuple(
        case(a, b)
        for a, b in [
            ((3, 4), (3, 4)),
            ((3, 4), (4,)),
            ((3, 1), (1, 4)),
            ((), (3, 4)),
            ((2, 3, 4), (3, 1)),
            ((), ()),
            ((0, 3), (1, 3)),
        ]
    ),
    3: (case((3, 4), (3, 4), (3, 4)), case((3, 1), (4,), ())),
}


class Op:
    """The record of one primitive operation.

    Parameters
    ----------
    name : str
        How errors, pictures and tables call it.
    forward : callable
        `forward(*inputs, **options)` on arrays; returns one array. Options have a default or are
        keyword-only, which is how they are told from inputs.
    vjp : tuple of callables and None
        One `vjp(g, y, *inputs, **options)` per input; None where nothing flows back. A variadic op
        has a single callable `vjp(i, g, y, *inputs, **options)` instead of a tuple.
    formula : tuple of str or (str, str) or Formula
        The local gradient of each input, in the symbols g, y and the input names: Unicode text, or
        a pair (text, latex).
    text : str
        The forward formula in the same symbols, for instance `"tanh(x)"`.
    domain : callable or tuple of callables
        Where the tests and `gradcheck` sample each input.
    cases : tuple of Case
        Shapes and options the tests call it with.
    broadcasts : bool
        Inputs broadcast against each other; the engine sums gradients back to the input's shape.
    analytic : bool
        `forward` also works on complex arrays and is analytic there, so complex step can referee.
    sequence : bool
        A variadic op whose NumPy spelling takes one sequence: `np.concatenate([x, y])`.
    note : str
        What the op does at a kink or a tie.
    complaint : callable
        `complaint(*shapes)` says in the learner's words why inputs of these shapes do not fit, or "".
    add_to : callable
        `add_to(known, g, **options)` adds the gradient of the only input to `known` in place: for ops that
        read a small part of it, as a loop over the entries of an array does, so that the loop stays linear.

    Raises
    ------
    OpError
        If the number of vjps, formulas or vjp arguments does not match the forward function.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjp: Sequence[Vjp | None] | Vjp,
        formula: Sequence[str | tuple[str, str] | Formula] = (),
        *,
        text: str = "",
        latex: str = "",
        domain: Domain | Sequence[Domain] = REAL,
        cases: Sequence[Case] = (),
        broadcasts: bool = False,
        analytic: bool = False,
        sequence: bool = False,
        note: str = "",
        inputs: Sequence[str] = (),
        complaint: Callable[..., str] | None = None,
        add_to: Callable[..., None] | None = None,
    ) -> None:
        self.name = self.__name__ = name
        self.forward = forward
        self.vjp: Vjp | None = vjp if callable(vjp) else None
        self.vjps: tuple[Vjp | None, ...] = () if callable(vjp) else tuple(vjp)
        self.inputs, self.options = _parameters(self, inputs)
        self.formula = tuple(Formula.of(f) for f in formula)
        self.text = text or f"{name}({', '.join(self.inputs)})"
        self._latex = latex
        n = len(self.vjps) or 1
        self.domains = tuple(domain) if isinstance(domain, Sequence) else (domain,) * n
        self.cases = tuple(cases) or (ELEMENTWISE.get(n, ()) if broadcasts else ())
        self.broadcasts = broadcasts
        self.analytic = analytic
        self.sequence = sequence
        self.note = note
        self.complaint = complaint or (lambda *shapes: "")
        self.add_to = add_to
        self.__doc__ = _describe(self)
        _check_arity(self)

    @property
    def latex(self) -> str:
        """The forward formula as LaTeX."""
        return Formula(self.text, self._latex).latex

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run on arrays, or record if an input is a Tensor."""
        for x in inputs:
            record = getattr(type(x), "__record__", None)
            if record is not None:
                return record(self, inputs, options)
        return self.forward(*inputs, **options)

    def gradient(self, i: int, g: Any, y: Any, inputs: Sequence[Any], options: Mapping[str, Any] | None) -> Any:
        """The vjp of input `i`, or None where nothing flows back."""
        vjp = self.rule(i)
        return None if vjp is None else vjp(g, y, *inputs, **(options or {}))

    def rule(self, i: int) -> Vjp | None:
        """What computes the gradient of input `i`, or None where nothing flows back."""
        return self.vjps[i] if self.vjp is None else partial(self.vjp, i)

    def sample(self, rng: np.random.Generator, case: Case) -> list[Array]:
        """Draw the inputs of a case from the op's domains."""
        domains = self.domains * len(case.shapes) if self.vjp is not None else self.domains
        return [np.asarray(draw(rng, shape)) for draw, shape in zip(domains, case.shapes, strict=True)]

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Split the arguments of a NumPy call into inputs and options."""
        if self.sequence:
            inputs, rest = [x if hasattr(x, "shape") else np.asarray(x) for x in args[0]], args[1:]
        elif self.vjp is not None:
            inputs, rest = list(args), ()
        else:
            inputs, rest = list(args[: len(self.inputs)]), args[len(self.inputs) :]
        options = dict(zip(self.options, rest, strict=False)) | dict(kwargs)
        if len(rest) > len(self.options) or not set(options) <= set(self.options):
            extra = sorted(set(options) - set(self.options)) or f"{len(args)} positional arguments"
            known = f"the options {list(self.options)}" if self.options else "no options"
            raise OpError(f"{self.name} on a Tensor takes {known}; got {extra}")
        return inputs, options

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.text}>"


def _parameters(op: Op, given: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the inputs and of the options, from forward's signature."""
    n = len(op.vjps)
    signature = _signature(op.forward)
    if signature is None or isinstance(op.forward, np.ufunc):
        return tuple(given) or (("x",) if n == 1 else tuple("abcdef"[:n])), ()
    names = (*signature.required, *signature.options)
    if op.vjp is not None:
        return ("x",), names
    return tuple(given) or names[:n], names[n:]


def _check_arity(op: Op) -> None:
    if not callable(op.forward):
        raise OpError(f"op {op.name!r}: forward must be callable; got {type(op.forward).__name__}")
    if op.vjp is not None:
        return
    n = len(op.vjps)
    if n == 0:
        raise OpError(f"op {op.name!r}: vjp is empty; give one vjp(g, y, *inputs) per input")
    required = op.forward.nin if isinstance(op.forward, np.ufunc) else _positional(op.forward)
    if required is not None and required != n:
        raise OpError(f"op {op.name!r}: forward takes {required} input(s), vjp has {n} entries; expected {required}")
    for i, vjp in enumerate(op.vjps):
        if vjp is None:
            continue
        if not callable(vjp):
            raise OpError(f"op {op.name!r}: vjp[{i}] must be callable or None; got {type(vjp).__name__}")
        taken = _positional(vjp)
        if taken is not None and taken != n + 2:
            raise OpError(
                f"op {op.name!r}: vjp[{i}] takes {taken} positional arguments; expected {n + 2}: "
                f"(g, y, {', '.join(op.inputs)})"
            )
    if op.formula and len(op.formula) != n:
        raise OpError(f"op {op.name!r}: formula has {len(op.formula)} entries; expected one per input, {n}")


@dataclass(frozen=True)
class Signature:
    """Names of the positional parameters without default, of all others, and whether there is a *args."""

    required: tuple[str, ...]
    options: tuple[str, ...]
    variadic: bool


def _signature(f: Callable[..., Any]) -> Signature | None:
    """What a callable takes; None if it cannot be told. Functions are read directly: `inspect` is slow at import."""
    if isinstance(f, FunctionType):
        code = f.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        needed = code.co_argcount - len(f.__defaults__ or ())
        return Signature(names[:needed], names[needed:], bool(code.co_flags & inspect.CO_VARARGS))
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = tuple(p.name for p in parameters if p.kind in kinds and p.default is p.empty)
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    options = (p.name for p in parameters if p.name not in required and p.kind is not p.VAR_POSITIONAL)
    return Signature(required, tuple(options), variadic)


def _positional(f: Callable[..., Any]) -> int | None:
    """How many positional arguments without default f takes; None if any number or if it cannot be told."""
    signature = _signature(f)
    return None if signature is None or signature.variadic else len(signature.required)


def check_shapes(op: Op, seed: int = 0) -> None:
    """Call the op on samples from its domain and refuse a vjp whose result has the wrong shape."""
    rng = np.random.default_rng(seed)
    for c in op.cases:
        inputs = op.sample(rng, c)
        y = _value(op, c, inputs)
        for i, x in enumerate(inputs):
            if op.vjps and op.vjps[i] is None:
                continue
            gx = op.gradient(i, np.ones_like(y), y, inputs, c.options)
            if gx is None:
                raise OpError(f"op {op.name!r}: vjp[{i}] returned None; is its return missing?")
            reached = np.shape(gx) == x.shape or (op.broadcasts and _reducible(np.shape(gx), x.shape))
            if not reached:
                raise ShapeError(
                    f"op {op.name!r}: vjp[{i}] returned shape {np.shape(gx)} for {op.inputs[i]} of shape "
                    f"{x.shape}; a gradient has the shape of its input"
                )


def _value(op: Op, c: Case, inputs: Sequence[Array]) -> Array:
    """What forward makes of samples, or why it cannot."""
    call = f"op {op.name!r}: forward, called with arrays of shape {', '.join(map(str, c.shapes))}"
    try:
        y = np.asarray(op.forward(*inputs, **c.options))
    except (ValueError, TypeError, IndexError) as error:
        raise OpError(
            f"{call}, failed: {error}. If it does not work entry by entry, give shapes to try: "
            f"cases=[tg.ops.op.case((2, 3), (3, 4))]"
        ) from error
    if y.dtype.kind not in "fiub":
        raise OpError(f"{call}, must return an array of real numbers; got dtype {y.dtype}")
    return y


def _reducible(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    tail = shape[len(shape) - len(target) :]
    return len(shape) >= len(target) and all(t in (s, 1) for s, t in zip(tail, target, strict=True))


def _describe(op: Op) -> str:
    lines = [f"{op.name}: y = {op.text}"]
    lines += [f"  gradient of {x}: {f.text}" for x, f in zip(op.inputs, op.formula, strict=False)]
    return "\n".join([*lines, *([op.note] if op.note else [])])


REGISTRY: dict[str, Op] = {}
NUMPY: dict[Any, Any] = {}  # for each NumPy function: an op, a function that records ops, or PLAIN
PLAIN = object()  # run the function itself on the arrays inside the Tensors


def register(op: Op, *numpy: Any) -> Op:
    """Put an op into the registry and say which NumPy functions it implements for Tensors."""
    if op.name in REGISTRY:
        raise OpError(f"op {op.name!r} is already registered")
    REGISTRY[op.name] = op
    NUMPY.update(dict.fromkeys(numpy, op))
    return op


def implements(*numpy: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function made of recorded calls: it is what these NumPy functions do to Tensors."""

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        NUMPY.update(dict.fromkeys(numpy, f))
        return f

    return decorate


def passthrough(functions: Iterable[Any]) -> None:
    """NumPy functions with no gradient: on Tensors they run on the plain arrays."""
    NUMPY.update(dict.fromkeys(functions, PLAIN))
