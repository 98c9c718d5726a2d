"""Words of the pictures, 中文 and English; part of the catalogue in `language.py`."""

PICTURES: dict[str, dict[str, str]] = {
    "value.summary": {"zh": "最小 {min}　最大 {max}　范数 {norm}", "en": "min {min}  max {max}  norm {norm}"},
    "term.back": {"zh": "{op}反向", "en": "{op} backward"},
    "penalty": {"zh": "正则项", "en": "penalty"},
    "total": {"zh": "总代价", "en": "total cost"},
}
