"""Every primitive operation, one record each, one file per family."""

from . import elementwise, index, matrix, reduce, shape

__all__ = ["elementwise", "index", "matrix", "reduce", "shape"]
