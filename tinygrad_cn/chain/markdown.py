"""The derivation as Markdown with $$ math, for a notebook cell or a page on a code host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language import Lang, say
from .derivation import Line, Section, derivation
from .note import Note, spell

if TYPE_CHECKING:
    from .chain import Chain


def markdown(chain: Chain) -> str:
    """The whole derivation."""
    lang, whole = chain.lang, derivation(chain)
    blocks = [f"# {say('derive.title', lang)}", *(_sentence(note, lang) for note in whole.intro)]
    for part, sections in (("forward", whole.forward), ("backward", whole.backward)):
        blocks.append(f"## {say(f'derive.{part}', lang)}")
        blocks += [block for section in sections for block in _section(section, lang)]
    return "\n\n".join(blocks) + "\n"


def _section(section: Section, lang: Lang) -> list[str]:
    blocks = [f"### {_sentence(section.title, lang)}"]
    for line in section.lines:
        blocks += [_display(line), *([_reasons(line, lang)] if line.notes else [])]
    return blocks + [_sentence(note, lang) for note in section.notes]


def _display(line: Line) -> str:
    if len(line.rows) == 1:
        return f"$$\n{line.rows[0].replace('&', '')}\n$$"
    rows = " \\\\\n".join(line.rows)
    return f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$"


def _reasons(line: Line, lang: Lang) -> str:
    return "\n".join(_reason(note, lang) for note in line.notes)


def _reason(note: Note, lang: Lang) -> str:
    """A labelled sentence, or what is said of one term of a sum, a step further in."""
    if note.term is not None:
        return f"  - {_sentence(note, lang)}"
    return f"- **{say(f'derive.label.{note.label}', lang)}** {_sentence(note, lang)}"


def _sentence(note: Note, lang: Lang) -> str:
    return spell(note, lang, plain=str)
