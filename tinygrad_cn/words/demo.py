"""Words of the demo."""

DEMO: dict[str, dict[str, str]] = {
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
}
