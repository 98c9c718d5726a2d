"""Expressions as Python text: operators where Python has them, brackets where they are needed, short lines.

A `Writer` prints assignments one after the other. What is used twice and is more than one call gets a
name of its own, t1, t2, …, and so does a part of a line that would be too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import OpError
from ...ops.op import Array
from ...text import columns
from .symbols import Expr, Spelled

WIDTH = 100
COMPARE, BITS, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)  # how tightly Python's operators bind
LARGEST_LITERAL, SHORT_LITERAL = 64, 60  # entries, characters

OPERATORS: dict[Any, tuple[str, int]] = {
    np.add: (" + ", SUM),
    np.subtract: (" - ", SUM),
    np.multiply: (" * ", PRODUCT),
    np.divide: (" / ", PRODUCT),
    np.matmul: (" @ ", PRODUCT),
    np.floor_divide: (" // ", PRODUCT),
    np.remainder: (" % ", PRODUCT),
    np.power: ("**", POWER),
    np.bitwise_and: (" & ", BITS),
    np.bitwise_or: (" | ", BITS),
    np.greater: (" > ", COMPARE),
    np.greater_equal: (" >= ", COMPARE),
    np.less: (" < ", COMPARE),
    np.less_equal: (" <= ", COMPARE),
    np.equal: (" == ", COMPARE),
    np.not_equal: (" != ", COMPARE),
}
PREFIXES: dict[Any, str] = {np.negative: "-", np.invert: "~", np.logical_not: "~"}
SIGNS = {np.add: np.subtract, np.subtract: np.add}
RENAMED = {np.absolute: "np.abs", np.amax: "np.max", np.amin: "np.min"}


@dataclass(frozen=True, slots=True)
class Text:
    """An expression as text, and how tightly its loosest operator binds."""

    text: str
    binding: int = ATOM

    def inside(self, binding: int) -> str:
        """The text, in brackets if it binds more loosely."""
        return self.text if self.binding >= binding else f"({self.text})"


@dataclass(frozen=True)
class Line:
    """An assignment, or with no expression a comment or an empty line."""

    target: str
    expr: Expr | None = None
    comment: str = ""


class Writer:
    """Prints lines.

    Parameters
    ----------
    taken : iterable of str
        Names that intermediates must not have.
    indented : bool
        Whether the lines are the body of a function.
    """

    def __init__(self, taken: Iterable[str] = (), indented: bool = False) -> None:
        self._width = WIDTH - 4 * indented
        self.lines: list[str] = []
        self.helpers: dict[str, None] = {}
        self._taken = set(taken)
        self._texts: dict[Expr, Text] = {}
        self._weight: dict[Expr, int] = {}
        self._uses: dict[Expr, int] = {}
        self._count = 0

    def write(self, lines: Sequence[Line]) -> list[str]:
        """The lines of the program."""
        self._uses = _count_uses(line.expr for line in lines if line.expr is not None)
        for line in lines:
            if line.expr is None:
                self.lines.append(line.comment)
            else:
                self._assign(line.target, line.expr, line.comment)
        return self.lines

    def steps(self, expr: Expr, last: str) -> list[str]:
        """The lines that work out one expression; `last` says what to do with it: "return {}"."""
        self._uses = _count_uses([expr])
        text = self._value(expr, self._width - len(last) - 2)
        return [*self.lines, last.format(text)]

    def _value(self, expr: Expr, room: int) -> str:
        """The text of one expression; intermediates it needs are assigned first."""
        for part in _bottom_up(expr, self._texts):
            self._prepare(part, room if part is expr else self._width - len("t999 = "), whole=part is expr)
        return self._texts[expr].text

    def _assign(self, target: str, expr: Expr, comment: str = "") -> None:
        statement = f"{target} = {self._value(expr, self._width - len(target) - 3)}"
        if comment and columns(statement) + 4 + columns(comment) > self._width:
            self.lines.append(f"# {comment}")
            comment = ""
        self.lines.append(statement + (f"  # {comment}" if comment else ""))
        if expr.head not in ("name", "literal"):
            self._texts[expr] = Text(target)

    def _prepare(self, expr: Expr, room: int, whole: bool) -> None:
        """Work out the text of an expression whose parts have theirs."""
        text = self._render(expr)
        parts = [x for x in _parts(expr) if self._can_be_named(x)]
        while columns(text.text) > room and parts:
            longest = max(parts, key=lambda x: len(self._texts[x].text))
            parts.remove(longest)
            self._name(longest)
            text = self._render_again(expr)
        self._texts[expr] = text
        weight = sum(self._weight.get(x, 0) for x in expr.children) + (expr.head not in FREE)
        self._weight[expr] = min(weight, 9)
        shared = self._uses.get(expr, 0) > 1 and weight > 1 and self._can_be_named(expr)
        if (shared and not whole) or "\n" in text.text:
            self._name(expr)

    def _can_be_named(self, expr: Expr) -> bool:
        if expr.head == "literal":
            return isinstance(expr.value, np.ndarray)
        return expr.head not in ("name", *SEQUENCES) and not self._texts[expr].text.isidentifier()

    def _render_again(self, expr: Expr) -> Text:
        """The text after a part has got a name, which may be inside a list."""
        for x in expr.children:
            if x.head in SEQUENCES:
                self._texts[x] = self._render_again(x)
        return self._render(expr)

    def _name(self, expr: Expr) -> None:
        self._count += 1
        while f"t{self._count}" in self._taken:
            self._count += 1
        name = f"t{self._count}"
        self.lines.append(f"{name} = {self._texts[expr].text}")
        self._texts[expr] = Text(name)
        self._weight[expr] = 0

    # ---- one expression -----------------------------------------------------------------------------

    def _render(self, expr: Expr) -> Text:
        head, args = expr.head, [self._texts[x] for x in expr.args]
        if isinstance(head, str):
            return WORDS[head](self, expr, args)
        if head in OPERATORS and len(args) == 2:
            return _infix(head, args[0], args[1], expr.args[1].head)
        if head in PREFIXES:
            return _prefix(PREFIXES[head], args[0])
        return Text(f"{_function(head)}({self._arguments(expr)})")

    def _arguments(self, expr: Expr, skip: int = 0) -> str:
        given = [self._texts[x].text for x in expr.args[skip:]]
        return ", ".join([*given, *(f"{k}={self._texts[x].text}" for k, x in expr.options)])

    def _item(self, expr: Expr, args: list[Text]) -> Text:
        return Text(f"{_array_like(expr.args[0], args[0])}[{_subscript(expr.args[1], self._texts)}]")

    def _method(self, expr: Expr, args: list[Text]) -> Text:
        return Text(f"{_array_like(expr.args[0], args[0])}.{expr.value}({self._arguments(expr, skip=1)})")

    def _helper(self, expr: Expr, args: list[Text]) -> Text:
        self.helpers[expr.value] = None
        options = [(k, f"np.s_[{_subscript(x, self._texts)}]" if k == "index" else self._texts[x].text)
                   for k, x in expr.options]  # fmt: skip
        given = [_array_like(x, a) if _is_number(x) else a.text for x, a in zip(expr.args, args, strict=True)]
        return Text(f"{expr.value}({', '.join([*given, *(f'{k}={v}' for k, v in options)])})")

    def _function(self, expr: Expr, args: list[Text]) -> Text:
        self.helpers[expr.value] = None
        return Text(expr.value)

    def _broadcast(self, expr: Expr, args: list[Text]) -> Text:
        inner, shape = expr.args
        if shape.head == "attribute" and _is_number(inner):
            like = self._texts[shape.args[0]].text
            return Text(f"np.ones_like({like})" if inner.value == 1 else f"np.full_like({like}, {args[0].text})")
        return Text(f"np.broadcast_to({args[0].text}, {args[1].text})")


SEQUENCES = ("tuple", "list", "slice")
FREE = ("name", "literal", "function", *SEQUENCES, "attribute", "item")
WORDS: dict[str, Callable[[Writer, Expr, list[Text]], Text]] = {
    "name": lambda writer, expr, args: Text(expr.value),
    "literal": lambda writer, expr, args: _literal(expr.value),
    "tuple": lambda writer, expr, args: Text(f"({', '.join(a.text for a in args)}{',' * (len(args) == 1)})"),
    "list": lambda writer, expr, args: Text(f"[{', '.join(a.text for a in args)}]"),
    "slice": lambda writer, expr, args: Text(f"slice({', '.join(a.text for a in args)})"),
    "attribute": lambda writer, expr, args: Text(f"{_array_like(expr.args[0], args[0])}.{expr.value}"),
    "item": Writer._item,
    "method": Writer._method,
    "helper": Writer._helper,
    "function": Writer._function,
    "broadcast": Writer._broadcast,
}


# ---- walks over expressions --------------------------------------------------------------------------


def _count_uses(roots: Iterable[Expr]) -> dict[Expr, int]:
    """How many expressions use each expression."""
    uses: dict[Expr, int] = {}
    todo = list(roots)
    seen: set[Expr] = set()
    for root in todo:
        uses[root] = uses.get(root, 0) + 1
    while todo:
        expr = todo.pop()
        if expr in seen:
            continue
        seen.add(expr)
        for x in expr.children:
            uses[x] = uses.get(x, 0) + 1
            todo.append(x)
    return uses


def mentions(expr: Expr, wanted: Expr) -> bool:
    """True if `wanted` is part of `expr`."""
    return wanted in _count_uses([expr])


def _bottom_up(root: Expr, done: dict[Expr, Text]) -> Iterator[Expr]:
    """`root` and what it is made of, parts before wholes, without what is done."""
    todo = [(root, False)]
    while todo:
        expr, ready = todo.pop()
        if expr in done:
            continue
        if ready:
            yield expr
        else:
            todo.append((expr, True))
            todo += [(x, False) for x in reversed(expr.children)]


def _parts(expr: Expr) -> list[Expr]:
    """The expressions inside, seen through lists and tuples."""
    found: list[Expr] = []
    for x in expr.children:
        found += _parts(x) if x.head in SEQUENCES else [x]
    return found


# ---- spelling ----------------------------------------------------------------------------------------


def _infix(ufunc: np.ufunc, a: Text, b: Text, right: Any) -> Text:
    symbol, binding = OPERATORS[ufunc]
    if binding == POWER:
        base, exponent = a.inside(ATOM), b.inside(UNARY)
        return Text(f"{base}**{exponent}" if re.fullmatch(r"[\w.]+", base) else f"{base} ** {exponent}", POWER)
    if binding == COMPARE:
        return Text(f"{a.inside(BITS)}{symbol}{b.inside(BITS)}", COMPARE)
    # a + (b − c) and a * (b / c) need no brackets; after − and / they do, and a product of matrices is kept as it is.
    loose = ufunc is np.add or (ufunc is np.multiply and right is not np.matmul)
    return Text(f"{a.inside(binding)}{symbol}{b.inside(binding if loose else binding + 1)}", binding)


def _prefix(symbol: str, a: Text) -> Text:
    """−a b is written without brackets, whichever way it is read."""
    return Text(
        symbol + a.inside(PRODUCT if symbol == "-" else UNARY), min(a.binding, UNARY) if symbol == "-" else UNARY
    )


def _function(head: Any) -> str:
    """How a NumPy function is called."""
    if isinstance(head, tuple):
        return f"np.{head[0].__name__}.{head[1]}"
    if head in RENAMED:
        return RENAMED[head]
    module = "np.linalg." if getattr(head, "__module__", "") == "numpy.linalg" else "np."
    return module + str(head.__name__)


def _is_number(expr: Expr) -> bool:
    return expr.head == "literal" and isinstance(expr.value, int | float)


def _array_like(expr: Expr, text: Text) -> str:
    """Something that has the methods of an array: a bare number has not."""
    return f"np.float64({text.text})" if _is_number(expr) else text.inside(ATOM)


def _literal(value: Any) -> Text:
    if isinstance(value, Spelled):
        return Text(value.text, POWER)
    if isinstance(value, np.ndarray):
        return Text(_array(value))
    if isinstance(value, np.dtype):
        return Text(f"np.{value.name}")
    if isinstance(value, str):
        return Text(f'"{value}"')
    if value is Ellipsis:
        return Text("...")
    if isinstance(value, float) and not np.isfinite(value):
        return Text("np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf", ATOM if value > 0 else UNARY)
    if isinstance(value, float):
        text = f"{value:.15g}"  # the last digits of a double are rounding
        return Text(text, UNARY if text.startswith("-") else ATOM)
    return Text(repr(value), UNARY if isinstance(value, int) and value < 0 else ATOM)


def _array(a: Array) -> str:
    """An array that has no name: a range, an identity, or its entries if they are few."""
    if a.ndim == 1 and a.dtype.kind in "iu" and np.array_equal(a, np.arange(a.size)) and a.size > 1:
        return f"np.arange({a.size})"
    if a.ndim == 2 and a.shape[0] == a.shape[1] > 1 and np.array_equal(a, np.eye(len(a))):
        return f"np.eye({len(a)}, dtype=np.{a.dtype.name})"
    if a.size > LARGEST_LITERAL or not np.isfinite(a).all():
        raise OpError(
            f"numpy: an array of shape {a.shape} has no name in this chain and is too long to be written out; "
            f"pass it in names=, for instance J.chain(names=locals())"
        )
    text = f"np.array({a.tolist()!r}, dtype=np.{a.dtype.name})"
    if len(text) <= SHORT_LITERAL:
        return text
    rows = np.array2string(a, WIDTH - 20, separator=", ", prefix="    ", threshold=a.size + 1, floatmode="unique")
    return f"np.array(\n    {rows},\n    dtype=np.{a.dtype.name},\n)"


def _subscript(index: Expr, texts: dict[Expr, Text]) -> str:
    """An index as it stands between square brackets."""
    if index.head == "tuple" and index.args:
        return ", ".join(_subscript(x, texts) for x in index.args)
    if index.head == "slice":
        start, stop, step = ("" if x.value is None and x.head == "literal" else texts[x].text for x in index.args)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return texts[index].text
