"""Words of models: the table of matrix dimensions, the report on a state that is loaded."""

MODEL: dict[str, dict[str, str]] = {
    # the table of a model
    "summary.layer": {"zh": "层", "en": "layer"},
    "summary.activation": {"zh": "激活函数", "en": "activation"},
    "summary.one": {"zh": "Z、A、dZ、dA（1 个样本）", "en": "Z, A, dZ, dA for one sample"},
    "summary.m": {"zh": "Z、A、dZ、dA（{m} 个样本）", "en": "Z, A, dZ, dA for {m} samples"},
    "summary.parameters": {"zh": "参数个数", "en": "parameters"},
    "summary.total": {"zh": "合计", "en": "total"},
    # a state that is loaded
    "load.title": {"zh": "已载入：{own} 个中的 {n} 个", "en": "Loaded: {n} of {own}"},
    "load.matched": {"zh": "匹配", "en": "matched"},
    "load.missing": {"zh": "缺少，保持原值", "en": "missing, kept as it was"},
    "load.unexpected": {"zh": "多余，忽略", "en": "unexpected, ignored"},
    "load.misfits": {"zh": "放不进去，保持原值", "en": "does not fit, kept as it was"},
    "load.misfit": {"zh": "{name}：网络里是 {own}，给的是 {value}", "en": "{name} is {own}, the value is {value}"},
}
