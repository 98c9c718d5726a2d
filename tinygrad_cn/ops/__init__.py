"""Every primitive operation, one record each, one file per family."""

from . import (
    activation,
    attention,
    conv,
    diagonal,
    einsum,
    elementwise,
    index,
    linalg,
    loss,
    matrix,
    norm,
    normalise,
    numpy_api,
    numpy_stats,
    pool,
    recurrent,
    reduce,
    shape,
    special,
)

__all__ = [
    "activation", "attention", "conv", "diagonal", "einsum", "elementwise", "index", "linalg", "loss", "matrix", "norm",
    "normalise", "numpy_api", "numpy_stats", "pool", "recurrent", "reduce", "shape", "special",
]  # fmt: skip
