"""Why a hand gradient is wrong: the codes, and what one finding says.

The texts stand in the catalogue under `cause.<code>` and `lesson.<code>`; this file names the codes and
orders them by how much they assume, so that the simplest explanation wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..chain.penalty import held
from ..chain.piece import Piece
from ..language import Lang, join, say
from ..words.causes import FORMULA_WORDS

Code = Literal[
    "missing_1_over_m",
    "extra_1_over_m",
    "constant_factor",
    "sign",
    "transposed",
    "missing_activation_derivative",
    "derivative_at_a",
    "wrong_activation_derivative",
    "output_derivative",
    "missing_sum_over_samples",
    "lost_keepdims",
    "mean_instead_of_sum",
    "wrong_axis",
    "wrong_layer_cache",
    "elementwise_for_matmul",
    "missing_regularisation",
    "wrong_regularisation",
    "missing_l1",
    "wrong_l1",
    "missing_dropout_mask",
    "missing_keep_prob",
    "missing_term",
    "missing_upstream",
    "updated_weights",
    "softmax_axis",
    "missing_sum_over_places",
    "wrong_axes",
    "flip",
    "valid_for_full",
    "padding",
    "wrong_window",
    "overwritten",
    "wrong_pooling",
    "missing_1_over_window",
    "tied_maximum",
    "constant_statistics",
    "norm_factor",
    "flatten_order",
    "missing_sum_over_time",
    "missing_next_step",
    "wrong_time_step",
    "wrong_step_cache",
    "swapped_gates",
    "swapped_parts",
    "accumulated",
    "convention",
    "unknown",
]
CODES: tuple[Code, ...] = get_args(Code)


@dataclass(frozen=True)
class Cause:
    """One explanation of a wrong gradient, or one part of it.

    Attributes
    ----------
    code : str
        One of `CODES`.
    where : str
        The gradient the mistake was made in, as written; not always the one that shows it, when the
        learner did not give the one in between.
    equals : str
        What the hand gradient equals, as a formula; "" if only a factor is wrong.
    factor : str
        The factor it is off by, as written: "m", "−1", "1/2"; "" if none.
    """

    code: Code
    where: str
    equals: str = ""
    factor: str = ""

    def text(self, lang: Lang) -> str:
        """What is wrong, as a sentence or two."""
        wrong = say(f"cause.{self.code}", lang, where=self.where, factor=self.factor)
        multiple = self.factor and self.code in ("wrong_regularisation", "wrong_l1")
        times = say("cause.times", lang, factor=self.factor) if multiple else ""
        equals = say("cause.equals", lang, equals=_spoken(self.equals, lang)) if self.equals else ""
        return join(lang, [wrong, times, equals])


def _spoken(formula: str, lang: Lang) -> str:
    """A formula with what stands in words in it in the reader's language."""
    for english, chinese in FORMULA_WORDS if lang == "zh" else ():
        formula = re.sub(english, chinese, formula)
    return formula


def penalty_codes(piece: Piece | None, w: Any) -> tuple[Code, Code]:
    """What it is called if the penalty on w is left out, and if it is wrong."""
    known = None if piece is None else held(piece, w)
    if known is not None and known.kind == "L1":
        return "missing_l1", "wrong_l1"
    return "missing_regularisation", "wrong_regularisation"
