"""Every primitive operation, one record each, one file per family."""

from . import diagonal, einsum, elementwise, index, linalg, matrix, norm, reduce, shape

__all__ = ["diagonal", "einsum", "elementwise", "index", "linalg", "matrix", "norm", "reduce", "shape"]
