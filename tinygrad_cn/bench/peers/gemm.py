"""The matrix products of a step and nothing else: what BLAS takes is a bound for whoever uses it.

One product per layer forward, one for its dW, and one for dA but in the first layer, whose input needs no gradient.
All write into arrays that are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from ..problem import FILTERS, IMAGE, Problem
from ..workload import Workload

Shape = tuple[int, int, int]  # (rows, inner, columns)


def build(problem: Problem) -> Callable[[], float]:
    """All products of a step, on random matrices."""
    rng = np.random.default_rng(0)
    dtype = np.dtype(problem.workload.dtype)
    products = []
    for n, k, m in shapes(problem.workload):
        a, b = rng.standard_normal((n, k)).astype(dtype), rng.standard_normal((k, m)).astype(dtype)
        products.append((a, b, np.empty((n, m), dtype)))

    def step() -> float:
        for a, b, out in products:
            np.dot(a, b, out)
        return float("nan")

    return step


def shapes(w: Workload) -> list[Shape]:
    """(rows, inner, columns) of every product of a step.

    Examples
    --------
    >>> from ..workload import WORKLOADS
    >>> shapes(WORKLOADS["W1"])
    [(4, 2, 400), (4, 400, 2), (1, 4, 400), (1, 400, 4), (4, 1, 400)]
    """
    return list(PRODUCTS[w.kind](w))


def _layer(n_out: int, n_in: int, m: int, first: bool = False) -> Iterator[Shape]:
    yield n_out, n_in, m
    yield n_out, m, n_in
    if not first:
        yield n_in, n_out, m


def _dense(w: Workload, first: bool = True) -> Iterator[Shape]:
    for l, (n_in, n_out) in enumerate(pairwise(w.dims)):
        yield from _layer(n_out, n_in, w.m, first=first and l == 0)


def _lenet(w: Workload) -> Iterator[Shape]:
    """A convolution is a product with the windows of all images in columns; pooling halves what follows."""
    size = IMAGE[0]
    for l, (f, _, n_C_prev, n_C) in enumerate(FILTERS):
        size = size - f + 1
        yield from _layer(n_C, f * f * n_C_prev, w.m * size * size, first=l == 0)
        size //= 2
    yield from _dense(w, first=False)


def _lstm(w: Workload) -> Iterator[Shape]:
    """One product per time step forward and one back; dW of all steps at once."""
    n_x, n_a, classes = w.dims
    for _ in range(w.steps):
        yield 4 * n_a, n_a + n_x, w.m
        yield n_a, 4 * n_a, w.m
    yield 4 * n_a, w.m * w.steps, n_a + n_x
    yield from _layer(classes, n_a, w.m)


PRODUCTS: dict[str, Callable[[Workload], Iterator[Shape]]] = {"dense": _dense, "lenet": _lenet, "lstm": _lstm}
