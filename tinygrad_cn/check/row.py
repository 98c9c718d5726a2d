"""One gradient compared: its verdict, how large the error is, where it sits, and why it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..language import Lang, join, say
from ..ops.formula import Formula
from ..ops.op import Array
from .cause import Cause

Verdict = Literal["agree", "wrong", "inherited", "shape", "missing", "frozen", "unknown_name"]
MARKS: dict[Verdict, str] = {
    "agree": "✓",
    "wrong": "✗",
    "inherited": "△",
    "shape": "✗",
    "missing": "?",
    "frozen": "–",
    "unknown_name": "?",
}
SHOWN = 2  # as many other explanations are written out


@dataclass(frozen=True, eq=False)
class Row:
    """One gradient compared.

    Attributes
    ----------
    name, written : str
        "dZ1", and as written in formulas, "dZ[1]".
    verdict : str
        agree; wrong; inherited (right in itself, an earlier one is wrong); shape; missing; frozen (not computed, as
        nothing that learns lies there); unknown_name.
    hand, true : ndarray or None
        The learner's value and the true one, in the report's convention.
    own : ndarray or None
        What follows from the learner's own upstream values.
    formula : Formula or None
        The right formula.
    causes : tuple of Cause
        The mistakes that together give the hand gradient.
    alternatives : tuple of tuple of Cause
        Other explanations, as simple.
    remedies : tuple of str
        The right formulas of the gradients the mistakes were made in; those may not have been given.
    negative : (str, ndarray) or None
        Name and value of the Z that an activation's derivative looks at, to see whether errors sit where Z < 0.
    """

    name: str
    written: str
    verdict: Verdict
    hand: Array | None
    true: Array | None = None
    own: Array | None = None
    formula: Formula | None = None
    causes: tuple[Cause, ...] = ()
    alternatives: tuple[tuple[Cause, ...], ...] = ()
    remedies: tuple[str, ...] = ()
    negative: tuple[str, Array] | None = None

    @property
    def cause(self) -> str | None:
        """Why it is wrong, as a code of `cause.CODES`; the first if there are several, None if it is not wrong."""
        return self.causes[0].code if self.causes else None

    @property
    def blamed(self) -> str:
        """The gradient the first mistake was made in, as written: this one, or one before it that was not given."""
        return self.causes[0].where if self.causes else self.written

    @property
    def error(self) -> float:
        """Largest absolute error; NaN if the shapes differ."""
        d = self._difference()
        return float("nan") if d is None else float(np.max(d, initial=0.0))

    @property
    def ulps(self) -> float:
        """The largest error in units in the last place of the largest true entry; NaN if the shapes differ."""
        d = self._difference()
        if d is None or self.true is None or self.hand is None or d.size == 0:
            return float("nan")
        unit = np.spacing(np.max(np.abs(self.true)).astype(np.result_type(self.hand, self.true)))
        return float(np.max(d) / unit)

    @property
    def where(self) -> tuple[int, ...] | None:
        """Index of the largest error; None if the shapes differ or there is none."""
        d = self._difference()
        if d is None or not d.size or not np.max(d) > 0:
            return None
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(d)), d.shape))

    def place(self, lang: Lang) -> str:
        """Where the error sits: in one sample, in one unit, only where Z < 0, or everywhere."""
        d = self._difference()
        if d is None or d.ndim != 2 or self.where is None:
            return ""
        row, column = (i + 1 for i in self.where)
        wrong = d > 1e-6 * np.max(d)
        if d.shape[1] > 1 and wrong.any(axis=0).sum() == 1:
            return say("place.one_sample", lang, column=column)
        if d.shape[0] > 1 and wrong.any(axis=1).sum() == 1:
            return say("place.one_unit", lang, row=row)
        if self.negative is not None and not wrong[self.negative[1] >= 0].any():
            return say("place.negative", lang, z=self.negative[0], row=row, column=column)
        return say("place.everywhere", lang, row=row, column=column)

    def explanation(self, lang: Lang) -> str:
        """What is wrong, other explanations, and the right formula; "" if nothing is wrong."""
        if not self.causes:
            return ""
        lines = [cause.text(lang) for cause in self.causes]
        lines += [self.place(lang)] if self.cause == "unknown" else []
        for causes in self.alternatives[:SHOWN]:
            lines += [say("cause.or", lang), *(c.text(lang) for c in causes)]
        more = len(self.alternatives) - SHOWN
        lines += [say("cause.more", lang, n=more)] if more > 0 else []
        lines += [say("cause.right", lang, formula=rule) for rule in self.remedies]
        return join(lang, lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "error": None if np.isnan(self.error) else self.error,
            "where": self.where,
            "shape": None if self.hand is None else list(self.hand.shape),
            "expected_shape": None if self.true is None else list(self.true.shape),
            "causes": [vars(c) for c in self.causes],
            "alternatives": [[vars(c) for c in causes] for causes in self.alternatives],
            "formula": None if self.formula is None else f"{self.written} = {self.formula.text}",
            "remedies": list(self.remedies),
        }

    def _difference(self) -> Array | None:
        if self.true is None or self.hand is None or self.hand.shape != self.true.shape:
            return None
        return np.asarray(np.nan_to_num(np.abs(self.hand - self.true), nan=np.inf))
