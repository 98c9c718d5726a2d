"""NetRegressor: a net that gives one number a sample, or several."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .. import nn
from ..data.dataset import Array
from .base import FLOATS, NetEstimator
from .weighted import weighted_mse


class NetRegressor(RegressorMixin, NetEstimator):
    """Numbers by a net without activation at its output, trained on the mean squared error.

    It follows scikit-learn: samples are rows, y may have several columns, and it passes all checks of
    `sklearn.utils.estimator_checks.check_estimator`. Targets far from the range −1 … 1 are learned slowly:
    `sklearn.compose.TransformedTargetRegressor` with a StandardScaler scales them there and back.

    Parameters
    ----------
    hidden, activation, init, build, optimizer, lr, epochs, batch_size, l1, l2, early_stopping, warm_start, compile
        See `NetClassifier`.
    validation_fraction : float
        Share of the samples that `early_stopping` sets aside.
    random_state, verbose
        See `NetClassifier`.

    Attributes
    ----------
    n_outputs_ : int
        Number of columns of y.
    net_, optimizer_, history_, loss_curve_, n_iter_, n_features_in_, feature_names_in_
        See `NetClassifier`.

    Raises
    ------
    ValueError, DivergenceError, KeyboardInterrupt
        See `NetClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn.sklearn import NetRegressor
    >>> x = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> net = NetRegressor(hidden=(20,), activation="tanh", lr=0.03, epochs=300, random_state=0)
    >>> net.fit(x, np.sin(3 * x[:, 0])).score(x, np.sin(3 * x[:, 0])) > 0.99
    True
    """

    _loss = staticmethod(nn.mse)
    _weighted_loss = staticmethod(weighted_mse)

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a net, or with `warm_start` go on with the one there is.

        Parameters
        ----------
        X : array_like, (m, n_x)
            Samples in rows; float32 stays float32.
        y : array_like, (m,) or (m, n_y)
            Targets.
        sample_weight : array_like, (m,), optional
            How much each sample counts.
        """
        more = self._more()
        return self._learn(*self._checked(X, y, more), sample_weight, strata=None, more=more)

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Go through these samples once; arguments as in `fit`."""
        return self._learn_once(*self._checked(X, y, hasattr(self, "net_")), sample_weight)

    def predict(self, X: ArrayLike) -> Array:
        """Return predictions of the shape of y, (m,) or (m, n_y)."""
        check_is_fitted(self, "net_")
        outputs = self._outputs(X)
        return outputs[0] if self._vector else outputs.T

    # ---- targets ------------------------------------------------------------------------------------

    def _checked(self, X: ArrayLike, y: ArrayLike, more: bool) -> tuple[Array, Array]:
        """Samples (m, n_x), and targets as columns (n_y, m) in the dtype of the samples."""
        options = {"multi_output": True, "y_numeric": True}
        samples, y = validate_data(self, X, y, dtype=FLOATS, reset=not more, **options)
        targets: Array = check_array(y, dtype=samples.dtype, ensure_2d=False, input_name="y")
        columns: Array = targets.reshape(len(targets), -1).T
        if not more:
            self._vector, self.n_outputs_ = targets.ndim == 1, len(columns)
        if len(columns) != self.n_outputs_:
            raise ValueError(f"y must have as many columns as before, {self.n_outputs_}; got {len(columns)}")
        return samples, columns

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[no-untyped-call]
        tags.target_tags.multi_output = True
        return tags
