r"""The derivation as LaTeX: a fragment for \input, or a document of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..language import Lang, say
from ..ops.latex import escape
from .derivation import Line, Section, derivation
from .note import Note, spell

if TYPE_CHECKING:
    from .chain import Chain

HAN = re.compile("[㐀-鿿]")
CHINESE = r"""\documentclass[11pt, a4paper]{ctexart}
\ctexset{section/format=\Large\bfseries}"""
ENGLISH = r"\documentclass[11pt, a4paper]{article}"
CHINESE_NAMES = ENGLISH + "\n" + r"\usepackage[scheme=plain]{ctex}"  # English with Chinese names in it
DOCUMENT = r"""HEAD
\usepackage[margin=26mm]{geometry}
\usepackage{amsmath, enumitem}
\setlist{nosep, beginpenalty=10000}
\setlist[description]{font=\normalfont\small\bfseries, leftmargin=3.6em, labelwidth=3.1em, labelsep=0.5em}
\setlist[itemize]{leftmargin=1.2em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em}
\setlength{\jot}{6pt}
\pagestyle{plain}
\begin{document}
\abovedisplayskip=-0.4\baselineskip
\postdisplaypenalty=10000
\begin{center}
\LARGE\bfseries TITLE
\end{center}

BODY
\end{document}
"""


def latex(chain: Chain, standalone: bool) -> str:
    """The whole derivation; the fragment needs the package amsmath."""
    lang, whole = chain.lang, derivation(chain)
    blocks = [_sentence(note, lang) for note in whole.intro]
    for part, sections in (("forward", whole.forward), ("backward", whole.backward)):
        blocks.append(rf"\section*{{{say(f'derive.{part}', lang)}}}")
        blocks += [block for section in sections for block in _section(section, lang)]
    body = "\n\n".join(blocks) + "\n"
    return document(body, lang) if standalone else body


def document(body: str, lang: Lang) -> str:
    """A fragment with everything around it that a document needs."""
    head = CHINESE if lang == "zh" else CHINESE_NAMES if HAN.search(body) else ENGLISH
    parts = {"HEAD": head, "TITLE": say("derive.title", lang), "BODY": body.rstrip()}
    return re.sub("HEAD|TITLE|BODY", lambda match: parts[match[0]], DOCUMENT)


def _section(section: Section, lang: Lang) -> list[str]:
    lines = ["\n".join([_display(line), *_reasons(line, lang)]) for line in section.lines]
    title = rf"\subsection*{{{_sentence(section.title, lang)}}}"
    return [title, *lines, *(_sentence(note, lang) for note in section.notes)]


def _display(line: Line) -> str:
    """Equalities, long chains of them below each other; the shape at the right margin."""
    first, *others = line.rows
    rows = [rf"{first} \tag*{{${line.size.latex}$}}" if line.size.text != "()" else first, *others]
    return "\n".join([r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"])


def _reasons(line: Line, lang: Lang) -> list[str]:
    """A list of labelled sentences; what is said of each term of a sum is a list in it."""
    items: list[str] = []
    for note in line.notes:
        opened = items and items[-1].startswith(r"  \item ")
        if note.term is not None:
            items += (
                [rf"  \item {_sentence(note, lang)}"]
                if opened
                else [r"  \begin{itemize}", rf"  \item {_sentence(note, lang)}"]
            )
        else:
            items += [r"  \end{itemize}"] * bool(opened)
            items.append(rf"\item[{say(f'derive.label.{note.label}', lang)}] {_sentence(note, lang)}")
    return [r"\begin{description}", *items, r"\end{description}"] if items else []


def _sentence(note: Note, lang: Lang) -> str:
    return spell(note, lang, plain=escape)
