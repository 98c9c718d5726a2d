"""Words of derivations of recurrent nets, 中文 and English."""

DERIVATION_RECURRENT: dict[str, dict[str, str]] = {
    "title.time": {"zh": "{cell}：{span}", "en": "{cell}: {span}"},
    "title.time.back": {"zh": "{cell}，随时间反向：{span}", "en": "{cell}, back through time: {span}"},
    "ends": {
        "zh": "两端不同：{formulas}。",
        "en": "At the ends it is otherwise: {formulas}.",
    },
    "time": {
        "zh": "同一个 {x} 在 {n} 个时间步都用到，$J$ 通过每一步受它影响，所以各步的贡献相加。",
        "en": "The same {x} is used at all {n} time steps, and $J$ depends on it through each, so their contributions "
        "add up.",
    },
    "recurrent.weight": {
        "zh": "矩阵乘积的求导：上游 {g} 乘以它所乘的那一列的转置；乘积已对各样本求和。",
        "en": "Derivative of a matrix product: the upstream {g} times the transpose of what the weight multiplies; the "
        "product sums over the samples.",
    },
    "recurrent.product": {
        "zh": "矩阵乘积的求导：用 {w} 把上游梯度带回来。",
        "en": "Derivative of a matrix product: {w} brings the upstream gradient back.",
    },
    "recurrent.part": {
        "zh": "{w}：乘在这一部分上的是 {part}，它的转置把上游梯度带回来。",
        "en": "{w}: what multiplies this part is {part}, and its transpose brings the upstream gradient back.",
    },
    "cell": {
        "zh": "逐元素的式子 {forward}：上游梯度 {g} 乘以它对 {x} 的局部导数。",
        "en": "{forward} acts entry by entry: the upstream {g} times its local derivative by {x}.",
    },
}
