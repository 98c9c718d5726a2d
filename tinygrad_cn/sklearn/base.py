"""What both estimators share: their parameters, the net they make, and its training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .. import nn, optim
from ..autograd import no_grad
from ..data import Dataset
from ..data.arguments import flag, fraction, function, whole
from ..data.dataset import Array
from ..errors import OpError
from ..nn.activation import Spec
from ..nn.init import Init
from ..train import EarlyStopping, fit
from .weighted import with_weights

Hidden = Sequence[int] | int
Activation = Spec | Sequence[Spec]
Build = Callable[[int, int, np.random.RandomState], nn.Module]
MakeOptimizer = Callable[..., optim.Optimizer]
Loss = Callable[[Any, Any], Any]
FLOATS = (np.float64, np.float32)
OPTIMIZERS: dict[str, MakeOptimizer] = {
    "sgd": optim.SGD,
    "momentum": optim.Momentum,
    "nesterov": optim.Nesterov,
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSprop,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
}


class NetEstimator(BaseEstimator):
    """Base of `NetClassifier` and `NetRegressor`, whose docstrings say what the parameters are.

    Samples are rows here, as everywhere in scikit-learn; the net and its history keep the notes' columns.
    """

    _loss: Loss
    _weighted_loss: Loss
    optimizer_: optim.Optimizer

    def __init__(
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
        warm_start: bool = False,
        compile: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.init = init
        self.build = build
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.l1 = l1
        self.l2 = l2
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.compile = compile
        self.random_state = random_state
        self.verbose = verbose

    def _more(self) -> bool:
        """Whether `fit` goes on with the net there is."""
        return flag("warm_start", self.warm_start) and hasattr(self, "net_")

    # ---- training -----------------------------------------------------------------------------------

    def _learn(self, X: Array, Y: Array, sample_weight: ArrayLike | None, strata: Array | None, more: bool) -> Self:
        """`fit` on checked samples (m, n_x) and targets (n_y, m); a validation set has its share of each stratum."""
        epochs, rule = whole("epochs", self.epochs, 1), _rule(self.early_stopping)
        samples, loss = self._weighted(X, Y, sample_weight)
        self._start(X, Y, more)
        if rule is None:
            return self._train(samples, loss, epochs)
        kept, held_out = train_test_split(
            np.arange(len(X)),
            test_size=fraction("validation_fraction", self.validation_fraction),
            stratify=strata,
            random_state=self._rng,
        )
        options = {"validation": samples.take(held_out), "early_stopping": rule}
        return self._train(samples.take(kept), loss, epochs, **options)

    def _learn_once(self, X: Array, Y: Array, sample_weight: ArrayLike | None) -> Self:
        """`partial_fit`: one epoch, with the net there is."""
        samples, loss = self._weighted(X, Y, sample_weight)
        self._start(X, Y, more=hasattr(self, "net_"))
        return self._train(samples, loss, epochs=1)

    def _start(self, X: Array, Y: Array, more: bool) -> None:
        """A new net and its optimiser, unless there are `more` epochs to come for those there are."""
        if more:
            self.optimizer_.lr = self.lr  # set_params(lr=…) is meant for what comes
            return
        self._rng = check_random_state(self.random_state)
        net = self._net(X.shape[1], len(Y), X.dtype)
        self.optimizer_ = _optimizer(self.optimizer)(net.parameters(), lr=self.lr)
        self.net_ = net
        self.loss_curve_: list[float] = []

    def _net(self, n_in: int, n_out: int, dtype: Any) -> nn.Module:
        if self.build is None:
            hidden = _sizes(self.hidden)
            _check_activation(self.activation, len(hidden))
            sizes = [n_in, *hidden, n_out]
            return nn.DNN(sizes, hidden=self.activation, output=None, init=self.init, seed=self._rng, dtype=dtype)
        function("build", self.build, "a function of n_in, n_out and rng that returns an nn.Module")
        net = self.build(n_in, n_out, self._rng)
        if not isinstance(net, nn.Module):
            raise OpError(f"build must return an nn.Module; got {net!r}")
        return net

    def _weighted(self, X: Array, Y: Array, sample_weight: ArrayLike | None) -> tuple[Dataset, Loss]:
        """Samples in columns, and the loss that reads their targets."""
        if sample_weight is None:
            return Dataset(X.T, Y), self._loss
        weights = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return Dataset(X.T, with_weights(Y, weights)), self._weighted_loss

    def _train(self, samples: Dataset, loss: Loss, epochs: int, **options: Any) -> Self:
        self.net_.train()
        self.history_ = fit(
            self.net_, samples.X, samples.Y, loss, self.optimizer_, epochs, self.batch_size, l1=self.l1, l2=self.l2,
            seed=self._rng, progress=bool(self.verbose), compile=self.compile, **options,
        )  # fmt: skip
        self.net_.eval()
        self.loss_curve_ = [*self.loss_curve_, *self.history_.cost]
        self.n_iter_ = len(self.loss_curve_)
        if self.history_.interrupted:
            raise KeyboardInterrupt("the training was interrupted; the estimator keeps what it has learned")
        return self

    # ---- prediction ---------------------------------------------------------------------------------

    def _outputs(self, X: ArrayLike) -> Array:
        """The net's raw outputs for rows X, as columns (n_y, m)."""
        check_is_fitted(self, "net_")
        samples = validate_data(self, X, dtype=FLOATS, reset=False)
        with no_grad():
            outputs: Array = self.net_(samples.T).numpy()
        return outputs


# ---- parameters -------------------------------------------------------------------------------------


def _sizes(hidden: Any) -> list[int]:
    """Numbers of hidden units; a number is one layer."""
    sizes = [hidden] if isinstance(hidden, Integral) else hidden
    if not isinstance(sizes, Iterable) or isinstance(sizes, str):
        raise ValueError(f"hidden must be a number of units, or one for each hidden layer; got {hidden!r}")
    return [whole("hidden", size, 1) for size in sizes]


def _check_activation(activation: Any, layers: int) -> None:
    """One for all hidden layers, or one for each."""
    if isinstance(activation, (list, tuple)) and len(activation) != layers:
        raise ValueError(f"activation must be one, or {layers} for the {layers} hidden layers; got {activation!r}")


def _optimizer(optimizer: Any) -> MakeOptimizer:
    """What makes the optimiser of parameters and a learning rate."""
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]
    if isinstance(optimizer, str) or not callable(optimizer):
        names = ", ".join(OPTIMIZERS)
        raise ValueError(f"optimizer must be one of {names}, or a class such as optim.Adam; got {optimizer!r}")
    made: MakeOptimizer = optimizer
    return made


def _rule(early_stopping: Any) -> EarlyStopping | None:
    """When to stop: True is the default rule, a number the patience."""
    if isinstance(early_stopping, EarlyStopping):
        return early_stopping
    if isinstance(early_stopping, (bool, np.bool_)):
        return EarlyStopping() if early_stopping else None
    return EarlyStopping(patience=whole("early_stopping", early_stopping, 1))
