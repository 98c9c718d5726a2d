"""A reason: a key of the catalogue and the formulas put into the sentence; `latex.py` and `markdown.py` spell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..language import Lang, say
from ..ops.formula import Formula

AND: dict[Lang, str] = {"zh": "、", "en": ", "}
COLON: dict[Lang, str] = {"zh": "：", "en": ": "}


@dataclass(frozen=True)
class Note:
    """A sentence of the catalogue.

    Attributes
    ----------
    key : str
        Its key within the family.
    values : mapping
        What is put into it: formulas, tuples of them, plain names, or other notes.
    label : str
        What it tells: "rule", "shape", "uses", "mean", or "" for none of these.
    term : Formula or None
        The summand it is about, if there are several.
    family : str
        What stands before the key in the catalogue; "" for words shared with tables and pictures.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    term: Formula | None = None
    family: str = "derive"


def formula(text: str) -> Formula:
    """A formula from its text."""
    return Formula.of(text)


def spell(note: Note, lang: Lang, plain: Callable[[str], str]) -> str:
    """The sentence in a language, with formulas as $LaTeX$; `plain` makes other text safe."""
    key = f"{note.family}.{note.key}".removeprefix(".")
    text = say(key, lang, **{k: _spelled(v, lang, plain) for k, v in note.values.items()})
    return text if note.term is None else f"{_spelled(note.term, lang, plain)}{COLON[lang]}{text}"


def _spelled(value: Any, lang: Lang, plain: Callable[[str], str]) -> str:
    if isinstance(value, Note):
        return spell(value, lang, plain)
    if isinstance(value, tuple):
        return AND[lang].join(_spelled(v, lang, plain) for v in value)
    return f"${value.latex}$" if isinstance(value, Formula) else plain(str(value))
