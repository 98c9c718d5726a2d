r"""LaTeX of formulas: `dZ[1] ⊙ (1 − y²) / m` is set as `dZ^{[1]} \odot \frac{1 - y^{2}}{m}`.

Plain amsmath, which LaTeX, MathJax and KaTeX share; braces are \lbrace and \rbrace because Markdown
eats the backslash of \{.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile

from .notation import Bracket, Call, Fraction, NotationError, Root, Row, Script, Sign, Tree, Word, parse

SIGNS = {
    "−": "-", "⊙": r"\odot", "·": r"\cdot", "×": r"\times", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∈": r"\in",
    "→": r"\to", "⇒": r"\Rightarrow", ":": r"\colon", "@": r"\times", "*": r"\ast",
}  # fmt: skip
SYMBOLS = {
    "Σ": r"\sum", "Π": r"\prod", "∂": r"\partial", "∞": r"\infty", "½": r"\tfrac{1}{2}", "…": r"\ldots",
    "⋯": r"\cdots", "ℒ": r"\mathcal{L}", "σ": r"\sigma", "π": r"\pi", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma",
    "δ": r"\delta", "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "μ": r"\mu", "ρ": r"\rho",
    "Φ": r"\Phi", "φ": r"\varphi", "ψ": r"\psi", "mod": r"\bmod", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "ᵀ": r"\mathsf{T}", "⁻ᵀ": r"-\mathsf{T}", "²": "2", "³": "3", "⁻¹": "-1", "⁺": "+",
}  # fmt: skip
SYMBOLS |= {f"Γ{gate}": rf"\Gamma_{{{gate}}}" for gate in "fiour"} | {"Γ": r"\Gamma"}
SYMBOLS |= {"ŷ": r"\hat{y}"}
SYMBOLS |= {name: rf"\{name}" for name in "alpha beta gamma delta lambda".split()}
SYMBOLS |= {name: rf"\{name}" for name in "arcsin arccos arctan sinh cosh tanh sin cos tan exp log max min det".split()}
TILDE = "\u0303"  # c̃⟨t⟩, Ã[1]
OPENING = {"(": "(", "[": "[", "{": r"\lbrace", "⟨": r"\langle", "|": r"\lvert", "‖": r"\lVert"}
CLOSING = {"(": ")", "[": "]", "{": r"\rbrace", "⟨": r"\rangle", "|": r"\rvert", "‖": r"\rVert"}
SEPARATORS = frozenset(Sign(c) for c in ",;:")
TALL = re.compile(r"\\(frac|sum|prod)\b")
OF_GATE = re.compile(r"(d?[WbzD])([acfiourykqv]{1,2}[ax]?)")  # Wf, dWaa, by, Wq: a letter with an index
ITALIC = re.compile(r"[A-Za-z]|[dgn][A-Za-z]")  # x, dW, gu: symbols; longer ones are words
SPECIAL = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", **{c: "\\" + c for c in "{}$&#%_"}
}  # fmt: skip


@lru_cache(maxsize=4096)
def to_latex(text: str) -> str:
    r"""LaTeX of a formula; what is not balanced is set as text.

    Examples
    --------
    >>> print(to_latex("(1/m) dZ[2] A[1]ᵀ"))
    \frac{1}{m} dZ^{[2]} A^{[1]\mathsf{T}}
    >>> print(to_latex("dA[1] ⊙ 1{Z[1] > 0}"))
    dA^{[1]} \odot \mathbf{1}\lbrace Z^{[1]} > 0 \rbrace
    """
    try:
        return latex(parse(text))
    except NotationError:
        return rf"\text{{{escape(text)}}}"


def escape(text: str) -> str:
    r"""Characters LaTeX takes for commands, made plain: `a_b` is `a\_b`."""
    return "".join(SPECIAL.get(c, c) for c in text)


def latex(tree: Tree, flat: bool = False) -> str:
    """LaTeX of a tree; `flat` inside a fraction or a power, where a / b stays on the line."""
    match tree:
        case Word(text):
            return _symbol(text) or _upright(text)
        case Sign(text):
            return SIGNS.get(text, text)
        case Row(items):
            return _side_by_side(items, flat)
        case Bracket():
            return _bracket(tree, flat)
        case Call(function, argument):
            return _function(function, argument) + _enclosed(argument, flat)
        case Fraction(top, bottom):
            return (
                f"{latex(top, True)} / {latex(bottom, True)}" if flat else rf"\frac{{{_bare(top)}}}{{{_bare(bottom)}}}"
            )
        case Root(inside):
            return rf"\sqrt{{{_bare(inside)}}}"
        case Script(base):
            return _script(latex(base, flat), tree)


def _bare(tree: Tree) -> str:
    """Without its round brackets, which a fraction, a root or a power makes superfluous."""
    return latex(tree.inside if isinstance(tree, Bracket) and tree.opener == "(" else tree, flat=True)


def _bracket(tree: Bracket, flat: bool) -> str:
    alone = len(tree.inside.items) == 1 and isinstance(tree.inside.items[0], Fraction)
    bar = tree.opener == "(" and alone and not flat  # (1/m): the bar of the fraction holds it together
    return latex(tree.inside) if bar else _enclosed(tree, flat)


def _enclosed(tree: Bracket, flat: bool) -> str:
    inside = latex(tree.inside, flat)
    opening, closing = OPENING[tree.opener], CLOSING[tree.opener]
    if TALL.search(inside):
        return rf"\left{opening} {inside} \right{closing}"
    return f"{opening}{inside}{closing}" if len(opening) == 1 else f"{opening} {inside} {closing}"


def _function(tree: Tree, argument: Bracket) -> str:
    """The head of a call: tanh, σ′, an operator's name, or the 1 of an indicator."""
    if isinstance(tree, Script):
        return _script(_function(tree.base, argument), tree)
    assert isinstance(tree, Word)
    if argument.opener == "{":
        return r"\mathbf{1}"
    return _symbol(tree.text) or rf"\operatorname{{{escape(tree.text)}}}"


def _script(base: str, tree: Script) -> str:
    """What stands above and below; a transpose joins the layer number, W^{[2]T}, any other power takes brackets."""
    powers = "".join(map(_bare, tree.powers))
    below = f"_{{{tree.below.replace('−', '-')}}}" if tree.below else ""
    layer = tree.layer.replace("−", "-").replace("⟨", r"\langle ").replace("⟩", r" \rangle")
    base += "'" * tree.primes + below
    if base.startswith(r"\frac"):
        base = rf"\left( {base} \right)"
    if layer and powers and powers != SYMBOLS["ᵀ"]:
        return f"({base}^{{{layer}}})^{{{powers}}}"
    return base + (f"^{{{layer}{powers}}}" if layer or powers else "")


def _symbol(text: str) -> str:
    """A symbol, a number, or a letter with an index; "" for a word."""
    if text in SYMBOLS or ITALIC.fullmatch(text) or text.replace(".", "").isdigit():
        return SYMBOLS.get(text, text)
    if text.endswith(TILDE):
        return rf"{text[:-2]}\tilde{{{_symbol(text[-2])}}}"
    if text[0].isdigit():
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \times 10^{{{int(exponent.replace('−', '-'))}}}"
    if gate := OF_GATE.fullmatch(text):
        return f"{gate[1]}_{{{gate[2]}}}"
    stem, _, index = text.partition("_")
    if index and ITALIC.fullmatch(stem):
        return f"{stem}_{{{index if index.isdigit() else _upright(index)}}}"
    return ""


def _upright(text: str) -> str:
    return rf"\{'mathrm' if re.fullmatch('[A-Za-z0-9_]+', text) else 'text'}{{{escape(text)}}}"


# ---- rows -------------------------------------------------------------------------------------------


def _side_by_side(items: tuple[Tree, ...], flat: bool) -> str:
    out, i = "", 0
    while i < len(items):
        prose = _prose(items, i)
        part = _sentence(items, i, len(prose)) if prose else latex(items[i], flat)
        out += _gap(items, i) + part
        i += len(prose) or 1
    return out


def _gap(items: tuple[Tree, ...], i: int) -> str:
    """A space for the eye, but not before a comma or after a sign that opens a term."""
    before = items[i - 1] if i else None
    tight = before is None or (isinstance(before, Sign) and before.unary) or items[i] in SEPARATORS
    return "" if tight else " "


def _prose(items: tuple[Tree, ...], i: int) -> list[str]:
    """The words from item i on that are no symbols."""
    words = (item.text if isinstance(item, Word) else "" for item in items[i:])
    return list(takewhile(_is_prose, words))


def _is_prose(text: str) -> bool:
    symbol = text in SYMBOLS or ITALIC.fullmatch(text) or OF_GATE.fullmatch(text)
    return text.isalpha() and text.isascii() and not symbol


def _sentence(items: tuple[Tree, ...], i: int, n: int) -> str:
    """Words as text, with the spaces that math would swallow; a single name is set upright."""
    before = i > 0 and not isinstance(items[i - 1], Sign)
    after = i + n < len(items) and not isinstance(items[i + n], Sign)
    text = " ".join(_prose(items, i))
    if n == 1 and not (before or after):
        return _upright(text)
    return rf"\text{{{' ' * before}{text}{' ' * after}}}"
