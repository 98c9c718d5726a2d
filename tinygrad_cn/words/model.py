"""Words of models and trainings: the table of matrix dimensions, the curves."""

MODEL: dict[str, dict[str, str]] = {
    # the table of a model
    "summary.layer": {"zh": "层", "en": "layer"},
    "summary.activation": {"zh": "激活函数", "en": "activation"},
    "summary.one": {"zh": "Z、A、dZ、dA（1 个样本）", "en": "Z, A, dZ, dA for one sample"},
    "summary.m": {"zh": "Z、A、dZ、dA（{m} 个样本）", "en": "Z, A, dZ, dA for {m} samples"},
    "summary.parameters": {"zh": "参数个数", "en": "parameters"},
    "summary.total": {"zh": "合计", "en": "total"},
}
