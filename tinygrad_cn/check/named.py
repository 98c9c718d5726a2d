"""Compare gradients given by name with those of a chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..autograd import is_frozen
from ..chain import Chain
from ..chain.formula import gradient_of
from ..chain.names import canonical
from ..language import Lang
from .hand import match
from .judge import Judge
from .outside import numbered, outside_gradients, step_by_step
from .report import Report
from .row import Row


def compare_named(
    chain: Chain, hand: Mapping[str, Any], rtol: float | None, lang: Lang, required: Iterable[str] = ()
) -> Report:
    """The report on some gradients of a chain; those `required` and not given are `missing`."""
    hand = step_by_step(chain, {numbered(chain, str(name)): value for name, value in hand.items()})
    outside = outside_gradients(chain, hand)
    given, unknown = match(chain, hand, outside)
    judge = Judge(chain, given, rtol, outside)
    rows = {row.name: row for row in judge.rows()}
    rows |= {name: _missing(chain, judge, name) for name in required if name not in given}
    order = [name for x in judge.order if (name := f"d{chain.reader.names[id(x)]}") in rows]
    others = [_not_compared(chain, str(name), hand[name]) for name in unknown]
    return Report(chain, (*(rows[name] for name in order), *others), lang, judge.remarks(lang))


def _not_compared(chain: Chain, name: str, value: Any) -> Row:
    """A gradient that is not computed because all it would serve is frozen, or of nothing in the chain."""
    hand = np.asarray(value)
    known = canonical(name, [f"d{key}" for key in (*chain.quantities, *chain.reader.aliases)])
    if known is None:
        return Row(name, name, "unknown_name", hand)
    key = chain.reader.aliases.get(known[1:], known[1:])
    x = chain.reader.values[key]
    uses = [piece.out for piece, _ in chain.reader.consumers.get(id(x), [])]
    if is_frozen(x) or (uses and all(map(is_frozen, uses))):
        return Row(f"d{key}", gradient_of(chain.reader.name(x)), "frozen", hand)
    return Row(name, name, "unknown_name", hand)


def _missing(chain: Chain, judge: Judge, name: str) -> Row:
    q = chain.quantities[name]
    return Row(name, q.written, "missing", None, judge.true[id(chain.reader.values[name[1:]])].plain, formula=q.formula)
