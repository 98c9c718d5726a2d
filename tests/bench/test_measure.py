"""A run in small: who is timed, who is not and why; what the processes are given."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tinygrad_cn.bench import Options, measure
from tinygrad_cn.bench.contender import Contender, surroundings
from tinygrad_cn.bench.peers import PEERS, Peer
from tinygrad_cn.bench.results import Entry, Run
from tinygrad_cn.bench.workload import WORKLOADS

W1 = replace(WORKLOADS["W1"], m=5)
QUICK = Options(rounds=3, seconds=1e-4, patience=20.0)


def fake(name: str) -> Peer:
    return Peer(name, f"tests.bench.fakes:{name}")


@pytest.fixture(scope="module")
def run() -> Run:
    peers = [
        PEERS["hand"], PEERS["compiled"], PEERS["gemm"], fake("build"), fake("wrong"), fake("raising"), fake("dying"),
        Peer("absent", "nowhere:build", package="no_such_package"), Peer("narrow", "nowhere:build", kinds=("lstm",)),
    ]  # fmt: skip
    return measure([W1], peers, QUICK)


def entry(run: Run, peer: str) -> Entry:
    return next(e for e in run.timings[0].entries if e.peer == peer)


@pytest.mark.parametrize("peer", ["hand", "compiled", "gemm", "build"])
def test_who_computes_the_same_has_a_time_for_every_round(run: Run, peer: str) -> None:
    found = entry(run, peer)
    assert found.status == "timed"
    assert len(found.wall) == len(found.cpu) == 3
    assert all(0 < seconds < 1 for seconds in found.wall)
    assert found.start > 0
    assert found.losses == ([] if peer == "gemm" else pytest.approx(entry(run, "hand").losses, rel=1e-9))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="other systems do not tell both")
def test_memory_is_in_megabytes(run: Run) -> None:
    found = entry(run, "compiled")
    assert 20 < found.base < found.peak < 2000


@pytest.mark.parametrize(
    ("peer", "status", "words"),
    [
        ("wrong", "differs", "losses 0.590129, 0.407779, 0.304017, 0.238368, 0.194063, by hand 0.584286, 0.4"),
        ("raising", "failed", "RuntimeError: no kernel for"),
        ("dying", "failed", "its process ended with status 3"),
        ("absent", "missing", ""),
        ("narrow", "unfit", ""),
    ],
)
def test_who_is_not_timed_says_why(run: Run, peer: str, status: str, words: str) -> None:
    found = entry(run, peer)
    assert (found.status, found.wall) == (status, [])
    assert words in found.message


def test_who_is_too_slow_is_left_behind() -> None:
    late = entry(measure([W1], [fake("sleeping")], replace(QUICK, patience=1.5)), "sleeping")
    assert (late.status, late.message, late.wall) == ("late", "no answer in 1.5 s", [])


def test_who_fails_on_the_way_does_not_stop_the_others() -> None:
    found = measure([W1], [PEERS["hand"], fake("tiring")], QUICK)
    assert entry(found, "tiring").status == "failed"
    assert len(entry(found, "hand").wall) == 3


def test_what_peers_print_stays_out_of_the_table(capfd: pytest.CaptureFixture[str]) -> None:
    measure([W1], [PEERS["hand"], fake("build")], QUICK)
    assert capfd.readouterr() == ("", "")


def test_a_contender_that_is_closed_is_gone() -> None:
    contender = Contender(PEERS["hand"], W1, 1, 20.0)
    contender.ask("load")
    contender.close()
    assert not contender._process.is_alive()


def test_surroundings_state_the_threads_and_leave_no_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = dict(os.environ)
    with surroundings(1):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
        assert "OPENBLAS_CORETYPE" not in os.environ
        if hasattr(os, "sched_getaffinity"):
            assert len(os.sched_getaffinity(0)) == 1
    assert dict(os.environ) == before


def test_progress_is_told() -> None:
    words: list[str] = []
    measure([W1], [PEERS["hand"]], QUICK, words.append)
    assert words == ["W1: hand starts", *(f"W1: round {i} of 3" for i in (1, 2, 3))]
