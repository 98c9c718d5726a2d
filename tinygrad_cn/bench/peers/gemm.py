"""The matrix products of a step and nothing else: a bound for whoever makes them one by one with NumPy's BLAS.

One product per layer forward, one for its dW, and one for dA but in the first layer, whose input needs no gradient.
Each has its factors and its result in whichever order in memory is the fastest, and writes into an array that is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise, product

import numpy as np

from ...ops.op import Array
from ..problem import FILTERS, IMAGE, Problem
from ..workload import Workload

Shape = tuple[int, int, int]  # rows, inner, columns
Arrays = tuple[Array, Array, Array]  # two factors and their product


def build(problem: Problem) -> Callable[[], float]:
    """All products of a step, on random matrices."""
    dtype = np.dtype(problem.workload.dtype)
    arranged = cache(lambda shape: min(_arrangements(shape, dtype), key=_seconds))
    everything = [arranged(shape) for shape in shapes(problem.workload)]

    def step() -> float:
        for a, b, out in everything:
            np.dot(a, b, out)
        return float("nan")

    return step


def _arrangements(shape: Shape, dtype: np.dtype[np.generic]) -> Iterator[Arrays]:
    """The product and its transpose, each factor row by row or column by column in memory."""
    n, k, m = shape
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((n, k)).astype(dtype), rng.standard_normal((k, m)).astype(dtype)
    for a, b in product((A, np.asfortranarray(A)), (B, np.asfortranarray(B))):
        yield a, b, np.empty((n, m), dtype)
        yield b.T, a.T, np.empty((m, n), dtype)


def _seconds(arrays: Arrays) -> float:
    """The shortest of a few tries."""
    found = []
    for _ in range(5):
        begin = time.perf_counter()
        np.dot(*arrays)
        found.append(time.perf_counter() - begin)
    return min(found)


def shapes(w: Workload) -> list[Shape]:
    """(rows, inner, columns) of every product of a step.

    Examples
    --------
    >>> from ..workload import WORKLOADS
    >>> shapes(WORKLOADS["W1"])
    [(4, 2, 400), (4, 400, 2), (1, 4, 400), (1, 400, 4), (4, 1, 400)]
    """
    return list(OF_KIND[w.kind](w))


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


OF_KIND: dict[str, Callable[[Workload], Iterator[Shape]]] = {"dense": _dense, "lenet": _lenet, "lstm": _lstm}
