"""`print(chain)`: one line per quantity, forward then backward, with shapes and formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language import say
from ..text import align, columns
from .model import Quantity, backward_quantities, forward_quantities

if TYPE_CHECKING:
    from .chain import Chain


def table(chain: Chain) -> str:
    """The whole chain as text."""
    lang = chain.lang
    heads = tuple(say(f"table.{k}", lang) for k in ("quantity", "shape", "symbols", "formula", "shapes"))
    forward = [_row(q, chain) for q in forward_quantities(chain.steps)]
    backward = [_row(q, chain) for q in backward_quantities(chain.steps)]
    lines = align([heads, *forward, *backward])
    rule = "─" * max(map(columns, lines))
    split = 1 + len(forward)
    titled = [lines[0], rule, *lines[1:split], rule, *lines[split:]]
    return "\n".join([_title(chain), *titled, rule, *_remarks(chain)])


def _row(q: Quantity, chain: Chain) -> tuple[str, ...]:
    formula = "" if q.formula is None else f"= {q.formula.text}"
    if q.frozen:
        formula = say("frozen", chain.lang)
    if q.remark:
        formula += f"{'' if q.remark.startswith('=') else ','} {q.remark}"
    return q.written, str(q.shape), q.symbols, formula, q.shapes if "→" in q.shapes else ""


def _title(chain: Chain) -> str:
    return say("table.title", chain.lang, layers=chain.depth, m="?" if chain.m is None else chain.m)


def _remarks(chain: Chain) -> list[str]:
    remarks = [say(f"convention.{chain.convention}", chain.lang), chain.note]
    return [r for r in [*remarks, "" if chain.computed else say("gradients_not_computed", chain.lang)] if r]
