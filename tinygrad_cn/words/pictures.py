"""Words of the pictures, 中文 and English."""

PICTURES: dict[str, dict[str, str]] = {
    "value.summary": {"zh": "最小 {min}　最大 {max}　范数 {norm}", "en": "min {min}  max {max}  norm {norm}"},
    "time.back": {"zh": "{cell} 反向传播", "en": "{cell} backward"},
    "time.output": {"zh": "输出层", "en": "output layer"},
    "time.both": {"zh": "两个方向", "en": "both directions"},
    "time.loss": {"zh": "损失", "en": "loss"},
    "time.cell": {"zh": "循环单元", "en": "recurrent cell"},
    "term.back": {"zh": "{op}反向", "en": "{op} backward"},
    "function.back": {"zh": "{op} 反向", "en": "{op} backward"},
    "legend.ops": {
        "zh": "每个框是一次记录的运算：上面是运算，下面是结果。",
        "en": "Each box is one recorded op: the op above, its result below.",
    },
    "legend.columns": {
        "zh": "每个框是一次记录的运算，按执行顺序一列一列往下读；左边是它的其他输入。",
        "en": "Each box is one recorded op, in the order they ran, column by column; other inputs stand at the left.",
    },
    "legend.network": {
        "zh": "实线：正权重　虚线：负权重　越粗，同层里 |w| 越大　偏置不画出",
        "en": "solid: positive weight    dashed: negative    thicker: larger |w| in its layer    biases are not drawn",
    },
    "legend.maps": {
        "zh": "方块：特征图，高 × 宽 × 通道数　绿框：窗口，f 是边长，s 是步长，p 是填充",
        "en": "squares: feature maps, height × width × channels    green: the window of side f, stride s, padding p",
    },
    "network.input": {"zh": "输入 {x}", "en": "Input {x}"},
    "network.left_out": {
        "zh": "不是 W A + b、未画成连线的步骤：{steps}",
        "en": "Steps that are no W A + b, without lines: {steps}",
    },
    "health.layer": {"zh": "层 l", "en": "layer l"},
    "health.activation": {"zh": "激活函数", "en": "activation"},
    "health.dead_share": {"zh": "死亡的 ReLU 单元", "en": "dead ReLU units"},
    "health.saturated_share": {"zh": "饱和的激活值", "en": "saturated activations"},
    "health.scale": {"zh": "与第 L 层相差几个数量级", "en": "orders of magnitude from layer L"},
    "health.scale.time": {
        "zh": "与最后读入的一步（或第 L 层）相差几个数量级",
        "en": "orders of magnitude from the last step (or layer L)",
    },
    "health.small": {"zh": "消失", "en": "vanishing"},
    "health.large": {"zh": "爆炸", "en": "exploding"},
    "health.good": {
        "zh": "健康：从第 L 层往回，dZ 平均每层 × {factor}。",
        "en": "Healthy: on its way back dZ changes by × {factor} per layer on average.",
    },
    "health.alone": {
        "zh": "只有第 {layer} 层有 dZ，没有别的层可比。",
        "en": "Only layer {layer} has a dZ: there is none to compare it with.",
    },
    "health.time": {"zh": "{cell} · 时间步 t", "en": "{cell} · time step t"},
    "health.time.good": {
        "zh": "沿时间看，梯度健康：往回走，梯度平均每步 × {factor}（{state}）。",
        "en": "Healthy over time: on its way back the gradient changes by × {factor} per step on average ({state}).",
    },
    "health.time.vanishing": {
        "zh": "沿时间梯度消失：‖{state}‖ / ‖{last}‖ = {ratio}，平均每步 × {factor}，学不到久远的输入。"
        "建议：换成 LSTM 或 GRU，Waa 用正交初始化，或缩短序列。",
        "en": "Vanishing over time: ‖{state}‖ / ‖{last}‖ = {ratio}, × {factor} per step: "
        "distant inputs are not learnt. Try an LSTM or GRU, an orthogonal initial Waa, or shorter sequences.",
    },
    "health.time.vanishing.gated": {
        "zh": "沿时间梯度消失：‖{state}‖ / ‖{last}‖ = {ratio}，平均每步 × {factor}，学不到久远的输入。"
        "建议：让门一开始就多保留旧状态（LSTM 的 bf 取 1 或 2，GRU 的 bu 取 −1 或 −2），或缩短序列、改用注意力。",
        "en": "Vanishing over time: ‖{state}‖ / ‖{last}‖ = {ratio}, × {factor} per step: "
        "distant inputs are not learnt. Start with gates that keep the old state "
        "(bf = 1 or 2 in an LSTM, bu = −1 or −2 in a GRU), shorten the sequences, or use attention.",
    },
    "health.time.exploding": {
        "zh": "沿时间梯度爆炸：‖{state}‖ / ‖{last}‖ = {ratio}，平均每步 × {factor}。"
        "建议：裁剪梯度（optim.clip_grad_norm），减小循环权重，或用正交初始化。",
        "en": "Exploding over time: ‖{state}‖ / ‖{last}‖ = {ratio}, × {factor} per step. "
        "Clip gradients (optim.clip_grad_norm), and start with smaller or orthogonal recurrent weights.",
    },
    "health.vanishing": {
        "zh": "梯度消失：‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}，平均每层 × {factor}。"
        "建议：He 或 Xavier 初始化，或加归一化、残差连接。",
        "en": "Vanishing: ‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}, × {factor} per layer. "
        "Try He or Xavier initialisation, normalisation, skip connections.",
    },
    "health.vanishing.sigmoid": {
        "zh": "梯度消失：‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}，平均每层 × {factor}（σ′ ≤ 0.25）。"
        "建议：隐藏层换成 ReLU 或 tanh，或加归一化。",
        "en": "Vanishing: ‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}, × {factor} per layer (σ′ ≤ 0.25). "
        "Try ReLU or tanh in the hidden layers, or normalisation.",
    },
    "health.exploding": {
        "zh": "梯度爆炸：‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}，平均每层 × {factor}。"
        "建议：改用 He 或 Xavier 初始化，或梯度裁剪。",
        "en": "Exploding: ‖dZ[{layer}]‖ / ‖dZ[{last}]‖ = {ratio}, × {factor} per layer. "
        "Try He or Xavier initialisation, or clip gradients.",
    },
    "health.dead": {
        "zh": "死亡单元：{n} 层里有 ReLU 单元对所有样本都输出 0，最多的是第 {layer} 层：{share}。"
        "建议：降低学习率、He 初始化，或 LeakyReLU。",
        "en": "Dead units: in {n} of the layers ReLU units are 0 for every sample, most in layer {layer}: {share}. "
        "Try a lower learning rate, He initialisation, or LeakyReLU.",
    },
    "health.saturated": {
        "zh": "饱和：{n} 层里许多激活值的导数不到最大值的 1%，最多的是第 {layer} 层：{share}。"
        "建议：减小初始权重，标准化输入，或换成 ReLU。",
        "en": "Saturated: in {n} of the layers many activations have under 1% of their largest slope, "
        "most in layer {layer}: {share}. Try smaller initial weights, standardised inputs, or ReLU.",
    },
    "penalty": {"zh": "正则项", "en": "penalty"},
    "total": {"zh": "总代价", "en": "total cost"},
}
