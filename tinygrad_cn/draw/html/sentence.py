r"""Sentences of the derivation as HTML: words escaped, formulas as MathML.

The catalogue writes formulas between dollars in LaTeX. Those put into a sentence are known as formulas;
the few of the catalogue's own, `$\frac{1}{m}$`, are read back into the notation of formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from ...chain.note import Note, spell
from ...language import Lang
from ...ops.formula import Formula
from ...ops.latex import SIGNS, SYMBOLS
from .mathml import to_mathml

DOLLAR = re.compile(r"(?<!\\)\$")
READ_BACK = (
    (r"\\(?:mathbf|operatorname)\{(\w+)\}", r"\1"),
    (r"\\mathcal\{L\}", "ℒ"),
    (r"\\t?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1) / (\2)"),
    (r"\\lbrace\s*", "{"),
    (r"\s*\\rbrace", "}"),
    (r"\\lVert\s*|\s*\\rVert", "‖"),
    (r"\^\{([^{}]*)\}", r"^(\1)"),
    (r"_(?=[jk])([jk])", lambda m: {"j": "ⱼ", "k": "ₖ"}[m[1]]),
    (r"\\pm", "±"),
    (r"\\cdot(?=\))", "·"),
    ("'", "′"),
)  # fmt: skip
NAMES = {latex: text for text, latex in reversed((SIGNS | SYMBOLS).items()) if latex.startswith("\\")}


def sentence(note: Note, lang: Lang) -> str:
    """A note in a language, as HTML."""
    known = {f.latex: f.text for f in _formulas(note)}
    pieces = DOLLAR.split(spell(note, lang, lambda text: text.replace("$", r"\$")))
    out = []
    for i, piece in enumerate(pieces):
        out.append(to_mathml(known.get(piece) or read_back(piece)) if i % 2 else escape(piece.replace(r"\$", "$")))
    return "".join(out)


def read_back(latex: str) -> str:
    r"""The formula that a LaTeX formula of the catalogue stands for.

    Examples
    --------
    >>> read_back(r"\sigma'(z) = a (1 - a)"), read_back(r"\frac{1}{m}")
    ('σ′(z) = a (1 - a)', '(1) / (m)')
    """
    for pattern, replacement in READ_BACK:
        latex = re.sub(pattern, replacement, latex)
    return re.sub(r"\\[a-zA-Z]+", lambda m: NAMES.get(m[0], m[0][1:]), latex)


def _formulas(value: Any) -> Iterator[Formula]:
    """The formulas put into a note, also those of notes inside it."""
    if isinstance(value, Formula):
        yield value
    elif isinstance(value, Note):
        yield from _formulas((*value.values.values(), value.term))
    elif isinstance(value, tuple):
        for item in value:
            yield from _formulas(item)
