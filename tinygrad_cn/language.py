"""The language of texts for people: 中文 or English, from one catalogue.

Code, docstrings and errors are English; reports, pictures and derivations speak the reader's language.
"""

from __future__ import annotations

import locale
import os
from collections.abc import Iterable
from typing import Literal

from .checking_words import CHECKING
from .derivation_words import DERIVATION
from .page_words import PAGE
from .picture_words import PICTURES

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


def join(lang: Lang, sentences: Iterable[str]) -> str:
    """Sentences one after the other, with a space between them where the language has one."""
    return ("" if lang == "zh" else " ").join(s for s in sentences if s)


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
    "conv2d": {"zh": "卷积", "en": "convolution"},
    "max_pool2d": {"zh": "最大池化", "en": "max pooling"},
    "avg_pool2d": {"zh": "平均池化", "en": "average pooling"},
    "global_max_pool2d": {"zh": "全局最大池化", "en": "global max pooling"},
    "global_avg_pool2d": {"zh": "全局平均池化", "en": "global average pooling"},
    "normalise": {"zh": "归一化", "en": "normalisation"},
    "flatten": {"zh": "展平", "en": "flatten"},
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
    # the program of a chain
    "source.title": {"zh": "前向与反向传播 · 层数 {layers}", "en": "Forward and backward pass · layers: {layers}"},
    "source.needs": {"zh": "运行前需要：", "en": "Needs"},
    "source.m": {"zh": "样本数", "en": "number of samples"},
    "source.ops": {"zh": "层以外的运算", "en": "Outside the layers"},
    "source.ops.back": {"zh": "层以外运算的反向", "en": "Outside the layers, backward"},
    "source.update": {"zh": "梯度下降一步", "en": "One step of gradient descent"},
    "source.layers": {"zh": "各层的激活函数", "en": "the activation of each layer"},
    "source.linear_forward": {
        "zh": "Z = W A + b：A (n[l-1], m)，W (n[l], n[l-1])，b (n[l], 1)，Z (n[l], m)。",
        "en": "Z = W A + b: A (n[l-1], m), W (n[l], n[l-1]), b (n[l], 1), Z (n[l], m).",
    },
    "source.linear_activation_forward": {
        "zh": "一层：A = g(Z)，以及反向要用的缓存。",
        "en": "One layer: A = g(Z), and the cache that backward needs.",
    },
    "source.L_model_forward": {
        "zh": "各层前向：X (n[0], m) 到 AL (n[L], m)。",
        "en": "All layers: from X (n[0], m) to AL (n[L], m).",
    },
    "source.compute_cost": {"zh": "损失 J，一个数。", "en": "The cost J, a number."},
    "source.linear_backward": {
        "zh": "由 dZ (n[l], m) 求 dA_prev (n[l-1], m)、dW (n[l], n[l-1])、db (n[l], 1)。",
        "en": "From dZ (n[l], m) to dA_prev (n[l-1], m), dW (n[l], n[l-1]), db (n[l], 1).",
    },
    "source.linear_activation_backward": {
        "zh": "一层的反向：dA、dZ，再到 dA_prev、dW、db。",
        "en": "One layer backward: dA, dZ, then dA_prev, dW, db.",
    },
    "source.L_model_backward": {
        "zh": "各层反向：grads 里是 dA0、dW1、db1、dA1、……",
        "en": "All layers backward: grads holds dA0, dW1, db1, dA1, ...",
    },
    "source.update_parameters": {
        "zh": "梯度下降一步，返回新的参数。",
        "en": "One step of gradient descent; returns new parameters.",
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
    "verdict.missing": {"zh": "没有给出", "en": "not given"},
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
    # why a hand gradient is wrong
    "cause.missing_1_over_m": {
        "zh": "{where} 漏了 1/m：是正确值的 {factor} 倍。",
        "en": "{where} lacks the 1/m: it is {factor} times the right value.",
    },
    "cause.extra_1_over_m": {
        "zh": "{where} 多除了一次 m：是正确值的 {factor}。",
        "en": "{where} is divided by m once too often: it is {factor} of the right value.",
    },
    "cause.constant_factor": {
        "zh": "{where} 差一个常数因子：是正确值的 {factor} 倍。",
        "en": "{where} is off by a constant: it is {factor} times the right value.",
    },
    "cause.sign": {
        "zh": "{where} 的符号错了。",
        "en": "{where} has the wrong sign.",
    },
    "cause.transposed": {
        "zh": "{where} 的转置不对。",
        "en": "{where} has a transpose wrong.",
    },
    "cause.missing_activation_derivative": {
        "zh": "{where} 漏乘了激活函数的导数。",
        "en": "{where} lacks the derivative of the activation.",
    },
    "cause.derivative_at_a": {
        "zh": "{where} 的激活函数导数应在 Z 处求值，却代入了 A。",
        "en": "{where} takes the derivative of the activation at A; it belongs at Z.",
    },
    "cause.wrong_activation_derivative": {
        "zh": "{where} 用错了激活函数的导数。",
        "en": "{where} uses a wrong derivative of the activation.",
    },
    "cause.output_derivative": {
        "zh": "{where}：输出层的 dA、A − Y 与 g′(Z) 弄混了。",
        "en": "{where}: dA, A − Y and g′(Z) of the output layer are mixed up.",
    },
    "cause.missing_sum_over_samples": {
        "zh": "{where} 没有对 m 个样本求和。",
        "en": "{where} is not summed over the m samples.",
    },
    "cause.lost_keepdims": {
        "zh": "{where} 的数值正确，但求和时漏了 keepdims=True，少了一个轴。",
        "en": "{where} has the right values but lost an axis: the sum needs keepdims=True.",
    },
    "cause.mean_instead_of_sum": {
        "zh": "{where} 应当求和，却取了平均。",
        "en": "{where} takes a mean where a sum is due.",
    },
    "cause.wrong_axis": {
        "zh": "{where} 求和的轴不对：应沿样本（axis=1）求和。",
        "en": "{where} is summed along the wrong axis: samples are axis 1.",
    },
    "cause.wrong_layer_cache": {
        "zh": "{where} 取错了缓存：拿成了别的层，或混淆了 Z 与 A。",
        "en": "{where} uses the wrong cached value: another layer's, or Z for A.",
    },
    "cause.elementwise_for_matmul": {
        "zh": "{where} 应当用矩阵乘法，却用了逐元素相乘。",
        "en": "{where} multiplies entry by entry where a matrix product is due.",
    },
    "cause.missing_regularisation": {
        "zh": "{where} 漏了 L2 正则项 (λ/m) W。",
        "en": "{where} lacks the L2 term (λ/m) W.",
    },
    "cause.wrong_regularisation": {
        "zh": "{where} 的 L2 正则项不对：W 的梯度应加上 (λ/m) W，b 的不加。",
        "en": "{where} has a wrong L2 term: (λ/m) W belongs to dW, and nothing to db.",
    },
    "cause.times": {
        "zh": "现在是它的 {factor} 倍。",
        "en": "It is {factor} times that.",
    },
    "cause.missing_dropout_mask": {
        "zh": "{where} 漏乘了 dropout 掩码 D。",
        "en": "{where} lacks the dropout mask D.",
    },
    "cause.missing_keep_prob": {
        "zh": "{where} 漏除了 keep_prob。",
        "en": "{where} is not divided by keep_prob.",
    },
    "cause.missing_term": {
        "zh": "{where} 少了一项。",
        "en": "{where} lacks a term.",
    },
    "cause.missing_upstream": {
        "zh": "{where} 只有激活函数的导数，漏乘了上游传来的梯度。",
        "en": "{where} is the derivative of the activation alone; the gradient from above is not multiplied in.",
    },
    "cause.updated_weights": {
        "zh": "{where} 用的是更新之后的 W；反向传播要用前向时的 W。",
        "en": "{where} uses the updated W; backpropagation needs the W of the forward pass.",
    },
    "cause.softmax_axis": {
        "zh": "{where} 里 softmax 的轴不对：类别按行排，应沿 axis=0。",
        "en": "{where} takes softmax along the wrong axis: classes are rows, axis 0.",
    },
    "cause.accumulated": {
        "zh": "{where} 是 {factor} 次 backward() 累加的结果；每次反向之前先清零梯度。",
        "en": "{where} has added up over {factor} calls of backward(); clear gradients before each.",
    },
    "cause.convention": {
        "zh": "{where} 是自动求导的约定（已含 1/m）；课程约定里 dA、dZ 按单个样本计。",
        "en": "{where} follows autograd's convention (1/m inside); in the course's, dA and dZ are per sample.",
    },
    "remark.dtype": {
        "zh": "{names} 是 {dtype}，网络是 {own}：按 {dtype} 的舍入误差比较。",
        "en": "{names}: {dtype}, while the net is {own}; compared to the rounding of {dtype}.",
    },
    "cause.unknown": {
        "zh": "没有找到能解释 {where} 的常见错误。",
        "en": "No known mistake explains {where}.",
    },
    "cause.equals": {
        "zh": "它等于 {equals}。",
        "en": "It equals {equals}.",
    },
    "cause.right": {
        "zh": "应为 {formula}。",
        "en": "It should be {formula}.",
    },
    "cause.or": {
        "zh": "也可能是：",
        "en": "Or, as simple:",
    },
    "place.everywhere": {
        "zh": "误差遍布各处，最大处在第 {row} 行第 {column} 列。",
        "en": "The error is everywhere; it is largest in row {row}, column {column}.",
    },
    "place.one_sample": {
        "zh": "误差只在第 {column} 个样本（列）。",
        "en": "The error sits in one sample only, column {column}.",
    },
    "place.one_unit": {
        "zh": "误差只在第 {row} 个单元（行）。",
        "en": "The error sits in one unit only, row {row}.",
    },
    "place.negative": {
        "zh": "误差只出现在 {z} < 0 的地方，最大处在第 {row} 行第 {column} 列。",
        "en": "The error sits only where {z} < 0; it is largest in row {row}, column {column}.",
    },
    # derivations and pictures: long enough for files of their own
    **{f"derive.{key}": texts for key, texts in DERIVATION.items()},
    **{f"html.{key}": texts for key, texts in PAGE.items()},
    **CHECKING,
    **PICTURES,
}
