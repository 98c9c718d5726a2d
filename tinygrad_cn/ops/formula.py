"""A formula in two spellings: Unicode text for tables and pictures, LaTeX for derivations.

The LaTeX is derived from the text by a small table of symbols unless a row gives its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SYMBOLS = {
    "⊙": r"\odot ", "·": r"\cdot ", "−": "-", "×": r"\times ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ",
    "∞": r"\infty ", "Σ": r"\sum ", "Π": r"\prod ", "σ": r"\sigma ", "π": r"\pi ", "α": r"\alpha ", "β": r"\beta ",
    "δ": r"\delta ", "ε": r"\varepsilon ", "λ": r"\lambda ", "Φ": r"\Phi ", "φ": r"\varphi ", "ψ": r"\psi ",
    "∂": r"\partial ", "→": r"\to ", "ᵀ": r"^{\mathsf{T}}", "⁻¹": "^{-1}", "²": "^{2}", "³": "^{3}", "½": r"\tfrac12 ",
    "√": r"\sqrt", "∈": r"\in ", "′": "'", "ᵢ": "_{i}", "ⱼ": "_{j}", "ₖ": "_{k}",
}  # fmt: skip
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
FUNCTIONS = "arcsin arccos arctan sinh cosh tanh sin cos tan exp log max min det".split()


@dataclass(frozen=True)
class Formula:
    """A formula as Unicode text and as LaTeX."""

    text: str
    latex: str

    @classmethod
    def of(cls, source: str | tuple[str, str] | Formula) -> Formula:
        """From text alone, or from a pair (text, latex)."""
        if isinstance(source, Formula):
            return source
        if isinstance(source, tuple):
            return cls(*source)
        return cls(source, to_latex(source))

    def fill(self, names: Mapping[str, str]) -> Formula:
        """Put names for symbols: `fill({"x": "Z[1]"})`. A name that ends in a bracket is wrapped before a power."""
        return Formula(substitute(self.text, names), substitute(self.latex, {k: to_latex(v) for k, v in names.items()}))


def substitute(text: str, names: Mapping[str, str]) -> str:
    """Replace whole-word symbols by names; `y²` with y = A[1] becomes `(A[1])²`."""
    if not names:
        return text
    symbols = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    pattern = rf"(?<![A-Za-z0-9_\\])({symbols})(?![A-Za-z0-9_(])(\^|[²³ᵀ′⁻])?"

    def put(match: re.Match[str]) -> str:
        name, power = names[match[1]], match[2] or ""
        wrap = power and power != "ᵀ" and not name.isidentifier() and not (name[:1] == "(" and name[-1:] == ")")
        return f"({name}){power}" if wrap else name + power

    return re.sub(pattern, put, text)


def to_latex(text: str) -> str:
    """Unicode formula to LaTeX: `dZ[1] ⊙ (1 − y²)` becomes `dZ^{[1]} \\odot (1 - y^{2})`."""
    out = re.sub(r"1\{([^}]*)\}", r"\\mathbf{1}\\{\1\\}", text)
    out = re.sub(r"√\(([^()]*)\)", r"\\sqrt{\1}", out)
    out = re.sub(r"(?<=[A-Za-z])\[([^\]]*)\]ᵀ", r"^{[\1]\\mathsf{T}}", out)
    out = re.sub(r"(?<=[A-Za-z])\[([^\]]*)\]", r"^{[\1]}", out)
    out = re.sub("[₀-₉]+", lambda m: "_{" + m[0].translate(DIGITS) + "}", out)
    for symbol, latex in SYMBOLS.items():
        out = out.replace(symbol, latex)
    for name in FUNCTIONS:
        out = re.sub(rf"(?<![A-Za-z\\]){name}(?![A-Za-z])", rf"\\{name}", out)
    return re.sub(r"(?<![A-Za-z\\])([a-z]{3,}(?:_[a-z]+)*)(?=\()", _operator, out)


def _operator(match: re.Match[str]) -> str:
    return r"\operatorname{" + match[1].replace("_", r"\_") + "}"
