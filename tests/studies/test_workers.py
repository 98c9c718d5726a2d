"""Workers: the same numbers wherever trials run, and one that dies takes its trial with it, and no other."""

import os
import signal
import time

import joblib
import pytest

from .small import SPACE, TRAINING, build, study, without_time

# ---- where trials run -------------------------------------------------------------------------------


def test_the_numbers_do_not_hang_on_the_workers():
    alone = study(build, SPACE, 6, fit=TRAINING, seed=5)
    together = study(build, SPACE, 6, fit=TRAINING, seed=5, jobs=2)
    assert without_time(together) == without_time(alone)
    assert len({trial.params["lr"] for trial in alone.trials}) == 6


def threads_and_process(i):
    return {"threads": float(os.environ.get("OPENBLAS_NUM_THREADS", -1)), "process": os.getpid()}


def test_a_worker_has_one_blas_thread_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    space = {"i": [0, 1]}
    for trial in study(threads_and_process, space, jobs=2).trials:
        assert trial.metrics["threads"] == 1
        assert trial.metrics["process"] != os.getpid()
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=3):
        assert {trial.metrics["threads"] for trial in study(threads_and_process, space).trials} == {3}


def test_without_jobs_everything_runs_here():
    assert study(threads_and_process, {"i": [0]}).trials[0].metrics["process"] == os.getpid()


# ---- workers that die -------------------------------------------------------------------------------

DEATHS = {1: lambda: os._exit(5), 3: lambda: os.kill(os.getpid(), signal.SIGKILL)}


def deadly(a):
    time.sleep(0.01)  # so that others run beside it
    return DEATHS.get(a, lambda: a)()


@pytest.mark.skipif(os.name == "nt", reason="no exit codes there")
def test_a_worker_that_dies_is_the_failure_of_its_trial_alone(tmp_path):
    path = tmp_path / "study.jsonl"
    done = study(deadly, {"a": list(range(5))}, jobs=2, out=path)
    assert {trial.number: trial.complaint for trial in done.failed} == {
        1: "The worker process of this trial died: EXIT(5)",
        3: "The worker process of this trial died: SIGKILL(-9), as by a system that is out of memory",
    }
    assert {trial.number: trial.metrics for trial in done.ranked} == {a: {"cost": a} for a in (0, 2, 4)}
    assert study(deadly, {"a": list(range(5))}, jobs=2, out=path) == done, "from the file: nobody dies again"
    assert not study(lambda a: a, {"a": list(range(5))}, jobs=2, out=path, retry=True).failed


def test_what_a_worker_cannot_even_read_ends_the_study():
    class Unreadable:
        def __reduce__(self):
            return int, ("no number",)

        def __call__(self, a):
            return a

    with pytest.raises(Exception, match="un-serialize"):
        study(Unreadable(), {"a": [1, 2]}, jobs=2)
