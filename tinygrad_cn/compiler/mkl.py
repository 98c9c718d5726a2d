"""Matrix products by Intel's MKL (extra `mkl`), which takes half to nine tenths of the time of NumPy's BLAS.

The gain is largest for the narrow factors that small nets are full of. MKL is called through its C interface with
everything about arrays that stay in place worked out beforehand.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, files
from math import prod
from typing import Any

import numpy as np

from ..ops.op import Array

SMALLEST = 1 << 18  # multiplications: below, the way through ctypes costs what MKL gains
UNKNOWN = 1 << 21  # the same, if the arrays are other ones in each step
NARROWEST = 8  # columns of a result: of fewer, NumPy's BLAS is faster
ROWS, AS_IT_IS, TURNED = ctypes.c_int(101), ctypes.c_int(111), ctypes.c_int(112)  # CBLAS_LAYOUT, CBLAS_TRANSPOSE
LETTERS: dict[str, tuple[str, Callable[[float], Any]]] = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}
Call = Callable[[], Any]


@cache
def functions() -> Any:
    """The functions of MKL; None if it is not installed or cannot be loaded."""
    try:
        names = [file for file in files("mkl") or () if file.name.startswith(("libmkl_rt.so", "mkl_rt."))]
        loaded = ctypes.CDLL(str(names[0].locate()))
        loaded.cblas_sgemm_batch_strided_64  # noqa: B018 releases before 2022 lack it
    except (PackageNotFoundError, IndexError, OSError, AttributeError):
        return None
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "")
    if threads.isdigit() and not {"MKL_NUM_THREADS", "OMP_NUM_THREADS"} & os.environ.keys():
        loaded.MKL_Set_Num_Threads(ctypes.c_int(int(threads)))  # who limits NumPy's products means these, too
    return loaded


def available() -> bool:
    """True if the extra `mkl` is installed."""
    return functions() is not None


class Product:
    """`matmul(a, b, out)` by MKL.

    Arrays that stay where they are as long as this lives are known by their identity.
    """

    def __init__(self) -> None:
        self._ready: dict[tuple[int, int, int], Call] = {}
        self._kept: list[Array] = []

    def takes(self, a: Array | None, b: Array | None, out: Array, multiplications: int) -> bool:
        """True if MKL is to make a product; factors are None where they lie elsewhere in each step."""
        if out.shape[-1] < NARROWEST:
            return False
        if a is None or b is None:
            return multiplications >= UNKNOWN
        call = call_of(a, b, out) if multiplications >= SMALLEST else None
        if call is not None:
            self._ready[id(a), id(b), id(out)] = call
            self._kept += [a, b, out]
        return call is not None

    def __call__(self, a: Array, b: Array, out: Array) -> None:
        """Write the product into `out`."""
        call = self._ready.get((id(a), id(b), id(out))) or call_of(a, b, out)
        if call is None:
            np.matmul(a, b, out)
        else:
            call()


def call_of(a: Array, b: Array, out: Array) -> Call | None:
    """The call of MKL that writes a b into `out`; None if one of them lies in memory as BLAS cannot read it."""
    sides = [_side(x) for x in (a, b, out)]
    stack = _stack(a, b, out)
    if None in sides or stack is None or sides[2][0] is not AS_IT_IS:  # type: ignore[index]
        return None
    letter, real = LETTERS[out.dtype.char]
    number = ctypes.c_int64
    places = [(ctypes.c_void_p(x.__array_interface__["data"][0]), number(side[1]))  # type: ignore[index]
              for x, side in zip((a, b, out), sides, strict=True)]  # fmt: skip
    sizes = [number(n) for n in (*out.shape[-2:], a.shape[-1])]
    count, strides = stack
    steps = [(number(n),) for n in strides] if count > 1 else [()] * 3
    name = f"cblas_{letter}gemm{'_batch_strided' * (count > 1)}_64"
    return partial(
        getattr(functions(), name), ROWS, sides[0][0], sides[1][0], *sizes, real(1),  # type: ignore[index]
        *places[0], *steps[0], *places[1], *steps[1], real(0), *places[2], *steps[2], *[number(count)] * (count > 1),
    )  # fmt: skip


def _side(x: Array) -> tuple[Any, int] | None:
    """How BLAS reads a matrix, as it is or turned, and the distance of its rows, or of its columns, in entries."""
    (rows, columns), (down, right) = x.shape[-2:], _strides(x)[-2:]
    if any(n % x.itemsize for n in x.strides):
        return None
    if (right == 1 or columns == 1) and down >= columns:
        return AS_IT_IS, down
    return (TURNED, right) if (down == 1 or rows == 1) and right >= rows else None


def _stack(*arrays: Array) -> tuple[int, Sequence[int]] | None:
    """How many matrices there are, and how far apart: 0 for one that is the same all along."""
    shape = np.broadcast_shapes(*(x.shape[:-2] for x in arrays))
    long = [axis - len(shape) for axis, n in enumerate(shape) if n > 1]
    if len(long) > 1:
        return None
    strides = [_strides(x)[:-2][long[0]] if long and _along(x, long[0]) > 1 else 0 for x in arrays]
    return prod(shape), strides


def _along(x: Array, axis: int) -> int:
    lead = x.shape[:-2]
    return lead[axis] if -axis <= len(lead) else 1


def _strides(x: Array) -> list[int]:
    return [n // x.itemsize for n in x.strides]
