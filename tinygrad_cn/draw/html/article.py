"""One step of the page as HTML: its formula, how it is derived and why, what it uses, its numeric check."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from ...chain.derivation import Line, derivation
from ...chain.model import Quantity
from ...language import Lang, say
from ..parts import shape_text
from .cards import number, role
from .checks import Checked, checker
from .mathml import to_lines, to_mathml
from .sentence import sentence
from .steps import Outline, PageStep, Thing, short

LABELS = {"rule": "why", "shape": "shape", "mean": "mean_note"}


class Writer:
    """Writes the steps of one page."""

    def __init__(self, plan: Outline) -> None:
        self.plan = plan
        self.lang: Lang = plan.chain.lang
        self.check = checker(plan.chain, sum(step.parameter for step in plan.steps))
        told = derivation(plan.chain)
        self.lines = {line.left.text: line for section in (*told.forward, *told.backward) for line in section.lines}

    def article(self, n: int, step: PageStep) -> str:
        """Step n."""
        q = step.thing.quantity
        assert q.formula is not None
        phase = "backward" if step.backward else "forward"
        formula = f"{step.thing.written} = {q.formula.text}"
        spoken = say(
            "html.announce", self.lang, phase=self._say(phase), n=n, total=len(self.plan.steps), formula=formula
        )
        uses = " ".join(str(self.plan.cards[t.key]) for t in step.uses)
        attributes = (
            f'data-uses="{uses}" data-result="{self.plan.cards[step.thing.key]}" data-spoken="{escape(spoken)}"'
        )
        badge = f'<p class="phase {phase}">{self._say(phase)} <span>{n} / {len(self.plan.steps)}</span></p>'
        notes = "".join([self._derived(step), *self._notes(step), self._uses(step)])
        return (
            f'<article class="step role-{role(q)}" {attributes}>{badge}<h2 class="formula">{_formula(formula)}</h2>'
            f'<dl class="notes">{notes}</dl><div class="cards"></div>{self._checks(step)}</article>'
        )

    def _say(self, key: str) -> str:
        return escape(say(f"html.{key}", self.lang))

    def _line(self, step: PageStep) -> Line | None:
        return self.lines.get(step.thing.written)

    def _derived(self, step: PageStep) -> str:
        """The forms before the last, which the formula above is; of a convolution, one entry of it."""
        line = self._line(step)
        if line is not None and line.entry is not None:
            return self._note("entry", _formula(line.entry.text))
        if line is None or len(line.right) < 2:
            return ""
        forms = "".join(f'<div class="form">{_formula(f"= {f.text}")}</div>' for f in line.right[:-1])
        return self._note("derived", f'{to_mathml(step.thing.written)} <div class="forms">{forms}</div>')

    def _notes(self, step: PageStep) -> list[str]:
        """Why, and how shapes combine: as the derivation says, each step on its own."""
        line = self._line(step)
        notes = [] if line is None else [replace(n, key=n.key.removesuffix(".again")) for n in line.notes]
        told = [(LABELS[n.label], sentence(n, self.lang)) for n in notes if n.label in LABELS]
        if not step.backward and all(label != "why" for label, _ in told):
            kind = step.thing.quantity.role
            told.insert(0, ("why", self._say(kind if kind in ("Z", "A", "loss") else "op")))
        if all(label != "shape" for label, _ in told) and shape_text(step.thing.quantity):
            told.append(("shape", escape(shape_text(step.thing.quantity))))
        return [self._note(label, text) for label, text in told]

    def _note(self, label: str, content: str) -> str:
        return f"<div><dt>{self._say(label)}</dt><dd>{content}</dd></div>"

    def _uses(self, step: PageStep) -> str:
        chips = "".join(self._chip(thing, step) for thing in step.uses)
        return self._note("uses", f'<ul class="chips">{chips}</ul>') if chips else ""

    def _chip(self, thing: Thing, step: PageStep) -> str:
        q = thing.members[-1]
        source = str(q.role) if q.role in ("data", "parameter") else "value"
        if step.backward and (
            q.formula is not None or thing.written in self.plan.index.rows[step.thing.row].step.cache
        ):
            source = "upstream" if q.role == "gradient" else "cache"
        text = f"{to_mathml(thing.written)} <small>{self._say(f'from.{source}')}</small>"
        linked = f'<a href="#step={self.plan.numbers[q.name]}">{text}</a>' if _has_step(q) else f"<span>{text}</span>"
        return f'<li class="role-{role(q)}">{linked}</li>'

    # ---- checks -------------------------------------------------------------------------------------

    def _checks(self, step: PageStep) -> str:
        if not step.parameter:
            return ""
        members = step.thing.members
        ends = members if len(members) == 1 else (members[0], members[-1])
        return "".join(self._check(q, named=len(ends) > 1) for q in ends if q.value is not None)

    def _check(self, q: Quantity, named: bool) -> str:
        found = self.check(q)
        name = f"{to_mathml(short(q))} " if named else ""
        if found is None:
            return f'<p class="check">{name}{self._say("check.skipped")}</p>'
        state, mark = ("ok", "✓") if found.ok else ("wrong", "✗")
        return f'<p class="check {state}"><b>{mark}</b> {name}{escape(self._told(found))}</p>'

    def _told(self, found: Checked) -> str:
        values = {"looked": found.looked - found.kinks, "total": found.total, "error": number(found.error, 2)}
        method = say(f"html.method.{found.method}", self.lang)
        text = say("html.check.ok" if found.ok else "html.check.wrong", self.lang, method=method, **values)
        return text + say("html.check.kinks", self.lang, kinks=found.kinks) * bool(found.kinks)


def _formula(text: str) -> str:
    """A formula that may break before an operator; read out as one."""
    return f'<span role="math" aria-label="{escape(text)}">{"<wbr>".join(to_lines(text))}</span>'


def _has_step(q: Quantity) -> bool:
    return q.formula is not None
