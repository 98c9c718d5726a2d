"""The language of formulas, `dZ[1] ⊙ (1 − y²) / m`, read into a small tree that can be typeset.

Only what a typesetter needs has structure: fractions, brackets, roots, and what stands above or below
a symbol. Everything else is a row. A slash with spaces divides the whole product before it by one
factor; without spaces, 1/3m, the factor before it by all that touches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPERATORS = frozenset("+−-⊙·×@*=<>≤≥≠∈→⇒,;:")
GREEDY = frozenset(["Σ", "Π", "log", "exp"])  # below a slash they take the product that follows with them
PARTNER = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "|": "|", "‖": "‖"}
CLOSERS = frozenset(")]}⟩")
POWERS = frozenset(["ᵀ", "²", "³", "⁻¹", "⁻ᵀ", "⁺"])
BELOW = "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₜ₋₊"
SUBSCRIPTS = str.maketrans(BELOW, "0123456789ijklmnt−+")
LAYER = re.compile(r"\d+|[lL](\s*[−+-]\s*\d+)?")  # W[2], A[l−1]: the layer, written above
ENTRY = re.compile(r"[ijkt](\s*[−+-]\s*\d+)?")  # y[k − 1]: an entry, written below
TIME = re.compile(r"\d+|t([−+]\d+)?")  # a⟨t−1⟩: the time step, written above
TOKEN = re.compile(
    r"(\s*)(\d+(?:\.\d+)?(?:e[−+-]?\d+)?|Γ[a-z]|d?[A-Za-zα-ω]\u0303|[A-Za-z][A-Za-z0-9_]*(?!\u0303)|[㐀-鿿]+|"
    r"[" + BELOW + r"]+|⁻[¹ᵀ]|\[[^\[\]]*\]|\S)"
)


class NotationError(ValueError):
    """A bracket without its partner, or a sign with nothing to act on."""


@dataclass(frozen=True)
class Word:
    """A symbol, a name, a number or a word."""

    text: str


@dataclass(frozen=True)
class Sign:
    """An operator or a separator; `unary` where nothing stands before it."""

    text: str
    unary: bool = False


@dataclass(frozen=True)
class Row:
    """Things side by side."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Bracket:
    """A row in brackets; `opener` is one of ( [ { ⟨ | ‖."""

    opener: str
    inside: Row


@dataclass(frozen=True)
class Fraction:
    """`top / bottom`."""

    top: Tree
    bottom: Tree


@dataclass(frozen=True)
class Call:
    """A function and its argument, `tanh(Z)` or the indicator `1{Z > 0}`."""

    function: Tree
    argument: Bracket


@dataclass(frozen=True)
class Root:
    """√(inside)."""

    inside: Tree


@dataclass(frozen=True)
class Script:
    """A base with primes, an index below, a layer number in brackets above, and powers."""

    base: Tree
    layer: str = ""
    primes: int = 0
    below: str = ""
    powers: tuple[Tree, ...] = ()


Tree = Word | Sign | Row | Bracket | Call | Fraction | Root | Script


def parse(text: str) -> Row:
    """The tree of a formula.

    Raises
    ------
    NotationError
        If it is not balanced.

    Examples
    --------
    >>> parse("1/m")
    Row(items=(Fraction(top=Word(text='1'), bottom=Word(text='m')),))
    """
    reader = _Reader(text)
    tree = reader.row("")
    if reader.at < len(reader.tokens):
        raise NotationError(f"{text!r}: {reader.here} closes nothing")
    return tree


class _Reader:
    """Recursive descent over the tokens: row, product, factor."""

    def __init__(self, text: str) -> None:
        self.tokens = [(m[2], bool(m[1])) for m in TOKEN.finditer(text)]
        self.at = 0
        self.open: list[str] = []  # closers waited for: a | inside |…| closes

    @property
    def here(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    @property
    def touches(self) -> bool:
        """Whether no space stands before the next token."""
        return self.at < len(self.tokens) and not self.tokens[self.at][1]

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][0]

    def row(self, closer: str) -> Row:
        items: list[Tree] = []
        self.open.append(closer)
        while self.here not in ("", closer) and self.here not in CLOSERS:
            if self.here in OPERATORS:
                items.append(Sign(self.take(), unary=not items or isinstance(items[-1], Sign)))
            else:
                items += _as_row(self.product()).items
        self.open.pop()
        return Row(tuple(items))

    def product(self) -> Tree:
        """Factors side by side, over a factor if a slash follows."""
        tree = _row(self.factors())
        while self.here == "/":
            self.take()
            tree = Fraction(tree, _row(self.factors(touching=self.here not in GREEDY)))
        return tree

    def factors(self, touching: bool = False) -> list[Tree]:
        found = [self.quotient()]
        while self.continues and (self.touches or not touching):
            found.append(self.quotient())
        return found

    @property
    def continues(self) -> bool:
        """Whether the next token is one more factor of the product."""
        return self.here not in ("", "/", self.open[-1]) and self.here not in OPERATORS | CLOSERS

    def quotient(self) -> Tree:
        tree = self.factor()
        if self.here == "/" and self.touches:
            self.take()
            tree = Fraction(tree, _row(self.factors(touching=True)))
        return tree

    def factor(self) -> Tree:
        if not self.here or self.here in OPERATORS | CLOSERS | {"/"}:
            raise NotationError(f"expected a symbol; got {self.here or 'the end'}")
        if self.here == "√":
            self.take()
            return Root(self.factor())
        if self.here == "∂":
            return Row((Word(self.take()), self.factor()))
        tree = self.scripts(self.bracket() if self.here in PARTNER else self.index_or_word())
        return self.scripts(Call(tree, self.bracket())) if self.is_called(tree) else tree

    def is_called(self, tree: Tree) -> bool:
        """Whether a bracket follows that holds the argument of a function."""
        head = tree.base if isinstance(tree, Script) else tree
        if not isinstance(head, Word) or not self.touches:
            return False
        return self.here == ("{" if head.text == "1" else "(") and (head.text == "1" or not head.text[0].isdigit())

    def index_or_word(self) -> Tree:
        token = self.take()
        if token[0] == "[" and len(token) > 1:
            return Bracket("[", parse(token[1:-1]))
        return Word(token)

    def bracket(self) -> Bracket:
        opener = self.take()
        inside = self.row(PARTNER[opener])
        if self.here != PARTNER[opener]:
            raise NotationError(f"{opener} is not closed")
        self.take()
        return Bracket(opener, inside)

    def time(self) -> str:
        """The ⟨t−1⟩ that begins here; "" if it is another bracket."""
        tokens = [token for token, _ in self.tokens[self.at : self.at + 5]]
        inside = "".join(tokens[1 : tokens.index("⟩")]) if "⟩" in tokens else ""
        return f"⟨{inside}⟩" if TIME.fullmatch(inside) else ""

    def scripts(self, base: Tree) -> Tree:
        layer, primes, below = "", 0, ""
        powers: list[Tree] = []
        while self.touches:
            if self.here == "′":
                primes += len(self.take())
            elif self.here in POWERS:
                powers.append(Word(self.take()))
            elif self.here == "^":
                self.take()
                powers.append(self.factor())
            elif self.here[0] in BELOW:
                below += self.take().translate(SUBSCRIPTS)
            elif self.here[0] == "[" and not layer and LAYER.fullmatch(self.here[1:-1]):
                layer = self.take()
            elif self.here == "⟨" and not layer and (time := self.time()):
                layer = time
                self.at += 2 + len(TOKEN.findall(time[1:-1]))
            elif self.here[0] == "[" and not below and ENTRY.fullmatch(self.here[1:-1]):
                below = self.take()[1:-1]
            else:
                break
        scripted = layer or primes or below or powers
        return Script(base, layer, primes, below, tuple(powers)) if scripted else base


def _row(items: list[Tree]) -> Tree:
    return items[0] if len(items) == 1 else Row(tuple(items))


def _as_row(tree: Tree) -> Row:
    return tree if isinstance(tree, Row) else Row((tree,))
