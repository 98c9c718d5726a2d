"""Ratios, goals and tables, from numbers that are given."""

from __future__ import annotations

import pytest

from tinygrad_cn.bench.goals import GOALS, verdicts
from tinygrad_cn.bench.peers import PEERS
from tinygrad_cn.bench.results import Entry, Run, Timing
from tinygrad_cn.bench.summary import speed
from tinygrad_cn.bench.table import duration, text
from tinygrad_cn.bench.workload import WORKLOADS

MACHINE = {
    "cpu": "Abacus", "cores": "2", "system": "Linux x86_64", "load": "0.5", "load after": "0.7", "python": "3.11.7",
    "tinygrad_cn": "0.1.0", "numpy": "2.4.6", "blas": "openblas 0.3", "jax": "0.10.2",
}  # fmt: skip


def given(threads: int = 1) -> Run:
    """Compiled is twice as fast by the processor's clock; on the wall the machine was busy with something else."""
    entries = [
        Entry("hand", losses=[0.7], start=4e-4, peak=45.2, wall=[40e-6, 44e-6, 90e-6], cpu=[40e-6, 42e-6, 44e-6]),
        Entry("eager", start=1e-3, wall=[84e-6] * 3, cpu=[80e-6, 84e-6, 88e-6]),
        Entry("compiled", start=0.0366, peak=47.0, wall=[20e-6, 88e-6, 30e-6], cpu=[20e-6, 21e-6, 22e-6]),
        Entry("torch", wall=[150e-6] * 3, cpu=[150e-6] * 3),
        Entry("jax.jit", "missing"),
        Entry("torch.compile", "failed", "RuntimeError: no\ncompiler " + "x" * 300),
    ]
    return Run(MACHINE, threads, 3, [Timing("W1", entries)])


def test_speed_is_compared_round_by_round() -> None:
    """The median of the ratios, not the ratio of the medians: 0.5, 3 and 2 give 2, the medians 1.5."""
    wall = speed(Entry("a", wall=[88.0, 30.0, 20.0]), Entry("b", wall=[44.0, 90.0, 40.0]), "wall")
    assert wall.median == 2.0
    assert (wall.low, wall.high) == (1.25, 2.5)


@pytest.mark.parametrize(("threads", "clock", "ratio"), [(1, "cpu", 2.0), (2, "wall", 2.0), (4, "wall", 2.0)])
def test_one_thread_is_measured_by_the_processors_clock(threads: int, clock: str, ratio: float) -> None:
    run = given(threads)
    assert run.clock == clock
    hand, compiled = run.timings[0].timed("hand"), run.timings[0].timed("compiled")
    assert hand is not None
    assert compiled is not None
    assert speed(compiled, hand, clock).median == pytest.approx(ratio)


def test_goals_name_workloads_and_peers() -> None:
    assert {goal.workload for goal in GOALS} == set(WORKLOADS)
    assert {name for goal in GOALS for name in (goal.who, goal.against)} <= set(PEERS)
    assert all(
        WORKLOADS[goal.workload].kind in PEERS[name].kinds for goal in GOALS for name in (goal.who, goal.against)
    )
    assert len({(goal.workload, goal.who, goal.against) for goal in GOALS}) == len(GOALS)


def test_verdicts_say_how_much_is_missing() -> None:
    found = {(v.goal.who, v.goal.against): v for v in verdicts(given())}
    by_hand = found["compiled", "hand"]
    assert not by_hand.reached
    assert by_hand.short == pytest.approx(1 - 2.0 / 2.3)
    assert found["compiled", "torch"].reached
    assert found["eager", "torch"].reached
    assert found["compiled", "jax.jit"].speed is None
    assert not found["compiled", "jax.jit"].reached
    assert ("eager", "autograd") not in found  # did not take part


def test_the_table_in_english() -> None:
    lines = text(given(), "en").splitlines()
    assert lines[0] == "W1  2-4-1, m = 400, tanh, BCE, SGD, float64"
    assert lines[1].split("  ")[0] == "who"
    assert lines[2].split() == "NumPy by hand 44.0 µs 42.0 µs – 67.0 µs 42.0 µs 1.00 400 µs 45 MB".split()
    assert lines[4].split() == "tinygrad_cn, compiled 30.0 µs 25.0 µs – 59.0 µs 21.0 µs 2.00 36.6 ms 47 MB".split()
    assert "jax.jit: not installed" in lines
    (failed,) = (line for line in lines if line.startswith("torch.compile: failed: RuntimeError: no compiler xxx"))
    assert failed.endswith("…")
    goal = next(line for line in lines if "× 2.30" in line)
    assert goal.split() == "W1 tinygrad_cn, compiled NumPy by hand × 2.30 × 2.00 ✗ 13% short".split()
    assert "Speeds are ratios of CPU time, round by round." in lines[-3]
    assert lines[-1].startswith("Abacus, 2 cores, Linux x86_64, load 0.5 (0.7 at the end), Python 3.11.7, NumPy 2.4.6")
    assert lines[-1].endswith("jax 0.10.2")


def test_the_table_in_chinese_and_markdown() -> None:
    lines = text(given(), "zh", markdown=True).splitlines()
    assert lines[0] == "## W1  2-4-1, m = 400, tanh, BCE, SGD, float64"
    assert lines[2] == "| 实现 | 每步用时 | 四分位 | CPU 时间 | 速度（手写 = 1） | 启动 | 内存峰值 |"
    assert lines[4] == "| 手写 NumPy | 44.0 µs | 42.0 µs – 67.0 µs | 42.0 µs | 1.00 | 400 µs | 45 MB |"
    assert "- jax.jit：没有安装" in lines
    assert "| W1 | tinygrad_cn 编译 | 手写 NumPy | × 2.30 | × 2.00 | ✗ 差 13% |" in lines
    assert "| W1 | tinygrad_cn 编译 | jax.jit | × 1.00 |  | 没有测到 |" in lines
    assert lines[-1].startswith("Abacus，2 核，Linux x86_64，负载 0.5（结束时 0.7），Python 3.11.7")


def test_several_workloads_have_an_overview() -> None:
    run = given()
    run.timings.append(Timing("W8", [Entry("hand", wall=[0.05], cpu=[0.05]), Entry("eager", wall=[0.5], cpu=[0.5])]))
    lines = text(run, "en").splitlines()
    start = lines.index("Overview: speed (by hand = 1)")
    assert [line.split()[-2:] for line in lines[start + 1 : start + 5]] == [
        ["W1", "W8"], ["1.00", "1.00"], ["0.50", "0.10"], ["2.00", "–"],
    ]  # fmt: skip


def test_durations_have_three_digits() -> None:
    found = [duration(x) for x in (4.2e-8, 9.999e-6, 1.2345e-5, 0.000345, 0.0999, 1.0, 61.26)]
    assert found == ["0.04 µs", "10.0 µs", "12.3 µs", "345 µs", "99.9 ms", "1.00 s", "61.3 s"]


def test_a_run_survives_json() -> None:
    assert Run.from_json(given().to_json()) == given()
