"""Words of trainings: progress bars, why a step is not compiled, what a compiled one costs."""

TRAINING: dict[str, dict[str, str]] = {
    # progress bars
    "bar.epoch": {"zh": "轮", "en": "epoch"},
    "bar.trial": {"zh": "次试验", "en": "trial"},
    "bar.cost": {"zh": "代价", "en": "cost"},
    "bar.accuracy": {"zh": "准确率", "en": "accuracy"},
    "bar.val_cost": {"zh": "验证集代价", "en": "val_cost"},
    "bar.val_accuracy": {"zh": "验证集准确率", "en": "val_accuracy"},
    "bar.best": {"zh": "最好的 {name} {value}", "en": "best {name} {value}"},
    "bar.failed": {"zh": "失败 {n} 次", "en": "{n} failed"},
    # why a step is trained plainly
    "plain.few": {"zh": "只有 {steps} 步，编译得不偿失", "en": "{steps} steps are too few to gain by it"},
    "plain.resumed": {
        "zh": "续训的结果会有舍入上的差别；仍要编译，请写 compile=True",
        "en": "a training that is resumed would differ in rounding; compile=True compiles it all the same",
    },
    "plain.function": {
        "zh": "{name} 是你自己的函数，编译后的训练步只在记录时调用它；仍要编译，请写 compile=True",
        "en": "{name} is a function of your own, and a compiled step would call it only while it is recorded; "
        "compile=True compiles it",
    },
    "plain.layer": {
        "zh": "{name} 是你自己的层，编译后的训练步只在记录时调用它；仍要编译，请写 compile=True",
        "en": "{name} is a layer of your own, and a compiled step would call it only while it is recorded; "
        "compile=True compiles it",
    },
    "plain.hook": {
        "zh": "有参数带着钩子，编译后的训练步只在记录时调用它；仍要编译，请写 compile=True",
        "en": "a parameter has a hook, and a compiled step would call it only while it is recorded; "
        "compile=True compiles it",
    },
    # what a compiled step costs
    "step.cost": {
        "zh": "{calls} 次调用，{buffers} 个缓冲区共 {size} KiB，矩阵乘法 {flops} 百万次运算",
        "en": "{calls} calls, {buffers} buffers of {size} KiB in all, {flops} million operations in matrix products",
    },
    "step.saved": {"zh": "  {name}：{n} 个值", "en": "  {name}: {n} values"},
    "step.layout": {"zh": "内存布局", "en": "layout"},
    "step.parts": {"zh": "免拆装", "en": "parts"},
    "step.algebra": {"zh": "代数化简", "en": "algebra"},
    "step.sums": {"zh": "求和", "en": "sums"},
    "step.sums of products": {"zh": "乘积求和", "en": "sums of products"},
    "step.common subexpressions": {"zh": "公共子表达式", "en": "common subexpressions"},
    "step.common subexpressions again": {"zh": "公共子表达式（再次）", "en": "common subexpressions again"},
    "step.biases": {"zh": "偏置并入权重", "en": "biases"},
    "step.equal layers at once": {"zh": "同形层合并", "en": "equal layers at once"},
    "step.flat parameters": {"zh": "参数连成一片", "en": "flat parameters"},
    "step.arrays of their own": {"zh": "各有自己的数组", "en": "arrays of their own"},
    "step.dead code": {"zh": "无用代码", "en": "dead code"},
}
