"""Compare gradients given by name with those of a chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..chain import Chain
from ..language import Lang
from .hand import match
from .judge import Judge
from .report import Report
from .row import Row


def compare_named(
    chain: Chain, hand: Mapping[str, Any], rtol: float | None, lang: Lang, required: Iterable[str] = ()
) -> Report:
    """The report on some gradients of a chain; those `required` and not given are `missing`."""
    given, unknown = match(chain, hand)
    judge = Judge(chain, given, rtol)
    rows = {row.name: row for row in judge.rows()}
    rows |= {name: _missing(chain, judge, name) for name in required if name not in given}
    order = [name for x in judge.order if (name := f"d{chain.reader.names[id(x)]}") in rows]
    unknown_rows = [Row(name, name, "unknown_name", np.asarray(hand[name])) for name in unknown]
    return Report(chain, (*(rows[name] for name in order), *unknown_rows), lang, judge.remarks(lang))


def _missing(chain: Chain, judge: Judge, name: str) -> Row:
    q = chain.quantities[name]
    return Row(name, q.written, "missing", None, judge.true[id(chain.reader.values[name[1:]])].plain, formula=q.formula)
