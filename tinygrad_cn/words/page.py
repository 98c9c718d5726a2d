"""Words of the stepping page, 中文 and English."""

PAGE: dict[str, dict[str, str]] = {
    "first": {"zh": "开头", "en": "Start"},
    "previous": {"zh": "上一步", "en": "Back"},
    "next": {"zh": "下一步", "en": "Next"},
    "last": {"zh": "结尾", "en": "End"},
    "turn": {"zh": "跳到反向", "en": "To backward"},
    "navigation": {"zh": "逐步浏览", "en": "Step through"},
    "theme.auto": {"zh": "自动", "en": "Auto"},
    "theme.light": {"zh": "浅色", "en": "Light"},
    "theme.dark": {"zh": "深色", "en": "Dark"},
    "theme": {"zh": "配色", "en": "Theme"},
    "picture": {"zh": "计算链的图", "en": "Picture of the chain"},
    "steps": {"zh": "当前一步", "en": "Current step"},
    "keys": {
        "zh": "← → 或 ↑ ↓ 逐步，Home、End 到两头；也可以点图里的量。",
        "en": "← → or ↑ ↓ step, Home and End go to either end; or click a quantity in the picture.",
    },
    "forward": {"zh": "前向", "en": "Forward"},
    "backward": {"zh": "反向", "en": "Backward"},
    "announce": {
        "zh": "{phase}，第 {n} 步，共 {total} 步：{formula}",
        "en": "{phase}, step {n} of {total}: {formula}",
    },
    "why": {"zh": "为什么", "en": "Why"},
    "shape": {"zh": "形状", "en": "Shape"},
    "uses": {"zh": "用到", "en": "Uses"},
    "mean_note": {"zh": "1/m", "en": "1/m"},
    "entry": {"zh": "逐元素", "en": "Entry"},
    "derived": {"zh": "推导", "en": "Derived"},
    "from.data": {"zh": "数据", "en": "data"},
    "from.parameter": {"zh": "参数", "en": "parameter"},
    "from.value": {"zh": "刚算出", "en": "computed"},
    "from.cache": {"zh": "缓存", "en": "cache"},
    "from.upstream": {"zh": "上游梯度", "en": "upstream"},
    "min": {"zh": "最小", "en": "min"},
    "max": {"zh": "最大", "en": "max"},
    "mean": {"zh": "均值", "en": "mean"},
    "folded": {
        "zh": "{n} 层相同，合成一步；这里列出首尾几层的范数等，逐个数值从略。",
        "en": "{n} equal layers in one step: norms of the first and last of them; the values are left out.",
    },
    "folded.time": {
        "zh": "{n} 个时间步合成一步；这里列出首尾几个时间步的范数等，逐个数值从略。",
        "en": "{n} time steps in one: norms of the first and last of them; the values are left out.",
    },
    "Z": {
        "zh": "每个神经元把输入加权求和，再加上自己的偏置；每一列是一个样本。",
        "en": "Every unit adds up its weighted inputs and its bias; every column is a sample.",
    },
    "A": {
        "zh": "激活函数逐个元素地作用。没有它，再多的线性层合起来也还是一个线性层。",
        "en": "The activation acts on each entry. Without it, many linear layers would still be one linear layer.",
    },
    "loss": {
        "zh": "预测与标签的差距汇成一个数 J，训练就是让它变小。",
        "en": "One number J for how far the predictions are from the targets; training makes it smaller.",
    },
    "op": {
        "zh": "这一步不属于任何层，按运算本身的定义计算。",
        "en": "This step belongs to no layer; it is computed as the operation says.",
    },
    "check.ok": {
        "zh": "数值核对（{method}）：{total} 个元素查了 {looked} 个，最大差 {error}",
        "en": "Checked {looked} of {total} entries by {method}: largest difference {error}",
    },
    "check.wrong": {
        "zh": "与数值梯度不符（{method}）：{total} 个元素查了 {looked} 个，最大差 {error}。"
        "是不是多次调用了 backward()，或在前向之后改过参数？",
        "en": "Differs from the numeric gradient ({method}): {looked} of {total} entries, largest difference {error}. "
        "Was backward() called more than once, or a parameter changed after the forward pass?",
    },
    "check.kinks": {
        "zh": "；另有 {kinks} 个在折点上，那里没有导数可比",
        "en": "; {kinks} more at a kink, where there is no derivative to compare with",
    },
    "check.skipped": {
        "zh": "这张图太大，没有做数值核对",
        "en": "The graph is too large for a numeric check",
    },
    "method.complex step": {"zh": "复步法", "en": "complex step"},
    "method.central difference": {"zh": "中心差分", "en": "central difference"},
}
