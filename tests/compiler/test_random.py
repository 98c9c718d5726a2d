"""Random programs: compiled and plain steps agree, whatever the passes and the memory plan make of them."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import optim

OPS = [
    lambda a, b, V, c: a + b,
    lambda a, b, V, c: a * b,
    lambda a, b, V, c: a - b * c,
    lambda a, b, V, c: np.tanh(a),
    lambda a, b, V, c: V @ a,
    lambda a, b, V, c: V[:, :-1] @ np.cos(a)[:-1],
    lambda a, b, V, c: np.maximum(a, b),
    lambda a, b, V, c: np.where(b > 0, a, b),
    lambda a, b, V, c: a - a.mean(axis=1, keepdims=True),
    lambda a, b, V, c: a * b.sum(axis=0, keepdims=True) * 0.1,
    lambda a, b, V, c: a.reshape(-1)[::-1].reshape(a.shape),
    lambda a, b, V, c: (a.T * c).T,
    lambda a, b, V, c: np.concatenate([a[:1], b[1:]]),
    lambda a, b, V, c: np.concatenate([a[:, :1], np.tanh(b)[:, 1:]], axis=1),
    lambda a, b, V, c: np.concatenate([0 * a[:1], a[1:]]) + np.concatenate([b[:1], 0 * b[1:]]),
    lambda a, b, V, c: np.stack([a, b, np.sin(a)], axis=2)[:, :, 1],
    lambda a, b, V, c: np.stack([a, b])[0] + np.stack([b, a])[1] * 0.5,
    lambda a, b, V, c: np.take(np.stack([a, b], axis=1), 1, axis=1),
]


def program(seed, n, m):
    """A cost of W (n, m), V (n, n) and x (n, m), made of random calls on its latest values."""
    rng = np.random.default_rng(seed)
    rows = [(OPS[rng.integers(len(OPS))], *rng.integers(0, 7, 3), rng.normal()) for _ in range(rng.integers(4, 22))]

    def cost(W, V, x):
        known = [W, V @ W, x]
        for f, i, j, gone, c in rows:
            known.append(f(known[i % len(known)], known[j % len(known)], V, c))
            if len(known) > 7:
                known.pop(gone % 3)
        total = sum(known[:-1], known[-1] * 10) + W * 0.1
        return (total * total).mean() / 100 + (V * V).mean()

    return cost


@pytest.mark.parametrize(("programs", "n", "m", "fast"), [(60, 3, 4, False), (3, 16, 20, True)], ids=["calls", "loops"])
def test_random_programs(programs, n, m, fast):
    if fast:
        pytest.importorskip("numba")
    for seed in range(programs):
        cost, rng = program(seed, n, m), np.random.default_rng(seed)
        start, inputs = rng.normal(0, 0.5, (n, m + n)), rng.normal(size=(5, n, m))
        results = []
        for wrap in (lambda f: f, lambda f: tg.compile(f, fast=fast)):
            W, V = (tg.tensor(x.copy(), requires_grad=True) for x in (start[:, :m], start[:, m:]))
            optimizer = (optim.SGD, optim.Momentum, optim.Adam)[seed % 3]([W, V], lr=0.01)

            def step(x, W=W, V=V, cost=cost, optimizer=optimizer):
                J = cost(W, V, x)
                optimizer.zero_grad()
                J.backward(keep="leaves")
                optimizer.step()
                return J.item()

            step = wrap(step)
            results.append(
                [(step(x), W.grad.copy(), V.grad.copy(), W.numpy().copy(), V.numpy().copy()) for x in inputs]
            )
        for plain, again in zip(*results, strict=True):
            for a, b in zip(plain, again, strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-9, err_msg=f"program {seed}")
