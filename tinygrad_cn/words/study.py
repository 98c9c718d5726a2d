"""Words of hyperparameter studies: heads of the table, labels of the plots."""

STUDY: dict[str, dict[str, str]] = {
    "trial": {"zh": "试验", "en": "trial"},
    "seconds": {"zh": "秒", "en": "seconds"},
    "error": {"zh": "错误", "en": "error"},
    "cost": {"zh": "代价", "en": "cost"},
    "accuracy": {"zh": "准确率", "en": "accuracy"},
    "val_cost": {"zh": "验证集代价", "en": "validation cost"},
    "val_accuracy": {"zh": "验证集准确率", "en": "validation accuracy"},
    "failed": {"zh": "失败", "en": "failed"},
}
