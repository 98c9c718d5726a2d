"""MathML of formulas, which browsers typeset without a library: `dZ[1] ⊙ (1 − y²) / m` with real fractions.

Only presentation elements of MathML Core (W3C, 2023) are used: mi, mn, mo, mtext, mrow, msup, msub, mover,
mfrac, msqrt and mspace.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from itertools import pairwise

from ...ops.latex import OF_GATE, TILDE
from ...ops.notation import Bracket, Call, Fraction, NotationError, Root, Row, Script, Sign, Tree, Word, parse

SIGNS = {"@": "×", "·": "⋅", "-": "−"}
GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "lambda": "λ"}
LARGE = {"Σ": "∑", "Π": "∏"}
POWERS = {
    "ᵀ": '<mi mathvariant="normal">T</mi>', "²": "<mn>2</mn>", "³": "<mn>3</mn>", "⁺": "<mo>+</mo>",
    "⁻¹": "<mo>−</mo><mn>1</mn>", "⁻ᵀ": '<mo>−</mo><mi mathvariant="normal">T</mi>',
}  # fmt: skip
CLOSER = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "|": "|", "‖": "‖"}
SYMBOL = re.compile(r"([dgn]?)([A-Za-zΑ-ω])")  # dW is d and W, two letters in italics; tanh is one word
NUMBER = re.compile(r"([\d.]+)(?:e([−+-]?\d+))?")
PIECE = re.compile(r"\d+|[A-Za-z]+|\S")
GAP = '<mspace width="0.2em"/>'
BREAKS = frozenset("=+−⊙")  # a line may break before them
FENCES = frozenset("()[]{}⟨⟩|‖")
TALL = re.compile(r"<mfrac|<mo>[∑∏]")


@lru_cache(maxsize=4096)
def to_mathml(text: str) -> str:
    """A formula as one inline `<math>` element; what is not balanced is set as text.

    Examples
    --------
    >>> to_mathml("1/m")
    '<math><mfrac><mn>1</mn><mi>m</mi></mfrac></math>'
    """
    return f"<math>{_whole(text)}</math>"


@lru_cache(maxsize=4096)
def to_lines(text: str) -> tuple[str, ...]:
    """A formula as several `<math>` elements, cut before the = and the + that stand outside brackets.

    A browser breaks lines between elements, not inside them, so this fits a narrow screen.

    Examples
    --------
    >>> to_lines("a = b + c")  # doctest: +ELLIPSIS
    ('<math><mi>a</mi></math>', '<math><mrow><mo form="infix">=</mo><mi>b</mi></mrow></math>', '...')
    """
    try:
        tree = parse(text)
    except NotationError:
        return (to_mathml(text),)
    items = _opened(tree.items if isinstance(tree, Row) else (tree,))
    cuts = [i for i, x in enumerate(items) if i and isinstance(x, Sign) and x.text in BREAKS and not x.unary]
    ends = [0, *cuts, len(items)]
    rows = (Row(items[a:b]) for a, b in pairwise(ends))
    return tuple(f"<math>{_tree(row)}</math>" for row in rows)


def _opened(items: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """A last bracket that holds a low sum laid open, so that lines may break inside it too."""
    last = items[-1]
    if not isinstance(last, Bracket) or Sign("+") not in last.inside.items or TALL.search(_tree(last)):
        return items
    return (*items[:-1], Sign(last.opener, unary=True), *last.inside.items, Sign(CLOSER[last.opener]))


def _whole(text: str) -> str:
    try:
        return _tree(parse(text))
    except NotationError:
        return f"<mtext>{html.escape(text)}</mtext>"


def _tree(tree: Tree, flat: bool = False) -> str:
    """MathML of a tree; `flat` inside a fraction or a power, where a / b stays on the line."""
    match tree:
        case Word(text):
            return _word(text)
        case Sign():
            return _sign(tree)
        case Row((item,)):
            return _tree(item, flat)
        case Row(items):
            return _mrow(_side_by_side(items, flat))
        case Bracket():
            return _bracket(tree, flat)
        case Call(function, argument):
            return _mrow(_tree(function, flat) + _enclosed(argument, flat))
        case Fraction(top, bottom) if flat:
            return _mrow(f"{_tree(top, True)}<mo>/</mo>{_tree(bottom, True)}")
        case Fraction(top, bottom):
            return f"<mfrac>{_bare(top)}{_bare(bottom)}</mfrac>"
        case Root(inside):
            return f"<msqrt>{_bare(inside)}</msqrt>"
        case Script():
            return _script(tree, flat)


def _mrow(inside: str) -> str:
    """One element: fractions and scripts count their children."""
    return inside if re.fullmatch(r"<(m[a-z]+)\b[^>]*>[^<]*</\1>", inside) else f"<mrow>{inside}</mrow>"


def _word(text: str) -> str:
    number, symbol = NUMBER.fullmatch(text), SYMBOL.fullmatch(text)
    if text in LARGE:
        return f"<mo>{LARGE[text]}</mo>"
    if text in POWERS:
        return _mrow(POWERS[text])
    if number:
        mantissa, exponent = number.groups()
        power = "" if exponent is None else f"<mo>×</mo><msup><mn>10</mn><mn>{exponent}</mn></msup>"
        return _mrow(f"<mn>{mantissa}</mn>{power}")
    if symbol:
        return _mrow("".join(f"<mi>{letter}</mi>" for letter in symbol.groups() if letter))
    if text.endswith(TILDE):
        thinned = f'<mover accent="true">{_word(text[-2])}<mo>~</mo></mover>'
        return f"<mrow><mi>d</mi>{thinned}</mrow>" if len(text) > 2 else thinned
    if gate := OF_GATE.fullmatch(text):
        return f"<msub>{_word(gate[1])}<mi>{gate[2]}</mi></msub>"
    stem, _, index = text.partition("_")
    if index and SYMBOL.fullmatch(stem):
        return f"<msub>{_word(stem)}{_word(index)}</msub>"
    text = GREEK.get(text, text)
    return f"<mi>{html.escape(text)}</mi>" if len(text) == 1 or text.isascii() else f"<mtext>{text}</mtext>"


def _sign(sign: Sign) -> str:
    form = "prefix" if sign.unary else "infix" if sign.text in BREAKS else ""
    attribute = f' form="{form}"' * bool(form) + ' stretchy="false"' * (sign.text in FENCES)
    return f"<mo{attribute}>{html.escape(SIGNS.get(sign.text, sign.text))}</mo>"


def _side_by_side(items: tuple[Tree, ...], flat: bool) -> str:
    """Factors with a small gap between them; signs bring their own."""
    out = ""
    for i, item in enumerate(items):
        factors = i > 0 and not isinstance(item, Sign) and not isinstance(items[i - 1], Sign)
        large = i > 0 and isinstance(items[i - 1], Word) and items[i - 1] in (Word("Σ"), Word("Π"), Word("∂"))
        out += (GAP if factors and not large else "") + _tree(item, flat)
    return out


def _bracket(tree: Bracket, flat: bool) -> str:
    alone = len(tree.inside.items) == 1 and isinstance(tree.inside.items[0], Fraction)
    return _tree(tree.inside) if tree.opener == "(" and alone and not flat else _enclosed(tree, flat)


def _enclosed(tree: Bracket, flat: bool) -> str:
    inside = _side_by_side(tree.inside.items, flat)
    size = "" if TALL.search(inside) else ' stretchy="false"'
    opening = f'<mo form="prefix"{size}>{tree.opener}</mo>'
    closing = f'<mo form="postfix"{size}>{CLOSER[tree.opener]}</mo>'
    return f"<mrow>{opening}{inside}{closing}</mrow>"


def _bare(tree: Tree) -> str:
    """Without its round brackets, which a fraction, a root or a power makes superfluous."""
    return _tree(tree.inside if isinstance(tree, Bracket) and tree.opener == "(" else tree, flat=True)


def _script(tree: Script, flat: bool) -> str:
    """What stands above and below; a transpose joins the layer number, any other power takes brackets."""
    base = _tree(tree.base, flat)
    base = f"<msub>{base}{_mrow(_pieces(tree.below))}</msub>" if tree.below else base
    if tree.primes:
        base = f'<mrow>{base}<mo lspace="0" rspace="0">{"′" * tree.primes}</mo></mrow>'
    powers = "".join(map(_bare, tree.powers))
    layer = _pieces(tree.layer)
    if layer and powers and tree.powers != (Word("ᵀ"),):
        inner = f"<msup>{base}{_mrow(layer)}</msup>"
        return f'<msup><mrow><mo form="prefix">(</mo>{inner}<mo form="postfix">)</mo></mrow>{_mrow(powers)}</msup>'
    return f"<msup>{base}{_mrow(layer + powers)}</msup>" if layer + powers else base


def _pieces(text: str) -> str:
    """`[l−1]`, small enough to be set piece by piece."""
    return "".join(_piece(piece) for piece in PIECE.findall(text))


def _piece(text: str) -> str:
    if text in "[]":
        return f'<mo stretchy="false">{text}</mo>'
    kind = "mn" if text.isdigit() else "mi" if text.isalpha() else "mo"
    return f"<{kind}>{text}</{kind}>"
