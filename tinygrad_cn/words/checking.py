"""Texts about checking functions, updates, homework files and single entries."""

from __future__ import annotations

CHECKING: dict[str, dict[str, str]] = {
    # a backward function on fresh nets
    "probe.agree": {
        "zh": "换成别的尺寸、全新数据的网络也一致：{sizes}。",
        "en": "It also agrees on fresh nets of other sizes: {sizes}.",
    },
    "probe.luck": {
        "zh": "在给定的网络上碰巧一致，换一个网络（{sizes}）就不对；上表是后者的结果。"
        "多半是某个尺寸（如 m）写成了固定的数，或用了函数外面的值。{outside}",
        "en": "It agrees on the given net by luck and is wrong on a fresh one ({sizes}), which the table shows. "
        "A size such as m may be written as a number, or a value may come from outside the function. {outside}",
    },
    "probe.outside": {
        "zh": "函数用到了外面的 {names}：请作为参数传入。",
        "en": "The function reads {names} from outside: make it a parameter.",
    },
    "probe.raised": {
        "zh": "没能在别的尺寸上核对：在网络（{sizes}）上函数报错：{error}。",
        "en": "Not checked on other sizes: on a net with {sizes} the function raises: {error}.",
    },
    "probe.none": {
        "zh": "只在给定的网络上核对过：这个损失不能换尺寸重建。",
        "en": "Checked on the given net only: this cost cannot be rebuilt with other sizes.",
    },
    "probe.constant": {
        "zh": "{function} 没有任何来自网络的参数，只能在给定的网络上核对。",
        "en": "{function} is given nothing of the net, so it was checked on the given net only.",
    },
    "probe.differs": {
        "zh": "在别的尺寸上，最先出错的是 {name}：还有别的错误被尺寸巧合掩盖。",
        "en": "On nets of other sizes {name} is the first that is wrong: a coincidence of sizes hides something here.",
    },
    "probe.changed": {
        "zh": "函数就地修改了 {names}：之后用到它们的代码拿到的是改过的值。请先复制，如 dZ = np.array(dA, copy=True)。",
        "en": "The function changes {names} in place, so code that runs later sees the changed values. "
        "Work on a copy: dZ = np.array(dA, copy=True).",
    },
    "probe.older": {
        "zh": "dA[l] 按课程旧版的写法读作前一层的 dA：旧版的 dA1 就是 dA[0]。",
        "en": "dA[l] is read as dA of the layer before, as in the course's first version, whose dA1 is dA[0].",
    },
    # homework files
    "homework.checked": {
        "zh": "核对的是 {function}，网络：{net}。",
        "en": "Checked: {function}, on a net with {net}.",
    },
    "homework.other": {
        "zh": "没有核对：{names}（用 --function 指定）。",
        "en": "Not checked: {names} (choose one with --function).",
    },
    "homework.forward": {
        "zh": "{function} 的输出与试过的网络都不同，因此没有用它的缓存；网络可用 --net、--hidden、--output 指明。",
        "en": "{function} gives the output of none of the nets tried, so its cache was not used; "
        "say which net it is with --net, --hidden, --output.",
    },
    # an update step
    "update.title": {"zh": "更新一步与 optim 对比：{rule}", "en": "One update step against optim: {rule}"},
    "update.quantity": {"zh": "量", "en": "quantity"},
    "update.verdict": {"zh": "结论", "en": "verdict"},
    "update.error": {"zh": "最大误差", "en": "largest error"},
    "update.sgd": {"zh": "梯度下降", "en": "gradient descent"},
    "update.momentum": {"zh": "动量梯度下降", "en": "gradient descent with momentum"},
    "update.rmsprop": {"zh": "RMSprop", "en": "RMSprop"},
    "update.adam": {"zh": "Adam", "en": "Adam"},
    "update.missing_gain": {"zh": "{name} 漏乘了 (1 − β)。", "en": "{name} lacks the factor (1 − β)."},
    "update.swapped": {"zh": "{name} 的 β 与 1 − β 写反了。", "en": "{name} has β and 1 − β exchanged."},
    "update.no_past": {
        "zh": "{name} 丢掉了之前的值：少了 β 乘旧值这一项。",
        "en": "{name} forgets the past: the term with β times the old value is missing.",
    },
    "update.not_renewed": {"zh": "{name} 没有更新。", "en": "{name} is not renewed."},
    "update.sign": {"zh": "{name} 的符号错了。", "en": "{name} has a wrong sign."},
    "update.squared": {
        "zh": "{name} 用了 dW²：第一个滑动平均用 dW，只有 s 用 dW²。",
        "en": "{name} uses dW²; that belongs in s, the first running mean takes dW.",
    },
    "update.not_squared": {
        "zh": "{name} 漏了平方：s 是 dW² 的滑动平均。",
        "en": "{name} is not squared: s is the running mean of dW².",
    },
    "update.gain_squared": {"zh": "{name} 把 (1 − β) 也平方了。", "en": "{name} squares (1 − β) too."},
    "update.fixed_beta": {
        "zh": "{name} 里的 β 写成了固定的数，没有用传入的参数。",
        "en": "{name} has β written as a number instead of the one it is given.",
    },
    "update.other_beta": {
        "zh": "{name} 用错了 β：v 用 β₁，s 用 β₂。",
        "en": "{name} uses the other β: v takes β₁, s takes β₂.",
    },
    "update.no_correction": {
        "zh": "{name} 漏了偏差修正（v 和 s 都没有）。",
        "en": "{name} lacks the bias correction, of v and of s.",
    },
    "update.v_uncorrected": {"zh": "{name} 漏了 v 的偏差修正。", "en": "{name} lacks the bias correction of v."},
    "update.s_uncorrected": {"zh": "{name} 漏了 s 的偏差修正。", "en": "{name} lacks the bias correction of s."},
    "update.t_early": {
        "zh": "{name} 的 t 少了 1：第一步 t = 1。",
        "en": "{name} has t one too small: the first step has t = 1.",
    },
    "update.t_late": {
        "zh": "{name} 的 t 多了 1：传入的 t 已从 1 数起。",
        "en": "{name} has t one too large: the t it is given counts from 1 already.",
    },
    "update.no_power": {
        "zh": "{name} 的偏差修正漏了 t 次方：应为 1 − βᵗ。",
        "en": "{name} lacks the power t in the bias correction 1 − βᵗ.",
    },
    "update.times_t": {
        "zh": "{name} 的偏差修正用了 β t：应为 βᵗ，即 β 的 t 次方。",
        "en": "{name} has β times t in the bias correction; it is β to the power t.",
    },
    "update.betas_swapped": {
        "zh": "{name} 的偏差修正把 β₁ 与 β₂ 用反了。",
        "en": "{name} has β₁ and β₂ exchanged in the bias correction.",
    },
    "update.eps_inside": {
        "zh": "{name} 把 ε 放进了根号：应在根号外。",
        "en": "{name} has ε under the root; it is added outside.",
    },
    "update.eps_early": {
        "zh": "{name} 把 ε 加在未修正的 √s 上（论文里的简写）：课程里加在 √ŝ 上。",
        "en": "{name} adds ε to the uncorrected √s, the paper's short form; in the notes it is added to √ŝ.",
    },
    "update.no_eps": {"zh": "{name} 漏了 ε。", "en": "{name} lacks ε."},
    "update.no_root": {"zh": "{name} 漏了开方。", "en": "{name} lacks the square root."},
    "update.no_scaling": {"zh": "{name} 没有除以 √s。", "en": "{name} is not divided by √s."},
    "update.gradient_for_v": {"zh": "{name} 用了 dW，而不是 v。", "en": "{name} uses dW where v belongs."},
    "update.no_rate": {"zh": "{name} 漏乘了学习率 α。", "en": "{name} lacks the learning rate α."},
    "update.step_alone": {
        "zh": "{name} 只剩下步长：要从 W 里减去它。",
        "en": "{name} is the step alone; it is to be subtracted from W.",
    },
    "update.unknown": {"zh": "没有找到能解释 {name} 的常见错误。", "en": "No known mistake explains {name}."},
    # single entries against numbers
    "gradcheck.head": {
        "zh": "用{method}核对梯度（h = {h}，{dtype}，rtol = {rtol}）：核对了 {total} 个元素中的 {looked} 个，{state}",
        "en": "gradcheck by {method} (h = {h}, {dtype}, rtol = {rtol}): {looked} of {total} entries, {state}",
    },
    "gradcheck.complex_step": {"zh": "复数步长法", "en": "complex step"},
    "gradcheck.central_difference": {"zh": "中心差分", "en": "central difference"},
    "gradcheck.agree": {"zh": "全部一致", "en": "agree"},
    "gradcheck.disagree": {"zh": "{n} 个不一致", "en": "{n} disagree"},
    "gradcheck.argument": {"zh": "参数", "en": "argument"},
    "gradcheck.entry": {"zh": "元素", "en": "entry"},
    "gradcheck.analytic": {"zh": "解析值", "en": "analytic"},
    "gradcheck.numeric": {"zh": "数值", "en": "numeric"},
    "gradcheck.error": {"zh": "误差", "en": "error"},
    "gradcheck.kink": {"zh": "折点", "en": "kink"},
    "gradcheck.exempt": {
        "zh": "{n} 个元素在折点上，如 {name}：左导数 {below}，右导数 {above}，两者之间的值都算对。",
        "en": "Entries at a kink: {n}, such as {name}, with {below} below it and {above} above; "
        "any value between is right.",
    },
    "gradcheck.only": {
        "zh": "只有 {name} 的梯度不对：看它的局部导数（vjp）。",
        "en": "Only the gradient of {name} is wrong: look at its local gradient (vjp).",
    },
    "gradcheck.ratio": {
        "zh": "所有不对的元素都差同一个因子：解析值是数值的 {factor} 倍。",
        "en": "All wrong entries are off by one factor: the analytic value is {factor} times the numeric one.",
    },
    "gradcheck.beyond": {
        "zh": "{name} 附近有折点：左导数 {below}，右导数 {above}，而解析值不在两者之间。换一个离折点远的输入再试。",
        "en": "A kink is near {name}: {below} below it, {above} above, and the analytic value is not between them. "
        "Try an input further from it.",
    },
    "gradcheck.float64": {
        "zh": "输入是 {dtype}，舍入误差大：换成 float64（x.astype(float)）再试。",
        "en": "The input is {dtype}, whose rounding is coarse: try float64, x.astype(float).",
    },
    "gradcheck.close": {
        "zh": "{name} 的两个值很接近，可能只是差分的误差：换大小在 1 左右的输入，或放宽 rtol 再试。",
        "en": "The two values of {name} are close, which may be the error of the difference itself: "
        "try inputs of about 1, or a larger rtol.",
    },
    "gradcheck.try": {
        "zh": "可以试：逐个核对 f 里的运算，先看自己用 tg.op 写的，找出哪一个关于 {name} 的导数不对。",
        "en": "To try: check the ops of f one at a time, those of your own (tg.op) first, to find whose derivative "
        "with respect to {name} is wrong.",
    },
}
