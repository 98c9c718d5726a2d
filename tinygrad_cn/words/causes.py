"""Words of comparisons: verdicts, and why a hand gradient is wrong."""

CAUSES: dict[str, dict[str, str]] = {
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
        "zh": "先改 {name}：它是从代价往回数第一个出错的量。",
        "en": "Mend {name} first: counted from the cost back, it is the first that is wrong.",
    },
    "verdict.agree": {"zh": "一致", "en": "agrees"},
    "verdict.wrong": {"zh": "有误", "en": "wrong"},
    "verdict.inherited": {"zh": "受牵连：公式没错，上游有误", "en": "inherited: right in itself, wrong upstream"},
    "verdict.shape": {"zh": "形状不对", "en": "wrong shape"},
    "verdict.missing": {"zh": "没有给出", "en": "not given"},
    "verdict.frozen": {"zh": "没有计算：已冻结", "en": "not computed: frozen"},
    "verdict.unknown_name": {"zh": "没有这个量", "en": "no such gradient"},
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
    "cause.missing_l1": {
        "zh": "{where} 漏了 L1 正则项 (λ/m) sign(W)。",
        "en": "{where} lacks the L1 term (λ/m) sign(W).",
    },
    "cause.wrong_l1": {
        "zh": "{where} 的 L1 正则项不对：W 的梯度应加上 (λ/m) sign(W)，b 的不加。",
        "en": "{where} has a wrong L1 term: (λ/m) sign(W) belongs to dW, and nothing to db.",
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
    # convolution, pooling, norms
    "cause.missing_sum_over_places": {
        "zh": "{where} 没有对高和宽求和。",
        "en": "{where} is not summed over height and width.",
    },
    "cause.wrong_axes": {
        "zh": "{where} 求和的轴不对：应对样本、高、宽求和，axis=(0, 1, 2)。",
        "en": "{where} is summed along the wrong axes: samples, height and width are axis=(0, 1, 2).",
    },
    "cause.flip": {
        "zh": "{where} 里滤波器旋转 180° 的地方不对：该转的没转，或不该转的转了。",
        "en": "{where} has the filter turned by 180° where it should not be, or not turned where it should.",
    },
    "cause.valid_for_full": {
        "zh": "{where} 应当做 full 卷积（先给 dZ 补 f − 1 圈 0），却做了 valid 卷积。",
        "en": "{where} needs the full convolution, with dZ padded by f − 1 zeros; this is the valid one.",
    },
    "cause.padding": {
        "zh": "{where} 没有去掉填充的边，或去掉的位置不对。",
        "en": "{where} still holds the padding, or is cut in the wrong place.",
    },
    "cause.wrong_window": {
        "zh": "{where} 的窗口位置不对：起点是 h · s、w · s。",
        "en": "{where} has its windows in the wrong place: they start at h · s, w · s.",
    },
    "cause.overwritten": {
        "zh": "{where} 应当用 += 累加各位置的贡献，却用 = 盖掉了前面的。",
        "en": "{where} should add up with += what all places contribute; with = the last one is left.",
    },
    "cause.wrong_pooling": {
        "zh": "{where} 用错了池化的方式：最大池化只传给最大的元素，平均池化平分给所有元素。",
        "en": "{where} takes the wrong kind of pooling: max pooling hands on to the largest entry alone, "
        "average pooling to all entries evenly.",
    },
    "cause.missing_1_over_window": {
        "zh": "{where} 漏了平均池化的 1/(f · f)。",
        "en": "{where} lacks the 1/(f · f) of average pooling.",
    },
    "cause.tied_maximum": {
        "zh": "{where} 只在最大值并列的窗口里不同：这里由并列的元素平分梯度。并列处导数没有定义，别的分法也说得通。",
        "en": "{where} differs only in windows where several entries are the largest: here they share the gradient. "
        "At a tie there is no derivative, and another share is no real mistake.",
    },
    "cause.constant_statistics": {
        "zh": "{where} 把 μ 或 σ 当成了常数；它们也依赖输入，梯度要从它们那里经过。",
        "en": "{where} takes μ or σ for a constant; they depend on the input, and the gradient goes through them too.",
    },
    "cause.norm_factor": {
        "zh": "{where} 少了归一化里的一个因子：γ、1/√(σ² + ε)，或均值里的 1/N。",
        "en": "{where} lacks a factor of the norm: γ, 1/√(σ² + ε), or the 1/N of a mean.",
    },
    "cause.flatten_order": {
        "zh": "{where} 把列还原成图像时顺序不对：先转置，再 reshape。",
        "en": "{where} puts columns back into images in another order: transpose first, then reshape.",
    },
    "cause.missing_sum_over_time": {
        "zh": "{where} 只有一个时间步的梯度：同一个参数每一步都用，各步的梯度要加起来（Σₜ）。",
        "en": "{where} has the gradient of one time step only: the same weight is used at every step, so the "
        "gradients of all steps add up (Σₜ).",
    },
    "cause.missing_next_step": {
        "zh": "{where} 漏了下一个时间步传回来的那一项（da_next 或 dc_next）。",
        "en": "{where} lacks the term that comes back from the next time step (da_next or dc_next).",
    },
    "cause.wrong_time_step": {
        "zh": "{where} 取了另一个时间步的值。",
        "en": "{where} takes a value of another time step.",
    },
    "cause.wrong_step_cache": {
        "zh": "{where} 和同一步的其他梯度用的是另一个时间步的缓存：第 t 步要用第 t 步存下的那一份"
        "（caches 的下标错开了一步）。",
        "en": "{where} and the other gradients of a step use the cache of another time step: step t needs what step t "
        "has stored (the index into caches is off by one).",
    },
    "cause.swapped_gates": {
        "zh": "{where} 拿错了门：乘上了另一个门或状态。",
        "en": "{where} takes the wrong gate: another gate or state is multiplied in.",
    },
    "cause.swapped_parts": {
        "zh": "{where} 把 [a⟨t−1⟩; x⟨t⟩] 的两部分弄反了。",
        "en": "{where} has the two parts of [a⟨t−1⟩; x⟨t⟩] the wrong way round.",
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
    "cause.more": {
        "zh": "同样简单的解释还有 {n} 种。",
        "en": "Explanations as simple that are not listed: {n}.",
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
}

# What stands in words in the formula that a wrong gradient equals, and the same in Chinese.
FORMULA_WORDS: tuple[tuple[str, str], ...] = (
    (r" of sample (\d+) alone", r"（只有第 \1 个样本）"),
    (r" of the last place of the last sample", "（只有最后一个样本的最后一个位置）"),
    (r" of the last filter", "（只有最后一个滤波器）"),
    (r" of the last place alone", "（只有最后一个位置）"),
    (r" with stride 1", "（步幅为 1）"),
    (r" with its border", "（带着填充的边）"),
    (r" with the channels of (\S+) exchanged", r"（交换 \1 的通道）"),
    (r", with = in place of \+=", "（用 = 代替 +=）"),
)
