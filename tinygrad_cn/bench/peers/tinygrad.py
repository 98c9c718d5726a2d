"""tinygrad: the whole step in one `TinyJit`, on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn import optim

from ..problem import Problem
from ..workload import BETA, EPSILON, Workload
from .layouts import Rows, channels_first, rows


def build(problem: Problem) -> Callable[[], float]:
    """A training step; its second call is compiled, later ones replay it."""
    w, data = problem.workload, rows(problem)
    if w.kind == "lenet":
        data = channels_first(data)
    params = [Tensor(p).is_param_() for p in data.arrays()]
    X, Y = Tensor(data.X).realize(), Tensor(data.Y).realize()
    net, loss = NETS[w.kind](w, data), LOSSES[w.loss]
    with Context(DEFAULT_FLOAT=w.dtype):  # of the learning rate
        optimizer = OPTIMIZERS[w.optimizer](params, w.lr)

    def train() -> Any:
        optimizer.zero_grad()
        J = loss(net(X, params), Y)
        J.backward()
        return J.realize(*optimizer.schedule_step())

    jitted = TinyJit(train)

    def step() -> float:
        with Context(TRAINING=1):
            return float(jitted().item())

    return step


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "bce": lambda Z, Y: Z.binary_crossentropy_logits(Y),
    "ce": lambda Z, Y: Z.cross_entropy(Y),
    "mse": lambda Z, Y: (Z - Y).square().mean(),
}
OPTIMIZERS: dict[str, Callable[[list[Any], float], Any]] = {
    "sgd": lambda params, lr: optim.SGD(params, lr),
    "momentum": lambda params, lr: optim.SGD(params, lr, momentum=BETA),
    "adam": lambda params, lr: optim.Adam(params, lr, BETA, 0.999, EPSILON),
}
Net = Callable[[Any, list[Any]], Any]


def _dense(w: Workload, data: Rows) -> Net:
    def net(A: Any, params: list[Any]) -> Any:
        for i in range(0, len(params), 2):
            Z = A @ params[i] + params[i + 1]
            A = Z.tanh() if w.hidden == "tanh" else Z.relu()
        return Z

    return net


def _lenet(w: Workload, data: Rows) -> Net:
    n, dense = 2 * len(data.filters), _dense(w, data)

    def net(X: Any, params: list[Any]) -> Any:
        for i in range(0, n, 2):
            X = X.conv2d(params[i], params[i + 1]).relu().max_pool2d(2)
        return dense(X.flatten(1), params[n:])

    return net


def _lstm(w: Workload, data: Rows) -> Net:
    n_a, dense = w.dims[1], _dense(w, data)

    def net(X: Any, params: list[Any]) -> Any:
        W, b, *output = params
        a = c = Tensor.zeros(w.m, n_a)
        for t in range(w.steps):
            i, f, g, o = (a.cat(X[t], dim=1) @ W + b).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            a = o.sigmoid() * c.tanh()
        return dense(a, output)

    return net


NETS: dict[str, Callable[[Workload, Rows], Net]] = {"dense": _dense, "lenet": _lenet, "lstm": _lstm}
