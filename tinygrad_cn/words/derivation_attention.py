"""What derivations say of attention, of layers that go over every step of a sequence, and of residual sums."""

from __future__ import annotations

DERIVATION_ATTENTION: dict[str, dict[str, str]] = {
    "attention.queries": {
        "zh": "对每个样本、每个头：{forward} 的第 $t$ 行只用到查询 $t$，也就是 {x} 的第 $t$ 列；"
        "所以它的梯度是各个键（{b} 的列）按 {g} 第 $t$ 行的加权和。",
        "en": "For every sample and head: row $t$ of {forward} uses query $t$ alone, column $t$ of {x}; so its "
        "gradient "
        "is the sum of the keys, the columns of {b}, weighted by row $t$ of {g}.",
    },
    "attention.queries.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "attention.keys": {
        "zh": "对每个样本、每个头：键 $s$ 被每个查询用到一次，所以 {x} 第 $s$ 列的梯度是各个查询（{a} 的列）按 {g} "
        "第 $s$ 列的加权和。",
        "en": "For every sample and head: key $s$ is used once by every query, so the gradient of column $s$ of {x} "
        "is "
        "the sum of the queries, the columns of {a}, weighted by column $s$ of {g}.",
    },
    "attention.keys.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "attention.softmax": {
        "zh": "softmax 沿键的方向：一行里的每个权重都依赖这一行的所有分数，$\\partial \\alpha_j / \\partial s_k = "
        "\\alpha_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - \\alpha_k)$；对 $j$ 求和得上式，其中 $\\sum$ 在每一行内对"
        "各个键求和。被遮住的键权重为 0，分数的梯度也是 0。",
        "en": "Softmax along the keys: every weight of a row depends on all scores of the row, $\\partial \\alpha_j / "
        "\\partial s_k = \\alpha_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - \\alpha_k)$. Summing over $j$ gives the "
        "formula; its $\\sum$ runs over the keys of each row. A masked key has weight 0, and so has its score "
        "gradient 0.",
    },
    "attention.softmax.again": {"zh": "softmax，与 {first} 同理。", "en": "Softmax, as for {first}."},
    "attention.values": {
        "zh": "对每个样本、每个头：值 $s$ 按权重 $\\alpha_{{ts}}$ 进入每个查询 $t$ 的结果，所以 {x} 第 $s$ "
        "列的梯度是 {g} "
        "各列的加权和，权重是 {b} 的第 $s$ 列。",
        "en": "For every sample and head: value $s$ goes into the result of every query $t$ with the weight "
        "$\\alpha_{{ts}}$, so the gradient of column $s$ of {x} is the sum of the columns of {g}, weighted by "
        "column $s$ "
        "of {b}.",
    },
    "attention.values.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "attention.weights": {
        "zh": "对每个样本、每个头：{forward} 里权重 $\\alpha_{{ts}}$ 乘的是值 $s$，所以它的梯度是 {g} 第 $t$ 列与 "
        "{a} 第 $s$ "
        "列的内积。",
        "en": "For every sample and head: in {forward} the weight $\\alpha_{{ts}}$ multiplies value $s$, so its "
        "gradient "
        "is the inner product of column $t$ of {g} and column $s$ of {a}.",
    },
    "attention.weights.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "sequence.left": {
        "zh": "同一个 {w} 用在每个样本的每一步，所以把每一步的矩阵乘积梯度全部加起来。",
        "en": "The same {w} is used at every step of every sample, so the matrix product's gradients of all of them "
        "are "
        "summed.",
    },
    "sequence.left.again": {"zh": "对各步求和，与 {first} 同理。", "en": "Summed over the steps, as for {first}."},
    "sequence.right": {
        "zh": "每一步都是一个矩阵乘积：{x} 的梯度等于上游 {g} 左乘 {wt}，各步互不影响。",
        "en": "A matrix product at every step: the gradient of {x} is the upstream {g} times {wt} on its left, each "
        "step by itself.",
    },
    "sequence.right.again": {
        "zh": "每一步的矩阵乘积，与 {first} 同理。",
        "en": "A product at every step, as for {first}.",
    },
    "sequence.bias": {
        "zh": "{x} 加到每个样本的每一步上，所以把 {g} 对样本和时间步求和。",
        "en": "{x} is added at every step of every sample, so {g} is summed over samples and steps.",
    },
    "sequence.bias.again": {"zh": "对样本和时间步求和，与 {first} 同理。", "en": "Summed likewise, as for {first}."},
    "residual": {
        "zh": "残差连接：和 {forward} 把上游 {g} 原样传给两路；跳过的那一路不经过任何层，梯度不会在路上变小。",
        "en": "Residual connection: the sum {forward} hands the upstream {g} on to both ways unchanged; the one that "
        "skips the layers cannot vanish in them.",
    },
    "residual.again": {"zh": "残差连接，与 {first} 同理。", "en": "Residual connection, as for {first}."},
}
