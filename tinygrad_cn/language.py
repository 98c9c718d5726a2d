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
    "op.back": {"zh": "{op} 反向", "en": "{op} backward"},
    "cost": {"zh": "损失 J", "en": "Cost J"},
    "epoch": {"zh": "轮次", "en": "Epoch"},
    "accuracy": {"zh": "准确率", "en": "Accuracy"},
    "training": {"zh": "训练", "en": "training"},
    "validation": {"zh": "验证", "en": "validation"},
    "cost.back": {"zh": "损失的梯度", "en": "Gradient of the cost"},
    "cache": {"zh": "缓存", "en": "cache"},
    "legend": {
        "zh": "实线：前向　虚线：梯度　点线：缓存",
        "en": "solid: forward    dashed: gradients    dotted: cache",
    },
    "picture": {"zh": "计算链：{steps}", "en": "Chain: {steps}"},
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
    # the report of a comparison
    "report.summary": {
        "zh": "手写梯度与自动求导对比：共 {n} 个，✓ {agree} 一致，✗ {wrong} 有误，△ {inherited} 受牵连",
        "en": "Hand gradients against autograd: {n} in all, ✓ {agree} agree, ✗ {wrong} wrong, △ {inherited} inherited",
    },
    "report.gradient": {"zh": "梯度", "en": "gradient"},
    "report.verdict": {"zh": "结论", "en": "verdict"},
    "report.error": {"zh": "最大误差", "en": "largest error"},
    "report.formula": {"zh": "正确公式", "en": "right formula"},
    "report.shapes": {"zh": "应为 {want}，实为 {got}", "en": "expected {want}, got {got}"},
    "report.ulps": {"zh": "{error}（{ulps} ulp，{dtype}）", "en": "{error} ({ulps} ulp, {dtype})"},
    "report.at": {"zh": "{error}，在 {where}", "en": "{error}, at {where}"},
    "report.first": {
        "zh": "先改 {name}：它是从损失往回数第一个出错的量。",
        "en": "Mend {name} first: counted from the cost back, it is the first that is wrong.",
    },
    "verdict.agree": {"zh": "一致", "en": "agrees"},
    "verdict.wrong": {"zh": "有误", "en": "wrong"},
    "verdict.inherited": {"zh": "受牵连：公式没错，上游有误", "en": "inherited: right in itself, wrong upstream"},
    "verdict.shape": {"zh": "形状不对", "en": "wrong shape"},
    "verdict.unknown_name": {"zh": "没有这个量", "en": "no such gradient"},
    # the table of a model
    "summary.layer": {"zh": "层", "en": "layer"},
    "summary.activation": {"zh": "激活函数", "en": "activation"},
    "summary.one": {"zh": "Z、A、dZ、dA（1 个样本）", "en": "Z, A, dZ, dA for one sample"},
    "summary.m": {"zh": "Z、A、dZ、dA（{m} 个样本）", "en": "Z, A, dZ, dA for {m} samples"},
    "summary.parameters": {"zh": "参数个数", "en": "parameters"},
    "summary.total": {"zh": "合计", "en": "total"},
    # the demo
    "demo.data": {
        "zh": "UCI 手写数字（8×8）：{train} 张训练，{test} 张留作测试。",
        "en": "UCI handwritten digits (8×8): {train} to train on, {test} held out.",
    },
    "demo.trained": {
        "zh": "训练 {epochs} 轮，用时 {seconds} 秒；测试集准确率 {accuracy}。",
        "en": "{epochs} epochs in {seconds} s; accuracy on the held-out digits {accuracy}.",
    },
    "demo.chain": {
        "zh": "一、计算链：前向与反向的每个量，形状与公式。",
        "en": "1. The chain: every quantity forward and backward, with its shape and formula.",
    },
    "demo.compare": {
        "zh": "二、与 hand.py 里手工推导的 NumPy 梯度逐个对比。",
        "en": "2. Compared, one by one, with the gradients derived by hand in NumPy (hand.py).",
    },
    "demo.mistake": {
        "zh": "三、故意写错：第 2 层忘了乘 ReLU 的导数。只有 dZ[2] 被判有误，其余是受牵连。",
        "en": "3. A deliberate mistake: layer 2 forgets the derivative of ReLU. Only dZ[2] is wrong, the rest follows.",
    },
    "demo.files": {"zh": "文件在这里：", "en": "The files are here:"},
}
