"""The page: steps and cards as HTML, put with the picture, the style and the script into one template."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from importlib import resources
from string import Template

from ...chain import Chain
from ...chain.derivation import Line, derivation
from ...chain.fold import fold
from ...chain.model import Quantity
from ...language import Lang, say
from ..parts import shape_text
from ..style import FONT_STACK, PALETTE
from ..svg import theme_css, variables
from .cards import card, number, role
from .checks import Checked, checker
from .mathml import to_lines, to_mathml
from .picture import picture
from .sentence import sentence
from .steps import Index, PageStep, Thing, page_steps, short, step_numbers

LABELS = {"rule": "html.why", "shape": "html.shape", "mean": "html.mean_note"}
WORDS = "first previous next last turn navigation theme theme.auto theme.light theme.dark picture steps keys".split()
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def page(chain: Chain) -> str:
    """The whole page of a chain as text; the same chain gives the same text."""
    index = Index(chain, fold(chain.steps))
    steps = page_steps(chain, index)
    numbers = step_numbers(steps)
    things = list({t.key: t for step in steps for t in (*step.uses, step.thing)}.values())
    cards = {thing.key: n for n, thing in enumerate(things)}
    writer = _Writer(chain, steps, numbers, cards)
    style, script = _style(), _file("page.js")
    words = {word.replace(".", "_"): escape(say(f"html.{word}", chain.lang)) for word in WORDS}
    return Template(_file("page.html")).substitute(
        words,
        lang={"zh": "zh-CN"}.get(chain.lang, chain.lang),
        title=escape(_title(chain)),
        policy=_policy(style, script),
        style=style,
        script=script,
        svg=STYLE.sub("", picture(chain, index, numbers, cards)),
        convention=escape(" ".join(filter(None, [say(f"convention.{chain.convention}", chain.lang), chain.note]))),
        state="" if chain.computed else escape(say("gradients_not_computed", chain.lang)),
        articles="\n".join(writer.article(n, step) for n, step in enumerate(steps, 1)),
        cards="\n".join(f'<template id="card-{n}">{card(t, chain.lang)}</template>' for n, t in enumerate(things)),
        total=str(len(steps)),
        turning=str(1 + sum(not step.backward for step in steps)),
    )


def _title(chain: Chain) -> str:
    m = "?" if chain.m is None else chain.m
    return say("table.title", chain.lang, layers=len(chain.layers), m=m)


# ---- one step ---------------------------------------------------------------------------------------


class _Writer:
    """Writes the steps of one chain."""

    def __init__(
        self, chain: Chain, steps: list[PageStep], numbers: Mapping[str, int], cards: Mapping[str, int]
    ) -> None:
        self.lang: Lang = chain.lang
        self.total = len(steps)
        self.numbers, self.cards = numbers, cards
        self.check = checker(chain, sum(step.parameter for step in steps))
        told = derivation(chain)
        self.lines = {line.left.text: line for section in (*told.forward, *told.backward) for line in section.lines}

    def article(self, n: int, step: PageStep) -> str:
        """Step n."""
        q = step.thing.quantity
        assert q.formula is not None
        phase = "backward" if step.backward else "forward"
        formula = f"{step.thing.written} = {q.formula.text}"
        spoken = say("html.announce", self.lang, phase=self._say(phase), n=n, total=self.total, formula=formula)
        uses = " ".join(str(self.cards[t.key]) for t in step.uses)
        attributes = f'data-uses="{uses}" data-result="{self.cards[step.thing.key]}" data-spoken="{escape(spoken)}"'
        badge = f'<p class="phase {phase}">{self._say(phase)} <span>{n} / {self.total}</span></p>'
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
        """The forms before the last, which the formula above is."""
        line = self._line(step)
        if line is None or len(line.right) < 2:
            return ""
        forms = "".join(f'<div class="form">{_formula(f"= {f.text}")}</div>' for f in line.right[:-1])
        return self._note("derived", f'{to_mathml(step.thing.written)} <div class="forms">{forms}</div>')

    def _notes(self, step: PageStep) -> list[str]:
        """Why, and how shapes combine: as the derivation says, each step on its own."""
        line = self._line(step)
        notes = [] if line is None else [replace(n, key=n.key.removesuffix(".again")) for n in line.notes]
        told = [(LABELS[n.label], sentence(n, self.lang)) for n in notes if n.label in LABELS]
        if not step.backward:
            kind = step.thing.quantity.role
            told.insert(0, ("html.why", self._say(kind if kind in ("Z", "A", "loss") else "op")))
        if all(label != "html.shape" for label, _ in told) and shape_text(step.thing.quantity):
            told.append(("html.shape", escape(shape_text(step.thing.quantity))))
        return [self._note(label.removeprefix("html."), text) for label, text in told]

    def _note(self, label: str, content: str) -> str:
        return f"<div><dt>{self._say(label)}</dt><dd>{content}</dd></div>"

    def _uses(self, step: PageStep) -> str:
        chips = "".join(self._chip(thing, step) for thing in step.uses)
        return self._note("uses", f'<ul class="chips">{chips}</ul>') if chips else ""

    def _chip(self, thing: Thing, step: PageStep) -> str:
        q = thing.members[-1]
        source = str(q.role) if q.role in ("data", "parameter") else "value"
        if step.backward:
            source = "upstream" if q.role == "gradient" else "cache"
        text = f"{to_mathml(thing.written)} <small>{self._say(f'from.{source}')}</small>"
        linked = f'<a href="#step={self.numbers[q.name]}">{text}</a>' if _has_step(q) else f"<span>{text}</span>"
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


# ---- style and policy -------------------------------------------------------------------------------


def _style() -> str:
    """The palette of the pictures as variables, in light and dark, then the page's own rules."""
    light = "".join(f"{name}:{value};" for name, value, _ in variables())
    roles = "".join(
        f".role-{key}{{{''.join(f'--{part}:var(--tg-{key}-{part});' for part in ('fill', 'line', 'ink'))}}}"
        for key in map(str.lower, PALETTE)
    )
    letters = f":root{{--font:{FONT_STACK};{light}}}.tg text{{font-family:var(--font)}}"
    return f"{letters}{theme_css()}{roles}\n{_file('page.css')}"


def _policy(style: str, script: str) -> str:
    """A content security policy that lets in this style and this script, and nothing from outside."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
