"""Clusters: the same call gives the same numbers on dask, and a trial that kills its workers fails alone."""

import os
import threading

import dask
import distributed
import joblib

from .small import SPACE, TRAINING, build, study, without_time


def test_the_same_call_runs_on_a_dask_cluster():
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with distributed.Client(**options), joblib.parallel_config("dask"):
        there = study(build, SPACE, 4, fit=TRAINING)
        (trial,) = study(lambda a: {"dask": "Dask" in threading.current_thread().name}, {"a": [1]}).trials
    assert without_time(there) == without_time(study(build, SPACE, 4, fit=TRAINING))
    assert trial.metrics == {"dask": 1.0}


def test_a_trial_that_kills_the_workers_of_a_cluster_fails_alone():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
    patience = dask.config.set({"distributed.scheduler.allowed-failures": 1})
    with patience, distributed.Client(**options), joblib.parallel_config("dask"):
        done = study(lambda a: os._exit(5) if a == 3 else a, {"a": list(range(6))})
    assert [trial.number for trial in done.ranked] == [0, 1, 2, 4, 5]
    (failed,) = done.failed
    assert failed.complaint == "The worker process of this trial died: KilledWorker"
    assert "on 2 different workers, but all those workers died while running it" in failed.error
