"""Words of the pictures, 中文 and English; part of the catalogue in `language.py`."""

PICTURES: dict[str, dict[str, str]] = {
    "value.summary": {"zh": "最小 {min}　最大 {max}　范数 {norm}", "en": "min {min}  max {max}  norm {norm}"},
    "term.back": {"zh": "{op}反向", "en": "{op} backward"},
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
    "network.input": {"zh": "输入 {x}", "en": "Input {x}"},
    "network.left_out": {
        "zh": "不是 W A + b、未画成连线的步骤：{steps}",
        "en": "Steps that are no W A + b, without lines: {steps}",
    },
    "penalty": {"zh": "正则项", "en": "penalty"},
    "total": {"zh": "总代价", "en": "total cost"},
}
