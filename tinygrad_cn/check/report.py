"""The report of a comparison: as a table, Markdown, HTML, JSON, and as an assertion."""

from __future__ import annotations

import html
import importlib
import json
from os import PathLike
from typing import Any

from ..chain import Chain
from ..errors import GradientMismatchError
from ..language import Lang, say
from ..text import align, columns
from .row import MARKS, Row

COLOURS = {"agree": "32", "inherited": "33", "frozen": "90"}  # ANSI: green, yellow, grey; everything else red


class Report:
    """What `compare` found.

    Attributes
    ----------
    rows : tuple of Row
        From the cost back to the input.
    chain : Chain
        What the gradients were compared with.
    remarks : tuple of str
        What holds for the comparison as a whole.
    """

    def __init__(self, chain: Chain, rows: tuple[Row, ...], lang: Lang, remarks: tuple[str, ...] = ()) -> None:
        self.chain, self.rows, self.lang, self.remarks = chain, rows, lang, remarks

    @property
    def ok(self) -> bool:
        """True if every gradient agrees; those of frozen layers, which are not computed, do not count."""
        return all(row.verdict in ("agree", "frozen") for row in self.rows)

    @property
    def first_wrong(self) -> str | None:
        """Name of the first gradient, from the cost back, that is itself wrong; None if there is none."""
        return next((row.name for row in self.rows if row.verdict not in ("agree", "inherited", "frozen")), None)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if name in (row.name, row.written):
                return row
        raise KeyError(f"no {name!r} in this report; it has {', '.join(row.name for row in self.rows)}")

    def raise_if_wrong(self) -> None:
        """Raise with the whole report as its text unless everything agrees.

        Raises
        ------
        GradientMismatchError
            An AssertionError, so that tests fail on it.
        """
        __tracebackhide__ = True  # pytest then ends at the line of the test
        if not self.ok:
            raise GradientMismatchError(f"\n{self}")

    def draw(self, path: str | PathLike[str]) -> Any:
        """Draw the gradients with a mark on each and the reason on the wrong ones; see `Chain.draw` for file types."""
        return importlib.import_module("tinygrad_cn.draw").draw_report(self, path)

    # ---- text ---------------------------------------------------------------------------------------

    def text(self, colour: bool = False) -> str:
        """The table, and below it what is wrong with each wrong gradient; in colour for a terminal."""
        lines = align([self._heads(), *map(self._cells, self.rows)])
        rule = "─" * max(map(columns, lines))
        body = [self._paint(line, row) if colour else line for line, row in zip(lines[1:], self.rows, strict=True)]
        reasons = [f"{MARKS[row.verdict]} {row.explanation(self.lang)}" for row in self.rows if row.causes]
        return "\n".join([self.summary, lines[0], rule, *body, rule, *reasons, *self.notes])

    def markdown(self) -> str:
        """The same as Markdown."""
        heads = self._heads()
        table = [heads, ("---",) * len(heads), *map(self._cells, self.rows)]
        lines = [f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |" for row in table]
        reasons = [f"- {MARKS[row.verdict]} {row.explanation(self.lang)}" for row in self.rows if row.causes]
        return "\n".join([f"**{self.summary}**", "", *lines, "", *reasons, "", *self.notes]) + "\n"

    def json(self) -> str:
        """The same as JSON: {"ok": …, "first_wrong": …, "convention": …, "rows": […]}."""
        return json.dumps(
            {
                "ok": self.ok,
                "first_wrong": self.first_wrong,
                "convention": self.chain.convention,
                "rows": [row.to_dict() for row in self.rows],
            },
            ensure_ascii=False,
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Report: {self.summary}>"

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in self._cells(row))}</tr>" for row in self.rows
        )
        heads = "".join(f"<th>{html.escape(h)}</th>" for h in self._heads())
        reasons = "".join(f"<li>{html.escape(row.explanation(self.lang))}</li>" for row in self.rows if row.causes)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<p><b>{html.escape(self.summary)}</b></p><table><thead><tr>{heads}</tr></thead>"
            f"<tbody>{cells}</tbody></table><ul>{reasons}</ul>{notes}"
        )

    @property
    def summary(self) -> str:
        """One line: how many agree, are wrong, are inherited."""
        count = {v: sum(row.verdict == v for row in self.rows) for v in MARKS}
        wrong = len(self.rows) - count["agree"] - count["inherited"] - count["frozen"]
        return say(
            "report.summary",
            self.lang,
            n=len(self.rows),
            agree=count["agree"],
            wrong=wrong,
            inherited=count["inherited"],
        )

    def _heads(self) -> tuple[str, ...]:
        return tuple(say(f"report.{k}", self.lang) for k in ("gradient", "verdict", "error", "formula"))

    def _cells(self, row: Row) -> tuple[str, ...]:
        verdict = f"{MARKS[row.verdict]} {say(f'verdict.{row.verdict}', self.lang)}"
        formula = f"{row.written} = {row.formula.text}" if row.formula is not None else ""
        return row.written, verdict, self.error_text(row), formula

    def error_text(self, row: Row) -> str:
        """How large the error of a row is and where, or which shape was expected; "" if nothing was compared."""
        if row.true is None or row.hand is None:
            return ""
        if row.hand.shape != row.true.shape:
            return say("report.shapes", self.lang, want=row.true.shape, got=row.hand.shape)
        if row.verdict == "agree":
            return say("report.ulps", self.lang, error=f"{row.error:.1e}", ulps=f"{row.ulps:.3g}", dtype=row.hand.dtype)
        return say("report.at", self.lang, error=f"{row.error:.3g}", where=row.where)

    def _paint(self, line: str, row: Row) -> str:
        return f"\x1b[{COLOURS.get(row.verdict, '31')}m{line}\x1b[0m"

    @property
    def notes(self) -> list[str]:
        """What holds for the whole: the convention, remarks, where to begin."""
        notes = [say(f"convention.{self.chain.convention}", self.lang), self.chain.note, *self.remarks]
        if self.first_wrong is not None:
            notes.append(say("report.first", self.lang, name=self[self.first_wrong].blamed))
        return [n for n in notes if n]
