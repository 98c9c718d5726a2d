"""Every primitive operation, one record each, one file per family."""

from . import (
    activation,
    diagonal,
    einsum,
    elementwise,
    index,
    linalg,
    loss,
    matrix,
    norm,
    numpy_api,
    numpy_stats,
    reduce,
    shape,
    special,
)

__all__ = [
    "activation", "diagonal", "einsum", "elementwise", "index", "linalg", "loss", "matrix", "norm", "numpy_api",
    "numpy_stats", "reduce", "shape", "special",
]  # fmt: skip
