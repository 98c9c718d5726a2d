"""A formula in two spellings: Unicode text for tables and pictures, LaTeX for derivations.

The LaTeX is derived from the text (`latex.py`) unless a row gives its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from .latex import to_latex

SIMPLE = re.compile(r"[^\W\d]\w*")  # a name that a power may follow: x, tanh, u₁


@dataclass(frozen=True)
class Formula:
    """A formula as Unicode text, with LaTeX of its own if what follows from the text would not do."""

    text: str
    own: str = ""

    @cached_property
    def latex(self) -> str:
        """The formula as LaTeX."""
        return self.own or to_latex(self.text)

    @classmethod
    def of(cls, source: str | tuple[str, str] | Formula) -> Formula:
        """From text alone, or from a pair (text, latex)."""
        if isinstance(source, Formula):
            return source
        if isinstance(source, tuple):
            return cls(*source)
        return cls(source)

    def fill(self, names: Mapping[str, str]) -> Formula:
        """Put names for symbols: `fill({"x": "Z[1]"})`. A name that ends in a bracket is wrapped before a power."""
        typeset = {k: to_latex(v) for k, v in names.items()}
        return self.changed(lambda text: substitute(text, names), lambda latex: substitute(latex, typeset))

    def changed(self, text: Callable[[str], str], latex: Callable[[str], str]) -> Formula:
        """Another text; its LaTeX follows from it, unless this formula has LaTeX of its own, which is changed too."""
        new = text(self.text)
        return Formula(new) if self.latex == to_latex(self.text) else Formula(new, latex(self.latex))


def substitute(text: str, names: Mapping[str, str]) -> str:
    """Replace whole-word symbols by names; `y²` with y = A[1] becomes `(A[1])²`, and `2x` with x = u₁ `2 u₁`."""
    if not names:
        return text
    symbols = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    pattern = rf"(?<![A-Za-z_\\])(?<![A-Za-z_]\d)(\d*)({symbols})(?![A-Za-z0-9_(])(\^|[²³ᵀ′⁻])?"

    def put(match: re.Match[str]) -> str:
        number, name, power = match[1], names[match[2]], match[3] or ""
        wrap = power and power != "ᵀ" and not SIMPLE.fullmatch(name) and not (name[:1] == "(" and name[-1:] == ")")
        return f"{number}{' ' * bool(number)}{f'({name})' if wrap else name}{power}"

    return re.sub(pattern, put, text)
