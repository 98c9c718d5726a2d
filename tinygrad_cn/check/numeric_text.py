"""The text of a gradcheck: which argument, which entry, both values, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..language import say
from ..text import align

if TYPE_CHECKING:
    from .numeric import Entry, GradcheckReport

SHOWN = 5
SAME = 1e-3  # ratios this close are one constant
METHODS = {"complex step": "complex_step", "central difference": "central_difference"}


def gradcheck_text(report: GradcheckReport) -> str:
    """A line that says how and how many, a table of the worst entries, and what to try."""
    lang = report.lang
    state = say("gradcheck.agree", lang) if report.ok else say("gradcheck.disagree", lang, n=len(report.wrong))
    head = say(
        "gradcheck.head",
        lang,
        method=say(f"gradcheck.{METHODS[report.method]}", lang),
        h=f"{report.step:.1e}",
        dtype=report.dtype,
        rtol=f"{report.rtol:.1e}",
        looked=len(report.entries),
        total=report.total,
        state=state,
    )
    if report.worst is None:
        return head
    heads = tuple(say(f"gradcheck.{k}", lang) for k in ("argument", "entry", "analytic", "numeric", "error"))
    shown = sorted(report.wrong, key=lambda e: -e.error)[:SHOWN] or [report.worst]
    table = align([(*heads, ""), *(_cells(e, say("gradcheck.kink", lang)) for e in shown)])
    return "\n".join([head, *table, *_advice(report)])


def _cells(e: Entry, kink: str) -> tuple[str, ...]:
    near = kink if e.sides is not None else ""
    return e.argument, str(e.index), f"{e.analytic:.9g}", f"{e.numeric:.9g}", f"{e.error:.2g}", near


def _advice(report: GradcheckReport) -> Iterator[str]:
    """What the wrong entries have in common, and what to try."""
    lang, wrong, worst = report.lang, report.wrong, report.worst
    kinks = [e for e in report.entries if e.kink]
    if kinks:
        yield say("gradcheck.exempt", lang, n=len(kinks), name=kinks[0].name, **_sides(kinks[0]))
    if not wrong or worst is None:
        return
    names = {e.argument for e in wrong}
    if len(names) == 1 and len({e.argument for e in report.entries}) > 1:
        yield say("gradcheck.only", lang, name=worst.argument)
    ratios = np.array([e.analytic / e.numeric for e in wrong if e.numeric])
    if len(wrong) > 1 and len(ratios) == len(wrong) and float(np.ptp(ratios)) <= SAME * abs(ratios[0]):
        yield say("gradcheck.ratio", lang, factor=f"{ratios[0]:.4g}")
    beyond = next((e for e in wrong if e.sides is not None), None)
    if beyond is not None:
        yield say("gradcheck.beyond", lang, name=beyond.name, **_sides(beyond))
    if "float32" in report.dtype or "float16" in report.dtype:
        yield say("gradcheck.float64", lang, dtype=report.dtype)
    if worst.error <= 1e-4 * max(abs(worst.analytic), abs(worst.numeric)) and report.method == "central difference":
        yield say("gradcheck.close", lang, name=worst.name)
    else:
        yield say("gradcheck.try", lang, name=worst.argument)


def _sides(e: Entry) -> dict[str, str]:
    below, above = e.sides or (0.0, 0.0)
    return {"below": f"{below:.4g}", "above": f"{above:.4g}"}
