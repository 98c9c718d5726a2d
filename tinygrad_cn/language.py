"""The language of texts for people: 中文 or English, from one catalogue.

Code, docstrings and errors are English; reports, pictures and derivations speak the reader's language.
"""

from __future__ import annotations

import locale
import os
from typing import Literal

Lang = Literal["zh", "en"]


def language(lang: str | None = None) -> Lang:
    """The language to use: `lang`, else TINYGRAD_CN_LANG, else the locale (zh* is zh), else en.

    Examples
    --------
    >>> language("zh")
    'zh'

    Raises
    ------
    ValueError
        For any other language.
    """
    chosen = lang or os.environ.get("TINYGRAD_CN_LANG") or _from_locale()
    if chosen == "zh":
        return "zh"
    if chosen == "en":
        return "en"
    raise ValueError(f'lang must be "zh" or "en"; got {chosen!r}')


def _from_locale() -> Lang:
    names = (os.environ.get(v) for v in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((n for n in names if n), None) or locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def say(key: str, lang: Lang, **values: object) -> str:
    """The text of `key` in the catalogue, with values filled in."""
    return CATALOGUE[key][lang].format(**values)


CATALOGUE: dict[str, dict[str, str]] = {
    "layer": {"zh": "第 {l} 层", "en": "Layer {l}"},
    "layer.back": {"zh": "第 {l} 层反向", "en": "Layer {l} backward"},
    "layers.folded": {"zh": "第 {first}–{last} 层 × {n}", "en": "Layers {first}–{last} × {n}"},
    "layers.folded.back": {"zh": "反向 × {n}（{last} → {first}）", "en": "Backward × {n} ({last} → {first})"},
    "cost": {"zh": "损失 J", "en": "Cost J"},
    "cache": {"zh": "缓存", "en": "cache"},
    "not_computed": {"zh": "未计算", "en": "not computed"},
    "input_gradient": {"zh": "输入不更新，可省略", "en": "the input is not updated: optional"},
    "binary_cross_entropy": {"zh": "二元交叉熵", "en": "binary cross-entropy"},
    "binary_cross_entropy_with_logits": {"zh": "二元交叉熵（由 Z）", "en": "binary cross-entropy from Z"},
    "categorical_cross_entropy": {"zh": "多类交叉熵", "en": "categorical cross-entropy"},
    "cross_entropy": {"zh": "softmax 交叉熵（由 Z）", "en": "softmax cross-entropy from Z"},
    "mse": {"zh": "均方误差", "en": "mean squared error"},
    "mae": {"zh": "平均绝对误差", "en": "mean absolute error"},
    "huber": {"zh": "Huber 损失", "en": "Huber loss"},
    "hinge": {"zh": "合页损失", "en": "hinge loss"},
    "own_loss": {"zh": "自写的损失", "en": "hand-written loss"},
    # the table of a chain
    "table.title": {"zh": "计算链 · 层数 {layers} · m = {m}", "en": "Chain · layers: {layers} · m = {m}"},
    "table.quantity": {"zh": "量", "en": "quantity"},
    "table.shape": {"zh": "形状", "en": "shape"},
    "table.symbols": {"zh": "维度", "en": "dimensions"},
    "table.formula": {"zh": "公式", "en": "formula"},
    "table.shapes": {"zh": "形状如何相乘", "en": "how shapes combine"},
    "convention.course": {
        "zh": "课程约定：dA、dZ 按单个样本计，1/m 写在 dW 和 db 里。",
        "en": "Course convention: dA and dZ are per sample; the 1/m stands in dW and db.",
    },
    "convention.autograd": {
        "zh": "自动求导约定：每个 d 都是真正的 ∂J/∂·。",
        "en": "Autograd convention: every d is the true ∂J/∂·.",
    },
    "not_a_mean": {
        "zh": "J 不是对 m 个样本的平均，课程约定的 1/m 不适用，因此按 ∂J/∂· 显示。",
        "en": "J is not a mean over the m samples, so the course's 1/m does not apply; shown as ∂J/∂·.",
    },
    "gradients_not_computed": {
        "zh": "梯度未计算：先调用 J.backward()。",
        "en": "Gradients are not computed yet: call J.backward() first.",
    },
}
