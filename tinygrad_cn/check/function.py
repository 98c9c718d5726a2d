"""Compare a learner's own backward function: on the given net, and on fresh ones of other sizes.

On one net a wrong gradient can be right by luck (m written as 400, or m equal to n[1]), and a factor can
have two names. So the function also runs on nets whose m and n[l] are different primes. The report is
that of the given net; what the others say settles its ambiguities, or overrules it.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..chain import Chain
from ..chain.time import STEP
from ..errors import HandFunctionError, OpError
from ..language import Lang, join, say
from .call import Hand
from .hand import required, returned_gradients
from .named import compare_named
from .pool import Layer, Pool, sizes
from .probe import fresh
from .report import Report
from .row import Row

PROBES = 3
OF_THE_NET = ("m", "L", "learning_rate", "lambd", "keep_prob")  # arguments that say nothing of the values


class Trial(NamedTuple):
    """The function on one net: its report, or how it failed."""

    sizes: str
    report: Report | None
    failure: HandFunctionError | OpError | None = None


def compare_function(chain: Chain, hand: Hand, rtol: float | None, lang: Lang, forward: Hand | None = None) -> Report:
    """The report on a backward function; with the learner's own `forward(X, parameters)`, on that one's cache."""
    here = Bench(chain, hand, forward)
    report = here.report(rtol, lang)
    trials = (
        [] if here.is_constant else [t for seed in range(PROBES) if (t := _trial(chain, hand, forward, seed, rtol))]
    )
    told = [t.report for t in trials if t.report is not None]
    shown, first = report, here.remarks(lang)
    if report.ok and (lucky := next((t for t in trials if t.report is not None and not t.report.ok), None)):
        assert lucky.report is not None
        shown = lucky.report
        first.append(say("probe.luck", lang, sizes=lucky.sizes, outside=here.outside(lang)))
    elif not report.ok:
        shown = Report(chain, tuple(_settled(row, told) for row in report.rows), lang)
        first += _differs(report, told, lang)
    remarks = [*first, *_about(trials, report, here, lang)]
    return Report(shown.chain, shown.rows, lang, tuple(remarks))


class Bench:
    """A backward function called once with the values of a chain."""

    def __init__(self, chain: Chain, hand: Hand, forward: Hand | None = None) -> None:
        self.chain, self.signature = chain, hand.signature
        self.pool = Pool(chain)
        cache = None if forward is None else forward_cache(forward, self.pool)
        self.arguments = self.pool.choose(self.signature, cache)
        self.answer = hand.call(self.arguments)
        gradients = returned_gradients(self.signature, self.answer.result)
        self.is_older = _is_older(gradients, self.pool.layers)
        if self.is_older:
            gradients = {name: x for name, x in gradients.items() if name[:2] != "dA"} | {
                f"dA{n - 1}": gradients[f"dA{n}"] for n in range(1, len(self.pool.layers) + 1)
            }
        self.gradients = _upright(gradients, self.pool) if self.pool.turns(self.signature) else gradients

    @property
    def is_constant(self) -> bool:
        """True if it is given nothing of the net, so that another net would not be noticed."""
        return all(name in OF_THE_NET for name in self.arguments)

    def report(self, rtol: float | None, lang: Lang) -> Report:
        """What it returned, compared; one that starts from a gradient it is given need not return them all."""
        is_part = any(name not in self.pool.values for name in self.signature.required)
        return compare_named(self.chain, self.gradients, rtol, lang, () if is_part else required(self.chain))

    def remarks(self, lang: Lang) -> list[str]:
        """What it did to its arguments, and how its result was read."""
        changed = ", ".join(self.answer.changed)
        found = [say("probe.changed", lang, names=changed)] if changed else []
        return [*found, say("probe.older", lang)] if self.is_older else found

    def outside(self, lang: Lang) -> str:
        """A sentence about values it reads that it could have been given."""
        names = [name for name in self.signature.outside if name in self.pool.values]
        return say("probe.outside", lang, names=", ".join(names)) if names else ""


def forward_cache(forward: Hand, pool: Pool) -> Any:
    """The cache that a learner's forward function returns: a dict, list or tuple in it, or all of Z1, A1, A2."""
    result = forward.call(pool.choose(forward.signature)).result
    parts = result if isinstance(result, tuple) else (result,)
    whole = result if len(parts) > 2 else None
    return next((p for p in parts if isinstance(p, (dict, list, tuple))), whole)


def _is_older(gradients: dict[str, Any], layers: Sequence[Layer]) -> bool:
    """True if dA1 is what later versions of the course call dA0: told by the shapes of dA1, …, dA[L]."""
    given = [np.shape(gradients.get(f"dA{n}", ())) for n in range(1, len(layers) + 1)]
    before, own = [layer.A_prev.shape for layer in layers], [layer.A.shape for layer in layers]
    return "dA0" not in gradients and given == before and given != own


def _upright(gradients: dict[str, Any], pool: Pool) -> dict[str, Any]:
    """The notes' dw (n, 1) and number db as dW1 (1, n) and db1 (1, 1)."""
    layer = pool.layers[0]
    found = dict(gradients)
    if "dw" in found and np.shape(found["dw"]) == layer.W.T.shape:
        found["dW1"] = np.transpose(found.pop("dw"))
    if "db" in found and layer.b is not None:
        db = found.pop("db")
        found["db1"] = np.reshape(db, layer.b.shape) if np.size(db) == layer.b.size else db
    return found


# ---- fresh nets -------------------------------------------------------------------------------------


def _trial(chain: Chain, hand: Hand, forward: Hand | None, seed: int, rtol: float | None) -> Trial | None:
    """The function on a fresh net; None if the cost cannot be rebuilt."""
    other = fresh(chain, seed)
    if other is None:
        return None
    name = sizes(Pool(other).values)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return Trial(name, Bench(other, hand, forward).report(rtol, other.lang))
        except (HandFunctionError, OpError) as failure:
            return Trial(name, None, failure)


def _settled(row: Row, told: Sequence[Report]) -> Row:
    """The row with the explanation on which all fresh nets agree: there, factors have one name."""
    others = [r for report in told for r in report.rows if r.name == row.name and r.verdict == row.verdict]
    if not row.causes or len(others) < max(1, len(told)) or any(o.causes != others[0].causes for o in others):
        return row
    other = others[0]
    return row if other.cause == "unknown" else replace(row, causes=other.causes, alternatives=other.alternatives)


def _differs(report: Report, told: Sequence[Report], lang: Lang) -> list[str]:
    """A remark if the first mistake is in another gradient on the fresh nets."""
    for other in told:
        name = other.first_wrong
        if name != report.first_wrong and _blamed(other) != _blamed(report):
            return [say("probe.differs", lang, name=name or "—")]
    return []


def _blamed(report: Report) -> str:
    """The gradient that the first mistake was made in, at whatever time step."""
    return "" if report.first_wrong is None else STEP.sub("⟨t⟩", report[report.first_wrong].blamed)


def _about(trials: Sequence[Trial], report: Report, here: Bench, lang: Lang) -> list[str]:
    """What the fresh nets were, or why there were none."""
    failed = next((t for t in trials if t.failure is not None), None)
    if here.is_constant:
        return [say("probe.constant", lang, function=here.signature.name)]
    if failed is not None:
        last = str(failed.failure).strip().splitlines()[-1]
        return [join(lang, [say("probe.raised", lang, sizes=failed.sizes, error=last), here.outside(lang)])]
    if not trials:
        return [say("probe.none", lang)]
    if report.ok and all(t.report is not None and t.report.ok for t in trials):
        return [say("probe.agree", lang, sizes=("；" if lang == "zh" else "; ").join(t.sizes for t in trials))]
    return []
