"""The same layer in PyTorch, to compare with: layouts mapped, gradients, and training steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn, optim

STEPS = 10


def torch() -> Any:
    """PyTorch, or the test is skipped."""
    return pytest.importorskip("torch")


def theirs(x: Any) -> Any:
    """An array in PyTorch's layout: images (m, n_C, n_H, n_W), columns as rows."""
    x = np.asarray(x)
    return torch().tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2) if x.ndim == 4 else x.T))


def ours(x: Any) -> Any:
    """And back."""
    x = x.detach().numpy()
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x.T


def put(twin: Any, **values: Any) -> None:
    """Give the PyTorch module our parameters: weights (f, f, c, n_C) as (n_C, c, f, f), vectors flat."""
    for name, value in values.items():
        parameter = getattr(twin, name)
        value = np.asarray(value)
        turned = value.transpose(3, 2, 0, 1) if parameter.ndim == 4 else value.reshape(tuple(parameter.shape))
        parameter.data.copy_(torch().tensor(turned.copy()))


def check(layer: nn.Module, twin: Callable[[Any], Any], X: Any, rtol: float = 1e-10) -> None:
    """Same output, and same gradient in X for a random cotangent."""
    x, t = tg.tensor(X, requires_grad=True), theirs(X).requires_grad_()
    y, want = layer(x), twin(t)
    np.testing.assert_allclose(y.numpy(), ours(want), rtol=rtol, atol=rtol)
    g = np.random.default_rng(1).normal(size=y.shape).astype(X.dtype)
    y.backward(g)
    want.backward(theirs(g))
    np.testing.assert_allclose(x.grad, ours(t.grad), rtol=rtol, atol=rtol)


def train(layer: nn.Module, twin: Any, X: Any, lr: float = 0.1, rtol: float = 1e-9) -> None:
    """Ten steps of gradient descent on Σ y² / 2m give the same costs, and thus the same parameters on the way."""
    opt, topt = optim.SGD(layer.parameters(), lr=lr), torch().optim.SGD(twin.parameters(), lr=lr)
    m, first, last = X.shape[0], [], []
    target = np.random.default_rng(2).normal(size=ours(twin(theirs(X))).shape)
    layer(X)  # as the twin did: batch norm remembers it
    for _ in range(STEPS):
        J = np.sum(np.square(layer(X) - target)) / (2 * m)
        opt.zero_grad()
        J.backward()
        opt.step()
        first.append(J.item())
        topt.zero_grad()
        want = ((twin(theirs(X)) - theirs(target)) ** 2).sum() / (2 * m)
        want.backward()
        topt.step()
        last.append(want.item())
    np.testing.assert_allclose(first, last, rtol=rtol)
    assert first[-1] < 0.99 * first[0]
