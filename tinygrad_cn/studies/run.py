"""The study itself: trials one after the other or side by side, each kept as soon as it is finished."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from numbers import Integral
from typing import Any

from ..data.arguments import flag, function, whole
from ..errors import OpError
from ..files import PathLike
from ..language import language, say
from ..train.progress import bar
from .file import Results
from .plan import draws, grid, printed
from .result import LIKELY, Study
from .space import Choices, Distribution, checked
from .trial import KNOWN, NEEDED, Build, Fit, run
from .workers import side_by_side


def study(
    build: Build,
    space: Mapping[str, Any],
    n: int | None = None,
    *,
    fit: Fit | None = None,
    minimize: str | None = None,
    maximize: str | None = None,
    seed: int = 0,
    jobs: int | None = None,
    out: PathLike | None = None,
    retry: bool = False,
    progress: bool = True,
) -> Study:
    """Try hyperparameters from a space and compare what comes of them.

    Parameters
    ----------
    build : callable
        `build(**hyperparameters)` returns a number, a dict of numbers and curves (lists of numbers), or a History.
        With `fit` it returns a net to be trained, or (net, optimizer).
    space : dict
        Of each hyperparameter a list of values, or a distribution: `space.uniform(0, 0.5)`,
        `space.log_uniform(1e-4, 1)`, `space.integer(1, 8)`. A seed is a hyperparameter like any other:
        `"seed": [0, 1, 2]` repeats the rest.
    n : int, optional
        Number of trials to draw at random. By default every combination of the lists is tried.
    fit : dict, optional
        Arguments of `tinygrad_cn.fit` other than the net: `{"X": X, "Y": Y, "loss": nn.mse, "epochs": 50}`.
    minimize, maximize : str, optional
        The quantity trials are judged by. By default "val_cost" is minimised if there is one, else "cost"; a bare
        number that `build` returns has this name.
    seed : int
        Decides what is drawn, whatever the number of workers. A larger `n` goes on where a smaller one ended.
    jobs : int, optional
        Trials at the same time, as joblib counts: −1 is one a core. By default what
        `joblib.parallel_config` says, else 1. A worker process has one BLAS thread, unless that says otherwise.
        Within `joblib.parallel_config("dask")` the trials run on the cluster of the current dask client.
    out : path, optional
        A file (JSON Lines) that gets a line for each finished trial. If it is there, the study goes on from it: a
        study that was killed loses the trials it was at, and no more. It knows a study by its space and seed, not by
        what `build` does.
    retry : bool
        True: try again the trials that failed before.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Study
        The trials, `.best`, `.table()`, `.to_csv(path)`, `.plot()` and `.plot_curves()`. After Ctrl-C it has those
        that were finished. A trial that raises an error is recorded as failed, and the others go on; so is one whose
        worker process dies, of too much memory or a crash. With `jobs=1` there is no worker, so that ends the study.

    Raises
    ------
    OpError
        If `build`, `space` or `fit` is not what it should be.
    ValueError
        If the space is empty, holds a distribution without `n`, or has fewer than `n` combinations.
    StateError
        If `out` is the file of another study, or no results file.
    OSError
        If `out` cannot be written; `.study` of the error has the trials that were finished.
    ImportError
        If joblib is missing; the message says how to install it.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> study = tg.study(lambda lr: (lr - 0.1) ** 2, {"lr": tg.space.log_uniform(1e-3, 1)}, n=30, progress=False)
    >>> study
    <Study: 30 of 30 trials, best cost 7.68193e-06>
    >>> f"{study.best.params['lr']:.3f}"
    '0.103'

    A net to be trained, and the data to train it on:

    >>> from tinygrad_cn import data, nn
    >>> X, Y = data.xor()
    >>> training = {"X": X, "Y": Y, "loss": nn.binary_cross_entropy, "optimizer": 1.0, "epochs": 100}
    >>> build = lambda units: nn.DNN([2, units, 1], hidden="tanh", seed=0)
    >>> tg.study(build, {"units": [1, 8]}, fit=training, progress=False).best.params
    {'units': 8}
    """
    function("build", build, "a function of the hyperparameters")
    _check_fit(fit)
    _check_quantities(minimize, maximize)
    _check_jobs(jobs)
    flag("retry", retry)
    flag("progress", progress)
    choices = checked(space)
    seed = whole("seed", seed, 0)
    plan = grid(choices) if n is None else draws(choices, whole("n", n, 1), seed)
    results = Results(out, _about(choices, None if n is None else seed), plan)
    kept = {i for i, old in results.finished.items() if not (retry and old.error)}
    todo = {i: params for i, params in enumerate(plan) if i not in kept}
    judged = maximize or minimize

    def so_far(interrupted: bool = False) -> Study:
        trials = tuple(results.finished[i] for i in sorted(results.finished))
        metric = judged or next((name for name in LIKELY if any(name in t.metrics for t in trials)), LIKELY[-1])
        return Study(trials, choices, metric, maximize is not None, len(plan), interrupted)

    trials = side_by_side(todo, partial(run, build=build, training=fit, name=judged or LIKELY[-1]), jobs)
    with contextlib.closing(trials), bar(progress, len(plan), len(kept), "trial") as show:
        try:
            for finished in trials:
                results.add(finished)
                show(_standing(so_far()))
        except KeyboardInterrupt:
            return so_far(interrupted=True)
        except Exception as error:
            error.study = so_far()  # type: ignore[attr-defined]
            error.add_note(f"The {len(results.finished)} finished trials are in the .study of this error.")
            raise
    return so_far()


def _about(choices: Choices, seed: int | None) -> dict[str, Any]:
    """What a results file knows a study by."""
    space = {name: repr(v) if isinstance(v, Distribution) else printed(v) for name, v in choices.items()}
    return {"space": space, "seed": seed}


def _check_fit(fit: Any) -> None:
    if fit is None:
        return
    if not isinstance(fit, Mapping):
        raise OpError(f"fit must be a dict of tinygrad_cn.fit's arguments, such as {{'X': X, 'Y': Y}}; got {fit!r}")
    if unknown := [name for name in fit if name not in KNOWN]:
        raise OpError(f"fit: tinygrad_cn.fit has no argument {unknown[0]!r}; expected some of {', '.join(KNOWN)}")
    if missing := NEEDED - set(fit):
        raise OpError(f"fit lacks {', '.join(sorted(missing))}; a training needs X, Y and loss")


def _check_jobs(jobs: Any) -> None:
    if jobs is not None and (not isinstance(jobs, Integral) or isinstance(jobs, bool) or not jobs):
        raise ValueError(f"jobs must be a whole number other than 0, such as 4, or −1 for one a core; got {jobs!r}")


def _check_quantities(minimize: Any, maximize: Any) -> None:
    for name, value in (("minimize", minimize), ("maximize", maximize)):
        if value is not None and not (isinstance(value, str) and value):
            raise OpError(f"{name} must be the name of a quantity, such as 'val_cost'; got {value!r}")
    if minimize is not None and maximize is not None:
        raise ValueError(f"give minimize or maximize, not both; got {minimize!r} and {maximize!r}")


def _standing(so_far: Study) -> str:
    """What the progress bar says of the study."""
    words, name = language(), so_far.metric
    best = [say("bar.best", words, name=name, value=f"{t.metrics[name]:.4g}") for t in so_far.ranked[:1]]
    failed = [say("bar.failed", words, n=len(so_far.failed))] * bool(so_far.failed)
    return ", ".join([*best, *failed])
