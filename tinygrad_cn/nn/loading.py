"""Putting saved values into a module: what fits, and a report of what did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..language import Lang, language, say
from ..ops.op import Array
from ..text import align

MARKS = {"matched": "✓", "missing": "○", "unexpected": "?", "misfits": "✗"}


@dataclass(frozen=True)
class Loaded:
    """What became of each name when a state was loaded; `print` shows it as a table, in 中文 or English.

    Attributes
    ----------
    matched : tuple of str
        Names whose values are in the module now.
    missing : dict of str to shape
        Names of the module that the state does not have; they keep their values.
    unexpected : dict of str to shape
        Names of the state that the module does not have; they are ignored.
    misfits : dict of str to (str, str)
        Names both have, with another shape or with values that are no real numbers; they keep their values. The
        texts say what the module has and what came.

    Examples
    --------
    >>> from tinygrad_cn import nn
    >>> ten, five = nn.DNN([64, 32, 10], seed=0), nn.DNN([64, 32, 5], seed=1)
    >>> loaded = five.load_state_dict(ten.state_dict(), strict=False)
    >>> loaded.matched, loaded.ok
    (('W1', 'b1'), False)
    >>> print(loaded.table("en"))
    Loaded: 2 of 4
    ✓ matched                       W1, b1
    ✗ does not fit, kept as it was  W2 is (5, 32), the value is (10, 32); b2 is (5, 1), the value is (10, 1)
    """

    matched: tuple[str, ...]
    missing: Mapping[str, tuple[int, ...]]
    unexpected: Mapping[str, tuple[int, ...]]
    misfits: Mapping[str, tuple[str, str]]

    @property
    def ok(self) -> bool:
        """Whether every name matched."""
        return not (self.missing or self.unexpected or self.misfits)

    def table(self, lang: str | None = None) -> str:
        """The report as text.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            Default: see `tinygrad_cn.language`.
        """
        chosen = language(lang)
        comma, semicolon = ("、", "；") if chosen == "zh" else (", ", "; ")
        told = {kind: comma.join(getattr(self, kind)) for kind in ("matched", "missing", "unexpected")}
        told["misfits"] = semicolon.join(self._misfits(chosen))
        rows: list[tuple[str, ...]] = [
            (f"{MARKS[kind]} {say(f'load.{kind}', chosen)}", text) for kind, text in told.items() if text
        ]
        own = len(self.matched) + len(self.missing) + len(self.misfits)
        return "\n".join([say("load.title", chosen, n=len(self.matched), own=own), *align(rows)])

    def problems(self) -> list[str]:
        """All that does not match, in English, for an error."""
        missing = [f"{name} {shape} is missing" for name, shape in self.missing.items()]
        unexpected = [f"{name} {shape} is unexpected" for name, shape in self.unexpected.items()]
        return [*self._misfits("en"), *missing, *unexpected]

    def _misfits(self, lang: Lang) -> list[str]:
        return [say("load.misfit", lang, name=n, own=own, value=value) for n, (own, value) in self.misfits.items()]

    def __str__(self) -> str:
        return self.table()


def sorted_out(own: Mapping[str, Array], state: Mapping[str, Array]) -> Loaded:
    """Which values of a state fit the arrays of a module; nothing is changed."""
    common = [name for name in own if name in state]
    misfits = {name: misfit for name in common if (misfit := _misfit(own[name], state[name]))}
    return Loaded(
        matched=tuple(name for name in common if name not in misfits),
        missing={name: array.shape for name, array in own.items() if name not in state},
        unexpected={name: array.shape for name, array in state.items() if name not in own},
        misfits=misfits,
    )


def _misfit(own: Array, value: Array) -> tuple[str, str] | None:
    """What the module has and what came, if the value cannot be put there."""
    if value.shape != own.shape:
        return str(own.shape), str(value.shape)
    return None if value.dtype.kind in "fiub" else (str(own.dtype), str(value.dtype))
