"""Training steps on the same numbers: ours eager, ours compiled, NumPy as a student writes it, PyTorch if installed.

`python -m benchmarks.replay [W1 W3 ...] [--rounds N] [--source]`. All start from the same weights; their losses of
five steps must agree before anything is timed; rounds are interleaved, so that a busy machine disturbs all alike.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn, optim

Array = Any
Step = Callable[[], float]


@dataclass(frozen=True)
class Workload:
    """A net, its loss and its optimiser. `goal` is the speed the compiled step should have, hand NumPy being 1."""

    dims: tuple[int, ...]
    m: int
    hidden: str
    loss: str
    optimizer: str
    lr: float
    dtype: str
    goal: float


WORKLOADS = {
    "W1": Workload((2, 4, 1), 400, "tanh", "bce", "sgd", 1.2, "f8", 2.3),
    "W2": Workload((12288, 20, 7, 5, 1), 209, "relu", "bce", "sgd", 0.0075, "f8", 1.7),
    "W3": Workload((784, 128, 64, 10), 64, "relu", "ce", "adam", 1e-3, "f4", 2.2),
    "W4": Workload((784, 1024, 1024, 10), 256, "relu", "ce", "momentum", 0.01, "f4", 1.15),
    "W5": Workload((64,) + (64,) * 50 + (1,), 32, "tanh", "mse", "sgd", 0.01, "f4", 2.0),
}
BETA, BETA2, EPS = 0.9, 0.999, 1e-8


def problem(w: Workload) -> tuple[Array, Array, list[Array], list[Array]]:
    """Inputs, targets, and start values of W and b, always the same."""
    rng = np.random.default_rng(0)
    pairs = list(zip(w.dims, w.dims[1:], strict=False))
    X = rng.random((w.dims[0], w.m)) if w.dims[0] > 10000 else rng.standard_normal((w.dims[0], w.m))
    W = [(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(w.dtype) for n_in, n_out in pairs]
    b = [(rng.standard_normal((n_out, 1)) * 0.01).astype(w.dtype) for _, n_out in pairs]
    if w.loss == "ce":
        Y = np.eye(w.dims[-1])[:, rng.integers(0, w.dims[-1], w.m)]
    else:
        Y = rng.standard_normal((1, w.m)) if w.loss == "mse" else (rng.random((1, w.m)) < 0.5) * 1.0
    return X.astype(w.dtype), Y.astype(w.dtype), W, b


# ---- hand-written NumPy, as the notes have it -------------------------------------------------------


def by_hand(w: Workload) -> Step:
    """One training step with the formulas of the notes written out: also dA0, which nobody needs, as there."""
    X, Y, W, b = problem(w)
    m, L = w.m, len(W)
    memory = [[np.zeros_like(p), np.zeros_like(p)] for p in (*W, *b)]
    t = 0

    def step() -> float:
        nonlocal t
        A = [X]
        for i in range(L):
            Z = np.dot(W[i], A[-1]) + b[i]
            A.append(Z if i == L - 1 else np.tanh(Z) if w.hidden == "tanh" else np.maximum(0, Z))
        cost, dZ = LOSSES[w.loss](A[-1], Y, m)
        dW, db = [None] * L, [None] * L
        for i in reversed(range(L)):
            dW[i] = np.dot(dZ, A[i].T)
            db[i] = np.sum(dZ, axis=1, keepdims=True)
            dA = np.dot(W[i].T, dZ)
            if i:
                dZ = dA * (1 - A[i] ** 2) if w.hidden == "tanh" else dA * (A[i] > 0)
        t += 1
        for p, g, slot in zip((*W, *b), (*dW, *db), memory, strict=True):
            UPDATES[w.optimizer](p, g, slot, w.lr, t)
        return float(cost)

    return step


def _bce(Z: Array, Y: Array, m: int) -> tuple[Any, Array]:
    A = 1 / (1 + np.exp(-Z))
    return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m, (A - Y) / m


def _ce(Z: Array, Y: Array, m: int) -> tuple[Any, Array]:
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    A = E / np.sum(E, axis=0, keepdims=True)
    return -np.sum(Y * np.log(A)) / m, (A - Y) / m


def _mse(Z: Array, Y: Array, m: int) -> tuple[Any, Array]:
    return np.mean((Z - Y) ** 2), 2 * (Z - Y) / Z.size


def _sgd(p: Array, g: Array, slot: list[Array], lr: float, t: int) -> None:
    p -= lr * g


def _momentum(p: Array, g: Array, slot: list[Array], lr: float, t: int) -> None:
    slot[0] = BETA * slot[0] + g
    p -= lr * slot[0]


def _adam(p: Array, g: Array, slot: list[Array], lr: float, t: int) -> None:
    slot[0] = BETA * slot[0] + (1 - BETA) * g
    slot[1] = BETA2 * slot[1] + (1 - BETA2) * g**2
    p -= lr * (slot[0] / (1 - BETA**t)) / (np.sqrt(slot[1] / (1 - BETA2**t)) + EPS)


LOSSES = {"bce": _bce, "ce": _ce, "mse": _mse}
UPDATES = {"sgd": _sgd, "momentum": _momentum, "adam": _adam}

# ---- ours -------------------------------------------------------------------------------------------

OUR_LOSSES = {"bce": nn.binary_cross_entropy_with_logits, "ce": nn.cross_entropy, "mse": nn.mse}
OUR_OPTIMIZERS: dict[str, Any] = {
    "sgd": optim.SGD,
    "momentum": lambda params, lr: optim.Momentum(params, lr, form="torch"),
    "adam": optim.Adam,
}


def ours(w: Workload) -> Callable[[Array, Array], float]:
    """The same step with this package."""
    _, _, W, b = problem(w)
    net = nn.DNN(list(w.dims), hidden=w.hidden, output="linear", dtype=w.dtype)
    net.load_state_dict({f"{name}{i}": p for name, ps in (("W", W), ("b", b)) for i, p in enumerate(ps, 1)})
    optimizer = OUR_OPTIMIZERS[w.optimizer](net.parameters(), lr=w.lr)
    loss = OUR_LOSSES[w.loss]

    def step(X: Array, Y: Array) -> float:
        J = loss(net(X), Y)
        optimizer.zero_grad()
        J.backward(keep="leaves")
        optimizer.step()
        return J.item()

    return step


def eager(w: Workload) -> Step:
    """Ours, run plainly."""
    X, Y, _, _ = problem(w)
    step = ours(w)
    return lambda: step(X, Y)


def compiled(w: Workload) -> Step:
    """Ours, recorded and replayed."""
    X, Y, _, _ = problem(w)
    step = tg.compile(ours(w))
    run = lambda: step(X, Y)  # noqa: E731
    run.step = step  # type: ignore[attr-defined]
    return run


# ---- PyTorch ----------------------------------------------------------------------------------------


def torch_eager(w: Workload) -> Step:
    """The same step in PyTorch, one sample a row."""
    import torch

    X, Y, W, b = problem(w)
    x, y = torch.tensor(X.T.copy()), torch.tensor(Y.T.copy())
    layers: list[Any] = []
    for i, (Wi, bi) in enumerate(zip(W, b, strict=True)):
        layer = torch.nn.Linear(Wi.shape[1], Wi.shape[0], dtype=x.dtype)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(Wi))
            layer.bias.copy_(torch.tensor(bi[:, 0]))
        layers += [layer] if i == len(W) - 1 else [layer, torch.nn.Tanh() if w.hidden == "tanh" else torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers)
    make = {
        "sgd": lambda p: torch.optim.SGD(p, w.lr),
        "momentum": lambda p: torch.optim.SGD(p, w.lr, momentum=BETA),
        "adam": lambda p: torch.optim.Adam(p, w.lr, eps=EPS),
    }
    f = torch.nn.functional
    losses = {"bce": f.binary_cross_entropy_with_logits, "ce": f.cross_entropy, "mse": f.mse_loss}
    optimizer, loss = make[w.optimizer](net.parameters()), losses[w.loss]

    def step() -> float:
        J = loss(net(x), y)
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        return float(J.item())

    return step


PEERS: dict[str, Callable[[Workload], Step]] = {"hand NumPy": by_hand, "ours eager": eager, "ours compiled": compiled}

# ---- measuring --------------------------------------------------------------------------------------


def agree(w: Workload, steps: dict[str, Step]) -> None:
    """Refuse to time programs that do not compute the same."""
    rtol = 1e-8 if w.dtype == "f8" else 2e-4
    expected = None
    for name, step in steps.items():
        losses = [step() for _ in range(5)]
        expected = losses if expected is None else expected
        np.testing.assert_allclose(losses, expected, rtol=rtol, err_msg=name)


def measure(steps: dict[str, Step], rounds: int) -> dict[str, float]:
    """Median seconds of a step, in rounds that take turns."""
    repeat = {}
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        repeat[name] = max(1, int(0.05 / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(repeat[name]):
                step()
            times[name].append((time.perf_counter() - start) / repeat[name])
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help="some of W1 to W5")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--source", action="store_true", help="print the compiled step and its report")
    options = parser.parse_args()
    peers = dict(PEERS)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
        peers["torch eager"] = torch_eager
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, "
          f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}")  # fmt: skip
    print(f"{'':4}" + "".join(f"{name:>16}" for name in peers) + f"{'compiled/hand':>16}{'goal':>6}")
    for name in options.workloads:
        w = WORKLOADS[name]
        steps = {peer: make(w) for peer, make in peers.items()}
        agree(w, steps)
        times = measure(steps, options.rounds)
        ratio = times["hand NumPy"] / times["ours compiled"]
        print(f"{name:4}" + "".join(f"{1e6 * x:13.1f} µs" for x in times.values()) + f"{ratio:16.2f}{w.goal:6.2f}")
        if options.source:
            step = steps["ours compiled"].step  # type: ignore[attr-defined]
            print(step.source, step.report(), sep="\n")


if __name__ == "__main__":
    main()
