"""What derivations say, in both languages."""

from __future__ import annotations

DERIVATION: dict[str, dict[str, str]] = {
    "title": {"zh": "反向传播的推导", "en": "Backpropagation, derived step by step"},
    "forward": {"zh": "前向传播", "en": "Forward pass"},
    "backward": {"zh": "反向传播", "en": "Backward pass"},
    "label.rule": {"zh": "法则", "en": "Rule"},
    "label.shape": {"zh": "形状", "en": "Shape"},
    "label.uses": {"zh": "用到", "en": "Uses"},
    "label.mean": {"zh": "1/m", "en": "1/m"},
    # the opening
    "opening": {
        "zh": "共 {layers} 层，$m = {m}$ 个样本，每列一个样本。先做前向传播，缓存反向要用的量；再从 $J$ 出发，"
        "用链式法则逐层往回求梯度。",
        "en": "Layers: {layers}; samples: $m = {m}$, one per column. The forward pass comes first and caches "
        "what the backward pass will need; then the chain rule takes us from $J$ back, layer by layer.",
    },
    "opening.ops": {
        "zh": "先做前向传播；再从 $J$ 出发，用链式法则一步一步往回求梯度。",
        "en": "The forward pass comes first; then the chain rule takes us from $J$ back, step by step.",
    },
    "called": {"zh": "$J$ 在这里写作 {root}。", "en": "$J$ is written {root} here."},
    "given": {"zh": "已知 {data}。", "en": "Given: {data}."},
    "convention.course": {
        "zh": "课程约定：$J$ 是单个样本损失 $\\mathcal{{L}}$ 的平均。$dA$、$dZ$ 是 $\\mathcal{{L}}$ 的导数，"
        "每列一个样本，不含 $\\frac{{1}}{{m}}$；$dW$、$db$ 是 $J$ 的导数，$\\frac{{1}}{{m}}$ 写在它们里面。",
        "en": "Course convention: $J$ is the mean of the loss $\\mathcal{{L}}$ of one sample. $dA$ and $dZ$ are "
        "derivatives of $\\mathcal{{L}}$, one sample per column, without $\\frac{{1}}{{m}}$; $dW$ and $db$ are "
        "derivatives of $J$, and $\\frac{{1}}{{m}}$ stands in them.",
    },
    "convention.autograd": {
        "zh": "自动求导约定：每个 $d$ 都是真正的 $\\partial J / \\partial(\\cdot)$。$J$ 里的 $\\frac{{1}}{{m}}$ "
        "从第一个梯度起就带着。",
        "en": "Autograd convention: every $d$ is the true $\\partial J / \\partial(\\cdot)$. The "
        "$\\frac{{1}}{{m}}$ of $J$ is in every gradient from the first one on.",
    },
    "convention.no_mean": {
        "zh": "$J$ 不是对样本的平均，课程约定里的 $\\frac{{1}}{{m}}$ 不适用；下面每个 $d$ 都是真正的 $\\partial "
        "J / \\partial(\\cdot)$。",
        "en": "$J$ is no mean over the samples, so the $\\frac{{1}}{{m}}$ of the course convention does not "
        "apply; every $d$ below is the true $\\partial J / \\partial(\\cdot)$.",
    },
    "convention.no_layers": {
        "zh": "下面每个 $d$ 都是真正的 $\\partial J / \\partial(\\cdot)$。",
        "en": "Every $d$ below is the true $\\partial J / \\partial(\\cdot)$.",
    },
    # headings
    "title.layer": {"zh": "第 {l} 层：{activation}", "en": "Layer {l}: {activation}"},
    "title.layer.back": {"zh": "第 {l} 层：{activation}", "en": "Layer {l}: {activation}"},
    "title.folded": {
        "zh": "第 {first}–{last} 层：{activation}（{n} 层相同，$l = {first}, \\ldots, {last}$）",
        "en": "Layers {first}–{last}: {activation} ({n} equal layers, $l = {first}, \\ldots, {last}$)",
    },
    "title.folded.back": {
        "zh": "第 {last}–{first} 层：{activation}（{n} 层相同，$l = {last}, \\ldots, {first}$）",
        "en": "Layers {last}–{first}: {activation} ({n} equal layers, $l = {last}, \\ldots, {first}$)",
    },
    "title.block": {
        "zh": "{inner}（第 {first}–{last} 块相同，共 {n} 块，{span}）",
        "en": "{inner} (blocks {first}–{last} are equal, {n} of them, {span})",
    },
    "title.loss": {"zh": "代价：{loss}", "en": "Cost: {loss}"},
    "title.loss.back": {"zh": "从代价开始：{loss}", "en": "At the cost: {loss}"},
    "title.cost": {"zh": "代价", "en": "Cost"},
    "title.cost.back": {"zh": "从代价开始", "en": "At the cost"},
    "title.penalty": {"zh": "正则项", "en": "Penalty"},
    "title.ops": {"zh": "层以外的运算", "en": "Operations outside the layers"},
    "title.outside": {"zh": "不属于任何层的参数", "en": "Parameters outside the layers"},
    "linear": {"zh": "线性", "en": "linear"},
    "cache": {"zh": "缓存 {cache}，留给反向传播。", "en": "Cached for the backward pass: {cache}."},
    "start": {"zh": "{x} 对自身的导数。", "en": "The derivative of {x} in itself."},
    # matrix products
    "product.left": {
        "zh": "矩阵乘积。在 {forward} 里，左因子 {w} 的梯度等于上游 {g} 右乘 {at}。",
        "en": "Matrix product. In {forward} the gradient of the left factor {w} is the upstream {g} times {at} "
        "on its right.",
    },
    "product.left.again": {"zh": "矩阵乘积，与 {first} 同理。", "en": "Matrix product, as for {first}."},
    "product.right": {
        "zh": "矩阵乘积。在 {forward} 里，右因子 {a} 的梯度等于上游 {g} 左乘 {wt}。",
        "en": "Matrix product. In {forward} the gradient of the right factor {a} is the upstream {g} times {wt} "
        "on its left.",
    },
    "product.right.again": {"zh": "矩阵乘积，与 {first} 同理。", "en": "Matrix product, as for {first}."},
    "product.left.flipped": {
        "zh": "矩阵乘积。在 {forward} 里，左因子是 {wt}，它的梯度是 {g} 右乘 {at}；两边转置，就得到 {w} 的梯度 "
        "{a} {gt}。",
        "en": "Matrix product. In {forward} the left factor is {wt}, whose gradient is {g} times {at}; "
        "transposed, that is the gradient of {w}, {a} times {gt}.",
    },
    "product.left.flipped.again": {"zh": "矩阵乘积，与 {first} 同理。", "en": "Matrix product, as for {first}."},
    "product.right.flipped": {
        "zh": "矩阵乘积。在 {forward} 里，右因子 {a} 的梯度等于上游 {g} 左乘左因子的转置，而 {wt} 的转置就是 {w}。",
        "en": "Matrix product. In {forward} the gradient of the right factor {a} is the upstream {g} times the "
        "transposed left factor, and {wt} transposed is {w}.",
    },
    "product.right.flipped.again": {"zh": "矩阵乘积，与 {first} 同理。", "en": "Matrix product, as for {first}."},
    "bias": {
        "zh": "前向时 {x} 被加到 {y} 的每一列，$m$ 个样本各用它一次，所以把 {g} 的各列加起来（axis=1，"
        "keepdims=True）。",
        "en": "In the forward pass {x} is added to every column of {y}, once for each of the $m$ samples, so "
        "the columns of {g} are summed (axis=1, keepdims=True).",
    },
    "bias.again": {"zh": "对各列求和，与 {first} 同理。", "en": "Sum over the columns, as for {first}."},
    "bias.broadcast": {
        "zh": "前向时 {x} 被广播到 {y} 的形状，所以把 {g} 在它出现过的所有位置上加起来。",
        "en": "In the forward pass {x} is broadcast to the shape of {y}, so {g} is summed over all the places "
        "it went to.",
    },
    # activations
    "activation": {
        "zh": "链式法则。{forward} 逐元素计算，所以上游 {g} 逐元素乘以导数 {derivative}。",
        "en": "Chain rule. {forward} acts on each entry alone, so each entry of the upstream {g} is multiplied "
        "by the derivative {derivative}.",
    },
    "activation.again": {
        "zh": "链式法则，与 {first} 同理；{derivative}。",
        "en": "Chain rule, as for {first}; {derivative}.",
    },
    "softmax": {
        "zh": "链式法则。softmax 的每个输出都依赖同一样本的所有 $z$，导数是 $\\partial a_j / \\partial z_k = "
        "a_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - a_k)$；对 $j$ 求和得上式，其中 $\\sum$ "
        "在每一列内对各类求和。",
        "en": "Chain rule. Every output of softmax depends on all the $z$ of its sample: $\\partial a_j / "
        "\\partial z_k = a_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - a_k)$. Summing over $j$ gives the formula; "
        "its $\\sum$ runs over the classes within each column.",
    },
    "log_softmax": {
        "zh": "链式法则。$\\partial y_j / \\partial z_k = \\mathbf{{1}}\\lbrace j = k \\rbrace - \\exp(y_k)$；"
        "对 $j$ 求和得上式，其中 $\\sum$ 在每一列内对各类求和。",
        "en": "Chain rule. $\\partial y_j / \\partial z_k = \\mathbf{{1}}\\lbrace j = k \\rbrace - \\exp(y_k)$; "
        "summing over $j$ gives the formula, and its $\\sum$ runs over the classes within each column.",
    },
    "cancel.sigmoid": {
        "zh": "链式法则，$\\sigma'(z) = a (1 - a)$。乘进去正好约掉交叉熵导数的两个分母，sigmoid 配交叉熵只剩下 "
        "{difference}，即预测值减标签。",
        "en": "Chain rule, with $\\sigma'(z) = a (1 - a)$. It cancels both denominators of the cross-entropy's "
        "derivative: sigmoid and cross-entropy together leave {difference}, prediction minus label.",
    },
    "cancel.softmax": {
        "zh": "链式法则，$\\partial a_j / \\partial z_k = a_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - a_k)$。由 "
        "{product}，又每个样本的标签之和 {ones}（$\\sum$ 在每一列内对各类求和），softmax 配交叉熵只剩下 "
        "{difference}，即预测值减标签。",
        "en": "Chain rule, with $\\partial a_j / \\partial z_k = a_j (\\mathbf{{1}}\\lbrace j = k \\rbrace - "
        "a_k)$. Since {product}, and the labels of each sample add up to one, {ones} ($\\sum$ runs over the "
        "classes within each column), softmax and cross-entropy together leave {difference}, prediction minus "
        "label.",
    },
    # losses
    "loss.binary_cross_entropy": {
        "zh": "$(\\log a)' = \\frac{{1}}{{a}}$，$(\\log(1 - a))' = -\\frac{{1}}{{1 - a}}$，对 {x} 逐元素求导，"
        "{target} 是常数。",
        "en": "$(\\log a)' = \\frac{{1}}{{a}}$ and $(\\log(1 - a))' = -\\frac{{1}}{{1 - a}}$, entry by entry in "
        "{x}; {target} is constant.",
    },
    "loss.binary_cross_entropy_with_logits": {
        "zh": "$(\\log(1 + e^z))' = \\sigma(z)$，对 {x} 逐元素求导，{target} 是常数。",
        "en": "$(\\log(1 + e^z))' = \\sigma(z)$, entry by entry in {x}; {target} is constant.",
    },
    "loss.categorical_cross_entropy": {
        "zh": "$(\\log a)' = \\frac{{1}}{{a}}$，对 {x} 逐元素求导；{target} 为 0 的类别没有贡献。",
        "en": "$(\\log a)' = \\frac{{1}}{{a}}$, entry by entry in {x}; classes where {target} is 0 contribute nothing.",
    },
    "loss.cross_entropy": {
        "zh": "$-\\sum_k y_k \\log \\operatorname{{softmax}}(z)_k = \\log \\sum_k e^{{z_k}} - \\sum_k y_k "
        "z_k$（标签之和为 1），第一项的导数是 softmax，第二项的是 $y$。",
        "en": "$-\\sum_k y_k \\log \\operatorname{{softmax}}(z)_k = \\log \\sum_k e^{{z_k}} - \\sum_k y_k z_k$, "
        "as the labels add up to one; the derivative of the first term is softmax, that of the second is $y$.",
    },
    "loss.mse": {
        "zh": "$(u^2)' = 2u$，对 {x} 逐元素求导，{target} 是常数。",
        "en": "$(u^2)' = 2u$, entry by entry in {x}; {target} is constant.",
    },
    "loss.mae": {
        "zh": "$|u|' = \\operatorname{{sign}}(u)$（$u = 0$ 处取 0），对 {x} 逐元素求导。",
        "en": "$|u|' = \\operatorname{{sign}}(u)$, taken as 0 at $u = 0$, entry by entry in {x}.",
    },
    "loss.huber": {
        "zh": "误差不超过 $\\delta$ 时是二次的，导数为误差本身；超过时是线性的，导数为 $\\pm\\delta$。",
        "en": "Quadratic up to an error of $\\delta$, where the derivative is the error itself, and linear "
        "beyond, where it is $\\pm\\delta$.",
    },
    "loss.hinge": {
        "zh": "$\\max(0, u)' = \\mathbf{{1}}\\lbrace u > 0 \\rbrace$：间隔够大的元素没有梯度，对其余元素求导。",
        "en": "$\\max(0, u)' = \\mathbf{{1}}\\lbrace u > 0 \\rbrace$: entries with a large enough margin have "
        "no gradient.",
    },
    "loss.own": {"zh": "{forward}，对 {x} 逐元素求导。", "en": "{forward}, differentiated entry by entry in {x}."},
    "penalty": {
        "zh": "正则项 {y} 对 {x} 求导；平方和 $\\lVert W \\rVert^2$ 的导数是 $2W$，样本不参与。",
        "en": "The penalty {y} differentiated in {x}; the derivative of $\\lVert W \\rVert^2$ is $2W$, and the "
        "samples take no part.",
    },
    "penalty.l1": {
        "zh": "正则项 {y} 对 {x} 求导；$|w|$ 的导数是 $w$ 的符号，样本不参与。",
        "en": "The penalty {y} differentiated in {x}; the derivative of $|w|$ is the sign of $w$, and the samples "
        "take no part.",
    },
    "total": {
        "zh": "{forward} 是各项之和，每一项的梯度都是 1。",
        "en": "In the sum {forward} each term has the gradient 1.",
    },
    "total.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    # other ops
    "op": {
        "zh": "链式法则。上游 {g} 乘以 {forward} 的局部导数。",
        "en": "Chain rule. The upstream {g} times the local derivative of {forward}.",
    },
    "op.add": {
        "zh": "加法 {forward} 把上游 {g} 原样传给每个加数。",
        "en": "The sum {forward} hands the upstream {g} on to each summand.",
    },
    "op.multiply": {
        "zh": "逐元素乘积 {forward}：上游 {g} 乘以另一个因子。",
        "en": "In the entrywise product {forward} the upstream {g} is multiplied by the other factor.",
    },
    "paths": {
        "zh": "{x} 在前向传播里用到 {n} 处（{users}），$J$ 通过每一处受它影响，所以 {n} 项贡献相加：",
        "en": "{x} is used in {n} places ({users}), and $J$ depends on it through each of them, so {n} "
        "contributions add up:",
    },
    # shapes
    "shape.forward": {"zh": "{symbols}，即 {numbers}。", "en": "{symbols}, that is {numbers}."},
    "shape.forward.bias": {
        "zh": "{symbols}，即 {numbers}；{b} 是 {bias}，加到每一列。",
        "en": "{symbols}, that is {numbers}; {b} is {bias} and is added to every column.",
    },
    "shape.product": {
        "zh": "{symbols}，即 {numbers}；内侧的 {inner} 消去，结果与 {x} 同形。",
        "en": "{symbols}, that is {numbers}; the inner {inner} drops out, which leaves the shape of {x}.",
    },
    "shape.summed": {
        "zh": "求和：{symbols}，即 {numbers}，结果与 {x} 同形。",
        "en": "The sum takes {symbols}, that is {numbers}, the shape of {x}.",
    },
    "shape.entrywise": {"zh": "逐元素，与 {x} 同形：{size}。", "en": "Entry by entry, so the shape of {x}: {size}."},
    "shape.same": {"zh": "与 {x} 同形：{size}。", "en": "That of {x}: {size}."},
    "shape.is": {"zh": "{size}。", "en": "{size}."},
    "shape.scalar": {"zh": "{x} 是一个数。", "en": "{x} is a single number."},
    # what is used, and 1/m
    "uses.upstream": {"zh": "上游的 {upstream}。", "en": "{upstream} from upstream."},
    "uses.cache": {"zh": "缓存的 {cache}。", "en": "{cache} from the cache."},
    "uses.upstream.cache": {
        "zh": "上游的 {upstream}，缓存的 {cache}。",
        "en": "{upstream} from upstream, {cache} from the cache.",
    },
    "mean.left_out": {
        "zh": "$J$ 里的 $\\frac{{1}}{{m}}$ 这里先不写，留到参数的梯度里。",
        "en": "The $\\frac{{1}}{{m}}$ of $J$ is left out here and kept for the gradients of the parameters.",
    },
    "mean.carried": {
        "zh": "$J$ 里的 $\\frac{{1}}{{m}}$ 从这里进入，随链式法则传给后面的每个梯度。",
        "en": "The $\\frac{{1}}{{m}}$ of $J$ enters here and is handed on to every gradient that follows.",
    },
    "mean.here": {
        "zh": "各样本的贡献在这里汇总，$J$ 的 $\\frac{{1}}{{m}}$ 写在这里。",
        "en": "The contributions of all samples meet here, and with them stands the $\\frac{{1}}{{m}}$ of $J$.",
    },
    "mean.here.again": {
        "zh": "$\\frac{{1}}{{m}}$ 写在这里，与 {first} 同理。",
        "en": "$\\frac{{1}}{{m}}$ stands here, as in {first}.",
    },
    "mean.removed": {
        "zh": "乘以 $m$ 去掉 $J$ 里的 $\\frac{{1}}{{m}}$，得到单个样本的导数。",
        "en": "The factor $m$ takes the $\\frac{{1}}{{m}}$ of $J$ away, which gives the derivative for one sample.",
    },
}
