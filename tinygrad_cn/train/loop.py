"""The training loop: `fit` takes a net, data, a loss and an optimiser, and returns the history."""

from __future__ import annotations

import os
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import nn, optim
from ..autograd import label
from ..data import Dataset
from ..data.arguments import flag, fraction, function, is_real, real, whole
from ..data.dataset import Array, count_samples
from ..errors import OpError
from ..files import PathLike, place, sweep
from ..language import language, say
from ..seeds import Rng, Seed, generator
from . import checkpoint as file
from .history import QUANTITIES, History, Row, keep_history
from .interrupts import Interrupts
from .plain import FEWEST_FOR_LOOPS, count_steps, why_plain
from .progress import bar
from .score import Accuracy
from .session import Augment, Loss, Session
from .stopping import EarlyStopping, Watch

FUNCTIONS = {  # what these arguments are
    "loss": "a function such as nn.binary_cross_entropy",
    "schedule": "a function of the epoch, such as optim.CosineDecay(0.1, epochs=100)",
    "augment": "a function of a batch and a generator, such as data.Augment",
    "callback": "a function of the epoch and the history",
}
Held = Dataset | tuple[ArrayLike, ArrayLike] | float


def fit(
    net: nn.Module,
    X: ArrayLike,
    Y: ArrayLike,
    loss: Loss,
    optimizer: optim.Optimizer | float,
    epochs: int = 100,
    batch_size: int | None = None,
    *,
    validation: Held | None = None,
    schedule: Callable[[int], float] | None = None,
    early_stopping: EarlyStopping | int | None = None,
    checkpoint: PathLike | None = None,
    resume: bool | PathLike = False,
    l1: float = 0.0,
    l2: float = 0.0,
    augment: Augment | None = None,
    seed: Seed | Callable[[int], Seed] = 0,
    progress: bool = True,
    callback: Callable[[int, History], object] | None = None,
    compile: bool | None = None,
) -> History:
    """Train a net and return what happened in each epoch.

    Each step computes the cost, its gradients, and lets the optimiser update the parameters. Ctrl-C ends the
    training after the step at hand and returns the history so far, with `interrupted` set; a second Ctrl-C does not
    wait.

    Parameters
    ----------
    net : nn.Module
        Called with X, or a batch of it; its parameters are changed.
    X : array_like
        Samples: columns (n_x, m), sequences (n_x, m, T) or images (m, n_H, n_W, n_C).
    Y : array_like
        Targets of as many samples, as the loss takes them: (1, m), one-hot (classes, m), labels (m,).
        Of sequences one-hot (classes, m, T), with columns of zeros where they are padded, or labels (1, m, T).
    loss : callable
        `loss(A, Y)` gives the cost as a scalar Tensor, such as `nn.binary_cross_entropy`.
    optimizer : Optimizer or float
        Made from `net.parameters()`; a number is the learning rate of `optim.SGD`.
    epochs : int
        How often to go through the training set, in total: a resumed training counts what was done before.
    batch_size : int, optional
        Samples in a step; all of them by default.
    validation : Dataset, (X, Y) or float, optional
        Samples to look at after each epoch, in evaluation mode; a number is a share of the training set to set aside.
    schedule : callable, optional
        `schedule(epoch)` gives the learning rate, epochs counting from 0.
    early_stopping : EarlyStopping or int, optional
        When to stop for want of improvement on the validation set; a number is the patience in epochs. The net
        ends with the parameters of its best epoch, unless interrupted.
    checkpoint : path, optional
        A file replaced after each epoch by the state of the training: parameters, optimiser, random generators,
        history. A write that fails leaves the old file.
    resume : bool or path
        True: go on from `checkpoint` if that file exists. A path: go on from that file. With the same arguments
        the numbers are those of a training that was never stopped.
    l1, l2 : float
        λ of the penalties (λ/m) Σ|W| and (λ/2m) Σ‖W‖² added to the cost of a step with m samples; both together
        are the elastic net. Weights that are frozen have none.
    augment : callable, optional
        `augment(X, rng)` is what a step learns from in the place of its batch X, such as
        `data.Augment(data.Rotate(10), data.Shift(1))`. Validation samples stay as they are.
    seed : int, Generator, RandomState, or callable
        Decides the order of mini-batches, what `augment` draws, and what a validation share sets aside. A callable
        gives a seed for each epoch: `lambda epoch: np.random.RandomState(11 + epoch)` shuffles like the notes.
    progress : bool
        Show a progress bar with cost and accuracy.
    callback : callable, optional
        `callback(epoch, history)` is called after each epoch.
    compile : bool, optional
        True: record the training step and replay it, see `tinygrad_cn.compile`; the numbers are the same up to
        rounding. What cannot be compiled is trained plainly, with a warning that says why. False: train plainly. By
        default it is compiled if net and loss are of this package, there are at least 200 steps and no checkpoints;
        `history.plain_because` says why not.

    Returns
    -------
    History
        Cost, accuracy (where Y holds classes), learning rate and seconds of each epoch.

    Raises
    ------
    ShapeError
        If X and Y differ in the number of samples; found before the first step.
    ValueError
        If an argument is out of range, or X or Y is not finite.
    DivergenceError
        If the cost becomes NaN or Inf. The parameters are those of that cost; `.history` has the epochs before.
    OpError
        If net, loss or optimizer is not what it should be.
    StateError
        If the file to resume from is damaged or belongs to another net or optimiser.
    OSError
        If `resume` is a path without a file, or `checkpoint` cannot be written; found before the first step where it
        can be. An error in the middle of a training, this one or another, has the epochs before in `.history`.

    Notes
    -----
    A. Ng, "Improving Deep Neural Networks", programming exercise "Optimization methods", model().

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import data, nn
    >>> X, Y = data.xor()
    >>> net = nn.DNN([2, 8, 1], hidden="tanh", seed=0)
    >>> history = tg.fit(net, X, Y, nn.binary_cross_entropy, optimizer=1.0, epochs=300, progress=False)
    >>> history.accuracy[-1], history.cost[-1] < 0.05
    (1.0, True)
    """
    if not isinstance(net, nn.Module):
        raise OpError(f"net must be an nn.Module; got {net!r}")
    function("loss", loss, FUNCTIONS["loss"])
    _check_functions(schedule=schedule, augment=augment, callback=callback)
    whole("epochs", epochs, 1)
    flag("progress", progress)
    if compile is not None:
        flag("compile", compile)
    rng = seed if callable(seed) else generator(seed)
    train, held_out = _sets(_dataset("X", X, "Y", Y), validation, rng)
    session = Session(
        net=net,
        loss=loss,
        optimizer=_optimizer(optimizer, net),
        train=train,
        held_out=held_out,
        batch_size=None if batch_size is None else whole("batch_size", batch_size, 1),
        l1=real("l1", l1),
        l2=real("l2", l2),
        augment=augment,
        accuracy=Accuracy(loss, train.Y),
        seed=rng,
        schedule=schedule,
        watch=_watch(early_stopping, held_out),
    )
    _prepare(session, checkpoint, resume)
    steps = count_steps(epochs - len(session.history), train.m, batch_size)
    plain_because = why_plain(compile, net, loss, steps, checkpoint is not None or resume is not False)
    if not plain_because:
        session.compile(quiet=compile is None, loops=steps >= FEWEST_FOR_LOOPS)
    session.history.plain_because = plain_because
    _run(session, epochs, progress, callback, checkpoint)
    session.history.plain_because = plain_because or session.plain_because
    return session.history


def _run(
    session: Session,
    epochs: int,
    progress: bool,
    callback: Callable[[int, History], object] | None,
    checkpoint: PathLike | None,
) -> None:
    """Epoch after epoch, until they are done or something ends them."""
    history = session.history
    with Interrupts() as interrupts, bar(progress, epochs, len(history), "epoch") as show:
        try:
            while len(history) < epochs and not history.stopped_early:
                row = session.epoch(len(history), interrupts)
                session.record(row)
                show(_shown(row))
                if callback is not None:
                    callback(row["epochs"], history)
                if checkpoint is not None:
                    file.save(checkpoint, session.state_dict())
            interrupts.check()
        except KeyboardInterrupt:
            history.interrupted = True
            return
        except Exception as error:
            keep_history(error, history)
            raise
    if session.watch is not None and session.watch.parameters:
        session.net.load_state_dict(session.watch.parameters)


def _prepare(session: Session, checkpoint: PathLike | None, resume: bool | PathLike) -> None:
    """See that checkpoints have a place; go on from a file, if wanted and, for `resume=True`, if there is one."""
    if checkpoint is not None:
        sweep(place("checkpoint", checkpoint))
    if resume is False:
        return
    if resume is True:
        if checkpoint is None:
            raise ValueError("resume=True needs checkpoint=, the file to go on from")
        if os.path.exists(checkpoint):
            session.load_state_dict(file.load(checkpoint))
        return
    if not isinstance(resume, (str, os.PathLike)):
        raise OpError(f"resume must be True, False or the path of a checkpoint; got {resume!r}")
    session.load_state_dict(file.load(resume))


# ---- arguments --------------------------------------------------------------------------------------


def _check_functions(**given: Any) -> None:
    """Of arguments that may be None."""
    for name, value in given.items():
        if value is not None:
            function(name, value, FUNCTIONS[name])


def _dataset(x_name: str, X: ArrayLike, y_name: str, Y: ArrayLike) -> Dataset:
    """Checked samples and targets."""
    arrays = _numbers(x_name, X), _numbers(y_name, Y)
    if not count_samples(*arrays):
        raise ValueError(f"{x_name} has no samples: its shape is {arrays[0].shape}")
    for name, array in zip((x_name, y_name), arrays, strict=True):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has {np.count_nonzero(~np.isfinite(array))} NaN or Inf entries; clean it first")
    return Dataset(*arrays)


def _numbers(name: str, value: ArrayLike) -> Array:
    """An array of real numbers."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; got dtype {array.dtype}")
    return array


def _sets(train: Dataset, validation: Held | None, rng: Rng | Callable[[int], Seed]) -> tuple[Dataset, Dataset | None]:
    """The training set, and the validation set if one is wanted."""
    if validation is None:
        return train, None
    if isinstance(validation, Real):
        share = fraction("validation", validation)
        if not 0 < round(share * train.m) < train.m:
            raise ValueError(f"validation={share} of {train.m} samples leaves a part empty")
        return train.split(share, seed=0 if callable(rng) else rng)
    if not isinstance(validation, (Dataset, tuple, list)) or len(parts := tuple(validation)) != 2:
        raise OpError(f"validation must be a share, a pair (X, Y) or a Dataset; got {type(validation).__name__}")
    X, Y = parts
    held_out = _dataset("validation X", X, "validation Y", Y)
    return train, held_out


def _optimizer(optimizer: optim.Optimizer | float, net: nn.Module) -> optim.Optimizer:
    """The optimiser, or gradient descent with the learning rate given."""
    if is_real(optimizer):
        return optim.SGD(net.parameters(), lr=real("optimizer", optimizer))
    if not isinstance(optimizer, optim.Optimizer):
        raise OpError(f"optimizer must be a learning rate or such as optim.Adam(net.parameters()); got {optimizer!r}")
    own, held = net.parameters(), optimizer.params
    if set(held).isdisjoint(own):
        raise ValueError("optimizer has none of the net's parameters; make it from net.parameters() of this net")
    gone = [label(p) for p in held if isinstance(p, nn.Parameter) and p not in set(own)]
    left_out = [label(p) for p in own if p.requires_grad and p not in set(held)]
    if gone and left_out:
        raise ValueError(
            f"optimizer holds {', '.join(gone)}, which the net does not have, and lacks its {', '.join(left_out)}. "
            f"After a layer has been replaced, make a new one from net.parameters()"
        )
    return optimizer


def _watch(rule: EarlyStopping | int | None, held_out: Dataset | None) -> Watch | None:
    if rule is None:
        return None
    if held_out is None:
        raise ValueError("early_stopping needs validation=, samples to judge by that are not trained on")
    if not isinstance(rule, EarlyStopping):
        rule = EarlyStopping(patience=whole("early_stopping", rule, 1))
    return Watch(rule)


# ---- progress ---------------------------------------------------------------------------------------


def _shown(row: Row) -> str:
    """What the progress bar says of an epoch."""
    words = language()
    return ", ".join(f"{say(f'bar.{name}', words)} {row[name]:.4f}" for name in QUANTITIES if name in row)
