"""The layouts of other frameworks: one sample a row, weights as they keep them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...ops.op import Array
from ..problem import FILTERS, Problem

LAYERS_BEFORE = {"dense": 0, "lenet": len(FILTERS), "lstm": 0}
TORCH_GATES = "ifco"  # PyTorch's i, f, g, o


@dataclass(frozen=True)
class Rows:
    """A problem with a sample in each row; everything is a copy.

    Attributes
    ----------
    X : ndarray
        (m, n[0]); images stay (m, n_H, n_W, n_C); sequences are (T, m, n_x).
    Y : ndarray
        (m, n[L]).
    labels : ndarray of int
        (m,): the class of each sample.
    filters : list of (W, b)
        W (f, f, n_C_prev, n_C), b (n_C,).
    cell : (W, b) or None
        W (n_a + n_x, 4 n_a) of the gates i, f, c̃, o side by side, the state's rows on top, and b (4 n_a,).
    dense : list of (W, b)
        W (n[l-1], n[l]), b (n[l],).
    """

    X: Array
    Y: Array
    labels: Array
    filters: list[tuple[Array, Array]]
    cell: tuple[Array, Array] | None
    dense: list[tuple[Array, Array]]

    def arrays(self) -> list[Array]:
        """Every parameter, in the order filters, cell, dense."""
        pairs = [*self.filters, *([self.cell] if self.cell else []), *self.dense]
        return [array for pair in pairs for array in pair]


def rows(problem: Problem) -> Rows:
    """The problem with a sample in each row."""
    w, params = problem.workload, problem.params
    X = problem.X if w.kind == "lenet" else problem.X.T  # the transpose of (n_x, m, T) is (T, m, n_x)
    filters = [(params[f"W{l}"].copy(), params[f"b{l}"].ravel().copy()) for l in range(1, LAYERS_BEFORE[w.kind] + 1)]
    Y = np.ascontiguousarray(problem.Y.T)
    return Rows(np.ascontiguousarray(X), Y, Y.argmax(axis=1), filters, _cell(problem), _dense(problem))


def _dense(problem: Problem) -> list[tuple[Array, Array]]:
    params = problem.params
    if problem.workload.kind == "lstm":
        names = ["y"]
    else:
        before = LAYERS_BEFORE[problem.workload.kind]
        names = [str(l) for l in range(before + 1, before + len(problem.workload.dims))]
    return [(params[f"W{n}"].T.copy(), params[f"b{n}"].ravel().copy()) for n in names]


def _cell(problem: Problem) -> tuple[Array, Array] | None:
    params = problem.params
    if problem.workload.kind != "lstm":
        return None
    W = np.concatenate([params[f"W{gate}"] for gate in TORCH_GATES])
    return W.T.copy(), np.concatenate([params[f"b{gate}"].ravel() for gate in TORCH_GATES])


def channels_first(given: Rows, flat: tuple[int, int, int] = (4, 4, 16)) -> Rows:
    """Images (m, n_C, n_H, n_W) and filters (n_C, n_C_prev, f, f); the first dense layer takes channels first too.

    Parameters
    ----------
    given : Rows
        Of LeNet.
    flat : tuple of int
        (n_H, n_W, n_C) of what is flattened.
    """
    filters = [(np.ascontiguousarray(W.transpose(3, 2, 0, 1)), b) for W, b in given.filters]
    (W, b), *others = given.dense
    turned = W.reshape(*flat, -1).transpose(2, 0, 1, 3).reshape(W.shape)
    X = np.ascontiguousarray(given.X.transpose(0, 3, 1, 2))
    return Rows(X, given.Y, given.labels, filters, None, [(turned, b), *others])
