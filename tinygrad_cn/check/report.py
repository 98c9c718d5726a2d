"""The report of a comparison: a row per gradient, as a table, and as an assertion."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np

from ..chain import Chain
from ..errors import GradientMismatchError
from ..language import Lang, say
from ..ops.formula import Formula
from ..ops.op import Array
from ..text import align, columns
from .cause import Cause

Verdict = Literal["agree", "wrong", "inherited", "shape", "unknown_name"]
MARKS: dict[Verdict, str] = {"agree": "✓", "wrong": "✗", "inherited": "△", "shape": "✗", "unknown_name": "?"}


@dataclass(frozen=True, eq=False)
class Row:
    """One gradient compared.

    Attributes
    ----------
    name, written : str
        "dZ1", and as written in formulas, "dZ[1]".
    verdict : str
        agree, wrong, inherited (right in itself, an earlier one is wrong), shape, unknown_name.
    hand, true : ndarray
        The learner's value and the true one, in the report's convention.
    own : ndarray or None
        What follows from the learner's own upstream values.
    formula : Formula or None
        The right formula.
    causes : tuple of Cause
        The mistakes that together give the hand gradient.
    alternatives : tuple of tuple of Cause
        Other explanations, as simple.
    """

    name: str
    written: str
    verdict: Verdict
    hand: Array
    true: Array | None = None
    own: Array | None = None
    formula: Formula | None = None
    causes: tuple[Cause, ...] = ()
    alternatives: tuple[tuple[Cause, ...], ...] = ()

    @property
    def cause(self) -> str | None:
        """Why it is wrong, as a code of `cause.CODES`; the first if there are several, None if it is not wrong."""
        return self.causes[0].code if self.causes else None

    @property
    def error(self) -> float:
        """Largest absolute error; NaN if the shapes differ."""
        d = self._difference()
        return float("nan") if d is None else float(np.max(d, initial=0.0))

    @property
    def ulps(self) -> float:
        """The largest error in units in the last place of the largest true entry; NaN if the shapes differ."""
        d = self._difference()
        if d is None or self.true is None or d.size == 0:
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

    def _difference(self) -> Array | None:
        if self.true is None or self.hand.shape != self.true.shape:
            return None
        return np.asarray(np.nan_to_num(np.abs(self.hand - self.true), nan=np.inf))


class Report:
    """What `compare` found.

    Attributes
    ----------
    rows : tuple of Row
        From the cost back to the input.
    chain : Chain
        What the gradients were compared with.
    """

    def __init__(self, chain: Chain, rows: tuple[Row, ...], lang: Lang) -> None:
        self.chain, self.rows, self.lang = chain, rows, lang

    @property
    def ok(self) -> bool:
        """True if every gradient agrees."""
        return all(row.verdict == "agree" for row in self.rows)

    @property
    def first_wrong(self) -> str | None:
        """Name of the first gradient, from the cost back, that is itself wrong; None if there is none."""
        return next((row.name for row in self.rows if row.verdict in ("wrong", "shape", "unknown_name")), None)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name or row.written == name:
                return row
        raise KeyError(f"no {name!r} in this report; it has {', '.join(row.name for row in self.rows)}")

    def raise_if_wrong(self) -> None:
        """Raise with the whole report as its text unless everything agrees.

        Raises
        ------
        GradientMismatchError
            An AssertionError, so that tests fail on it.
        """
        if not self.ok:
            raise GradientMismatchError(f"\n{self}")

    def draw(self, path: str | PathLike[str]) -> Any:
        """Draw the chain of gradients with a mark and the reason on each."""
        return importlib.import_module("tinygrad_cn.draw").draw(self, path, view="difference")

    def __str__(self) -> str:
        heads = tuple(say(f"report.{k}", self.lang) for k in ("gradient", "verdict", "error", "formula"))
        lines = align([heads, *(self._cells(row) for row in self.rows)])
        rule = "─" * max(map(columns, lines))
        return "\n".join([self._summary(), lines[0], rule, *lines[1:], rule, *self._remarks()])

    def __repr__(self) -> str:
        return f"<Report: {self._summary()}>"

    def _cells(self, row: Row) -> tuple[str, ...]:
        verdict = f"{MARKS[row.verdict]} {say(f'verdict.{row.verdict}', self.lang)}"
        formula = f"{row.written} = {row.formula.text}" if row.formula is not None else ""
        return row.written, verdict, self._error_text(row), formula

    def _error_text(self, row: Row) -> str:
        if row.true is None:
            return ""
        if row.verdict == "shape":
            return say("report.shapes", self.lang, want=row.true.shape, got=row.hand.shape)
        if row.verdict == "agree":
            return say("report.ulps", self.lang, error=f"{row.error:.1e}", ulps=f"{row.ulps:.3g}", dtype=row.hand.dtype)
        return say("report.at", self.lang, error=f"{row.error:.3g}", where=row.where)

    def _summary(self) -> str:
        count = {v: sum(row.verdict == v for row in self.rows) for v in MARKS}
        wrong = count["wrong"] + count["shape"] + count["unknown_name"]
        return say(
            "report.summary",
            self.lang,
            n=len(self.rows),
            agree=count["agree"],
            wrong=wrong,
            inherited=count["inherited"],
        )

    def _remarks(self) -> list[str]:
        first = self.first_wrong
        remarks = [say(f"convention.{self.chain.convention}", self.lang), self.chain.note]
        if first is not None:
            remarks.append(say("report.first", self.lang, name=self[first].written))
        return [r for r in remarks if r]
