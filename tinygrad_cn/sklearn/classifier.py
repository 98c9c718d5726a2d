"""NetClassifier: a net that says which class a sample belongs to."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .. import nn
from ..data.dataset import Array, one_hot
from ..nn.init import Init
from ..train import EarlyStopping
from .base import FLOATS, Activation, Build, Hidden, MakeOptimizer, NetEstimator
from .weighted import weighted_cross_entropy


class NetClassifier(ClassifierMixin, NetEstimator):
    """Classes by a net with one raw output a class, trained on the cross-entropy of their softmax.

    It follows scikit-learn: samples are rows, labels may be numbers or text, and it passes all checks of
    `sklearn.utils.estimator_checks.check_estimator`.

    Parameters
    ----------
    hidden : sequence of int, or int
        Units of each hidden layer; `()` is softmax regression. A number is one layer.
    activation : str, nn.Module, callable, or a list of one per hidden layer
        Of the hidden layers, as in `nn.DNN`.
    init : str or callable
        Start value of the weights, see `nn.init`.
    build : callable, optional
        `build(n_in, n_out, rng)` returns the net, in the place of `hidden`, `activation` and `init`: an nn.Module
        from columns (n_in, m) to raw outputs (n_out, m). `rng` is a RandomState to pass to layers as their seed.
    optimizer : str or callable
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", or what makes an optimiser of
        parameters and `lr`, such as `functools.partial(optim.Adam, beta1=0.8)`.
    lr : float
        Learning rate.
    epochs : int
        How often to go through the samples, at most if `early_stopping` is on.
    batch_size : int or None
        Samples in a step; None takes all of them.
    l1, l2 : float
        λ of the penalties (λ/m) Σ|W| and (λ/2m) Σ‖W‖², m being the samples of a step.
    early_stopping : bool, int or EarlyStopping
        Set samples aside, and stop when their cost gets no better: for 10 epochs if True, else for this number of
        epochs. The net is then that of its best epoch.
    validation_fraction : float
        Share that is set aside, the same of each class.
    class_weight : dict, "balanced" or None
        How much samples of a class count; "balanced": all classes the same, however many samples they have. It is
        multiplied by `sample_weight`.
    warm_start : bool
        True: `fit` goes on with the net there is.
    compile : bool
        True: record the training step and replay it, see `tinygrad_cn.compile`.
    random_state : int, RandomState or None
        Decides start values and the order of samples. None: another one in each call.
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    net_ : nn.Module
        The net, in evaluation mode. It takes columns: `net_(X.T)`.
    optimizer_ : Optimizer
        Its optimiser.
    history_ : History
        Of the latest training.
    loss_curve_ : list of float
        Cost of each epoch since the start values.
    n_iter_ : int
        Number of these epochs.
    n_features_in_, feature_names_in_
        Number of columns of X, and their names if it was a table with names.

    Raises
    ------
    ValueError
        From `fit`, if a parameter is out of range, or the samples are not finite, not dense or not as many as labels.
    DivergenceError
        From `fit`, if the cost becomes NaN or Inf.
    KeyboardInterrupt
        From `fit`, after Ctrl-C and the step at hand; the estimator keeps what it has learned.

    Notes
    -----
    With `sample_weight`, sample i counts wᵢ / mean(w) times in the cost. A weight of 2 is the sample taken twice,
    up to rounding if a step takes all samples, on average if it takes a batch.

    Examples
    --------
    >>> from tinygrad_cn import data
    >>> from tinygrad_cn.sklearn import NetClassifier
    >>> X, Y = data.moons(200, noise=0.1, seed=0)
    >>> net = NetClassifier(hidden=(16,), activation="tanh", lr=0.05, epochs=100, random_state=0)
    >>> labels = np.where(Y[0] == 1, "upper", "lower")
    >>> net.fit(X.T, labels).score(X.T, labels) > 0.98
    True
    >>> net.predict(X.T[:2]).tolist() == labels[:2].tolist(), net.predict_proba(X.T[:2]).shape
    (True, (2, 2))
    """

    _loss = staticmethod(nn.cross_entropy)
    _weighted_loss = staticmethod(weighted_cross_entropy)

    def __init__(  # scikit-learn reads the parameters of an estimator here, so each is written out
        self,
        hidden: Hidden = (100,),
        *,
        activation: Activation = "relu",
        init: str | Init = "he",
        build: Build | None = None,
        optimizer: str | MakeOptimizer = "adam",
        lr: float = 0.001,
        epochs: int = 200,
        batch_size: int | None = 200,
        l1: float = 0.0,
        l2: float = 0.0,
        early_stopping: bool | int | EarlyStopping = False,
        validation_fraction: float = 0.1,
        class_weight: dict[Any, float] | str | None = None,
        warm_start: bool = False,
        compile: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden, activation=activation, init=init, build=build, optimizer=optimizer, lr=lr, epochs=epochs,
            batch_size=batch_size, l1=l1, l2=l2, early_stopping=early_stopping,
            validation_fraction=validation_fraction, warm_start=warm_start, compile=compile,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a net, or with `warm_start` go on with the one there is.

        Parameters
        ----------
        X : array_like, (m, n_x)
            Samples in rows; float32 stays float32.
        y : array_like, (m,)
            Labels: numbers or text.
        sample_weight : array_like, (m,), optional
            How much each sample counts.
        """
        more = self._more()
        samples, labels = self._checked(X, y, more)
        if not more:
            self.classes_ = np.unique(labels)
        index = self._index(labels)
        weights = self._weights(samples, labels, sample_weight)
        return self._learn(samples, self._columns(index, samples), weights, strata=index, more=more)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Go through these samples once.

        Parameters
        ----------
        X : array_like, (m, n_x)
            Samples in rows.
        y : array_like, (m,)
            Labels.
        classes : array_like, optional
            All labels there are; needed in the first call, if y does not have them all.
        sample_weight : array_like, (m,), optional
            How much each sample counts in this call.
        """
        more = hasattr(self, "net_")
        samples, labels = self._checked(X, y, more)
        if not more:
            self.classes_ = np.unique(labels if classes is None else np.asarray(classes))
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight must be a dict in partial_fit, which sees some samples only; got {self.class_weight!r}. "
                "sklearn.utils.class_weight.compute_class_weight finds the weights of all of them"
            )
        columns = self._columns(self._index(labels), samples)
        return self._learn_once(samples, columns, self._weights(samples, labels, sample_weight))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class, (m, classes); a row adds up to 1.

        Columns are in the order of `classes_`.
        """
        probabilities: Array = nn.softmax(self._outputs(X)).T
        return probabilities

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return log P of each class, (m, classes), finite also where P rounds to 0."""
        logarithms: Array = nn.log_softmax(self._outputs(X)).T
        return logarithms

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable label of each sample, (m,)."""
        check_is_fitted(self, "net_")
        labels: Array = self.classes_[self._outputs(X).argmax(axis=0)]
        return labels

    # ---- labels -------------------------------------------------------------------------------------

    def _checked(self, X: ArrayLike, y: ArrayLike, more: bool) -> tuple[Array, Array]:
        samples, labels = validate_data(self, X, y, dtype=FLOATS, reset=not more)
        check_classification_targets(labels)
        return samples, labels

    def _index(self, labels: Array) -> Array:
        """The place of each label in `classes_`."""
        unknown = np.setdiff1d(labels, self.classes_)
        if unknown.size:
            raise ValueError(f"y has labels that are not in classes_: {unknown.tolist()}; got {self.classes_.tolist()}")
        return np.searchsorted(self.classes_, labels)

    def _weights(self, X: Array, labels: Array, sample_weight: ArrayLike | None) -> ArrayLike | None:
        """How much each sample counts, by itself and by its class."""
        if self.class_weight is None:
            return sample_weight
        classes = np.unique(labels) if isinstance(self.class_weight, str) else self.classes_
        by_class: Array = compute_class_weight(self.class_weight, classes=classes, y=labels)
        weights: Array = by_class[np.searchsorted(classes, labels)] * _check_sample_weight(sample_weight, X)
        return weights

    def _columns(self, index: Array, samples: Array) -> Array:
        return one_hot(index, len(self.classes_), samples.dtype)
