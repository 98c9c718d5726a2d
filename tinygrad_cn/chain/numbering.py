"""Layer numbers in formulas: `Z[3]` as one l of many, `Z[l]`; within a block of layers also `Z[l+1]`, `Z[l+2]`, …."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ..ops.formula import Formula

NAMED = re.compile(r"([^\W\d]*\u0303?′*)\[(\d+)\]")
AT = re.compile(r"\[l(?:([−+])(\d+))?\]")


@dataclass(frozen=True)
class Numbering:
    """Which layer is called l, and which others are counted from it.

    Attributes
    ----------
    layer : int
        l.
    below, above : int
        How many layers before and after it are counted from l; others keep their numbers.
    fixed : collection of str
        Names that keep their number in any case, such as that of a memory which all blocks look at.
    """

    layer: int
    below: int = 1
    above: int = 1
    fixed: Collection[str] = ()

    def write(self, text: str) -> str:
        """With l for the number.

        Examples
        --------
        >>> Numbering(3).write("W[3] A[2] + H[1]")
        'W[l] A[l−1] + H[1]'
        """
        return NAMED.sub(self._counted, text)

    def _counted(self, match: re.Match[str]) -> str:
        distance = int(match[2]) - self.layer
        if match[0] in self.fixed or not -self.below <= distance <= self.above:
            return match[0]
        return f"{match[1]}[l{f'{distance:+d}'.replace('-', '−') if distance else ''}]"

    def formula(self, formula: Formula) -> Formula:
        """A formula with l for the number."""
        return formula.changed(self.write, lambda latex: self.write(latex).replace("−", "-"))

    def read(self, text: str) -> str:
        """The other way round.

        Examples
        --------
        >>> Numbering(3).read("A[l−1]")
        'A[2]'
        """
        return AT.sub(lambda m: f"[{self.layer + int(f'{m[1]}{m[2]}'.replace('−', '-') if m[1] else 0)}]", text)
