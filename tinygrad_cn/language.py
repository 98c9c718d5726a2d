"""The language of texts for people: 中文 or English, from the catalogue in `words`.

Code, docstrings and errors are English; reports, pictures and derivations speak the reader's language.
"""

from __future__ import annotations

import locale
import os
from collections.abc import Iterable
from typing import Literal

from .words import CATALOGUE

Lang = Literal["zh", "en"]

__all__ = ["CATALOGUE", "Lang", "join", "language", "say"]


def language(lang: str | None = None) -> Lang:
    """The language to use: `lang`, else TINYGRAD_CN_LANG, else the locale (zh* is zh), else en.

    Examples
    --------
    >>> language("zh")
    'zh'

    Raises
    ------
    ValueError
        For any other language; it says whether `lang` or the environment asked for it.
    """
    chosen = lang or os.environ.get("TINYGRAD_CN_LANG") or _from_locale()
    if chosen == "zh":
        return "zh"
    if chosen == "en":
        return "en"
    raise ValueError(f'{"lang" if lang else "TINYGRAD_CN_LANG"} must be "zh" or "en"; got {chosen!r}')


def _from_locale() -> Lang:
    names = (os.environ.get(v) for v in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((n for n in names if n), None) or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def join(lang: Lang, sentences: Iterable[str]) -> str:
    """Sentences one after the other, with a space between them where the language has one."""
    return ("" if lang == "zh" else " ").join(s for s in sentences if s)


def say(key: str, lang: Lang, **values: object) -> str:
    """The text of `key` in the catalogue, with values filled in."""
    return CATALOGUE[key][lang].format(**values)
