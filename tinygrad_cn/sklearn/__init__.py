"""Nets as scikit-learn estimators, for pipelines, grid search and cross-validation."""

try:
    from .classifier import NetClassifier
    from .regressor import NetRegressor
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise ImportError("tinygrad_cn.sklearn needs scikit-learn: pip install 'tinygrad-cn[sklearn]'") from error

__all__ = ["NetClassifier", "NetRegressor"]
