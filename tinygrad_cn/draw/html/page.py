"""The page: steps, cards, picture, style and script put into one template, and the policy that shuts out the rest."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from importlib import resources
from string import Template

from ...chain import Chain
from ...language import say
from ..style import FONT_STACK, PALETTE
from ..svg import theme_css, variables
from .article import Writer
from .cards import card
from .picture import picture
from .steps import outline

WORDS = "first previous next last turn navigation theme theme.auto theme.light theme.dark picture steps keys".split()
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def page(chain: Chain) -> str:
    """The whole page of a chain as text; the same chain gives the same text."""
    plan = outline(chain)
    writer = Writer(plan)
    style, script = _style(), _file("page.js")
    words = {word.replace(".", "_"): escape(say(f"html.{word}", chain.lang)) for word in WORDS}
    return Template(_file("page.html")).substitute(
        words,
        lang={"zh": "zh-CN"}.get(chain.lang, chain.lang),
        title=escape(_title(chain)),
        policy=_policy(style, script),
        style=style,
        script=script,
        svg=STYLE.sub("", picture(plan)),
        convention=escape(" ".join(filter(None, [say(f"convention.{chain.convention}", chain.lang), chain.note]))),
        state="" if chain.computed else escape(say("gradients_not_computed", chain.lang)),
        articles="\n".join(writer.article(n, step) for n, step in enumerate(plan.steps, 1)),
        cards="\n".join(f'<template id="card-{n}">{card(t, chain.lang)}</template>' for n, t in enumerate(plan.things)),
        total=str(len(plan.steps)),
        turning=str(1 + sum(not step.backward for step in plan.steps)),
    )


def _title(chain: Chain) -> str:
    m = "?" if chain.m is None else chain.m
    return say("table.title", chain.lang, layers=chain.depth, m=m)


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
