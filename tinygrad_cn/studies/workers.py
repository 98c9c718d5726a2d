"""Trials on workers, any of which may die: the system kills what takes too much memory, compiled code can crash."""

from __future__ import annotations

import contextlib
import re
import time
import warnings
from collections.abc import Callable, Generator
from typing import Any

from .plan import Params
from .trial import Trial

Todo = dict[int, Params]  # hyperparameters of trials by their number
Call = Callable[[int, Params], Trial]
Outcomes = Generator[Trial]
EXIT_CODES = re.compile(r"exit codes of the workers are \{(.+?)\}")
HINTS = {"SIGKILL(-9)": ", as by a system that is out of memory", "SIGSEGV(-11)": ", a crash in compiled code"}


def side_by_side(todo: Todo, call: Call, jobs: int | None) -> Outcomes:
    """Do each trial and give it out when it is finished, in whatever order; a worker that dies is the trial's failure.

    Parameters
    ----------
    todo : dict of int to dict
        Hyperparameters by the number of the trial.
    call : callable
        `call(number, params)` does one.
    jobs : int, optional
        As joblib counts.

    Raises
    ------
    ImportError
        If joblib is missing; the message says how to install it.
    """
    try:
        import joblib
    except ImportError as error:
        raise ImportError("study needs joblib: pip install 'tinygrad-cn[study]'") from error
    backend, _ = joblib.parallel.get_active_backend()
    if hasattr(backend, "client"):
        return _on_a_cluster(backend.client, backend.submit_kwargs, todo, call)
    return _on_this_machine(joblib, todo, call, jobs)


# ---- a dask cluster ---------------------------------------------------------------------------------


def _on_a_cluster(client: Any, options: dict[str, Any], todo: Todo, call: Call) -> Outcomes:
    """By dask itself, as joblib would wait for ever for a trial that kills its workers.

    What was only waiting on workers that died is suspected too, so each suspect is tried again alone.
    """
    from distributed import KilledWorker, as_completed

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")  # it goes there once, and again if its worker dies
        shared = client.submit(_itself, call, pure=False, **options)
    futures = {client.submit(_one, shared, *trial, pure=False, **options): trial for trial in todo.items()}
    suspects = []
    try:
        for future in as_completed(futures):
            try:
                yield future.result()
            except KilledWorker:
                suspects.append(futures[future])
        for trial in suspects:
            start = time.perf_counter()
            try:
                yield client.submit(_one, shared, *trial, pure=False, **options).result()
            except KilledWorker as death:
                yield _dead(*trial, start, death)
    finally:
        client.cancel([shared, *futures])


def _itself(call: Call) -> Call:
    return call


def _one(call: Call, number: int, params: Params) -> Trial:
    return call(number, params)


# ---- processes of this machine ----------------------------------------------------------------------


def _on_this_machine(joblib: Any, todo: Todo, call: Call, jobs: int | None) -> Outcomes:
    """By joblib, where a worker that dies takes all others with it, and nobody says whose fault it was.

    So those that may have been running are tried again in two halves, and so on: what has no company when its worker
    dies is at fault.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    groups = [dict(todo)]
    with _one_blas_thread(joblib):
        while groups:
            start, group = time.perf_counter(), groups.pop()
            try:
                yield from _together(joblib, group, call, jobs)
            except TerminatedWorkerError as death:
                running, waiting = _split(group, joblib.effective_n_jobs(jobs))
                if len(running) == 1:
                    yield _dead(*running.popitem(), start, death)
                groups += filter(None, [waiting, *_split(running, len(running) // 2)])


def _together(joblib: Any, group: Todo, call: Call, jobs: int | None) -> Outcomes:
    """Trials of a group that are finished; the others remain in it."""
    calls = [joblib.delayed(call)(*trial) for trial in group.items()]
    outcomes = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(calls)
    with contextlib.closing(outcomes):
        for trial in outcomes:
            del group[trial.number]
            yield trial


def _split(group: Todo, n: int) -> tuple[Todo, Todo]:
    """The first n, and the rest."""
    trials = list(group.items())
    return dict(trials[:n]), dict(trials[n:])


def _one_blas_thread(joblib: Any) -> contextlib.AbstractContextManager[Any]:
    """For worker processes, unless a joblib.parallel_config around the study says how many."""
    backend, _ = joblib.parallel.get_active_backend()
    if not backend.supports_inner_max_num_threads or backend.inner_max_num_threads is not None:
        return contextlib.nullcontext()
    context: contextlib.AbstractContextManager[Any] = joblib.parallel_config("loky", inner_max_num_threads=1)
    return context


# ---- what is known of a death -----------------------------------------------------------------------


def _dead(number: int, params: Params, start: float, death: Exception) -> Trial:
    """A trial that failed by its worker's death; the last line says what of."""
    found = EXIT_CODES.search(str(death))
    code = found[1] if found else type(death).__name__
    error = f"{death}\nThe worker process of this trial died: {code}{HINTS.get(code, '')}"
    return Trial(number, params, seconds=time.perf_counter() - start, error=error)
