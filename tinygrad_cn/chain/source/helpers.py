"""Functions that NumPy does not have: a program that needs one defines it at its top."""

from __future__ import annotations

import re
from collections.abc import Collection

from ...language import Lang, say
from .image_helpers import IMAGES

HELPERS = {
    "normal_cdf": '''\
def normal_cdf(x):
    """{doc}"""
    tail = np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2
    return tail.astype(x.dtype)
''',
    "scatter": '''\
def scatter(g, index, shape):
    """{doc}"""
    x = np.zeros(shape, g.dtype)
    np.add.at(x, index, g)
    return x
''',
    "put_diagonal": '''\
def put_diagonal(x, shape, offset=0, axis1=0, axis2=1):
    """{doc}"""
    y = np.zeros(shape, x.dtype)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    columns = np.arange(x.shape[-1]) + max(offset, 0)
    np.moveaxis(y, (axis1, axis2), (-2, -1))[..., rows, columns] = x
    return y
''',
    "recurrence": '''\
def recurrence(a, b):
    """{doc}"""
    y = np.array(b, dtype=np.result_type(a, b))
    for k in range(1, len(y)):
        y[k] += a[k] * y[k - 1]
    return y
''',
    "sigmoid": '''\
def sigmoid(Z):
    """{doc}"""
    return 1 / (1 + np.exp(-Z))
''',
    "added": '''\
def added(gradients, step):
    """{doc}"""
    return step if gradients is None else [total + g for total, g in zip(gradients, step)]
''',
    **IMAGES,
    "sum_like": '''\
def sum_like(x, p):
    """{doc}"""
    axes = tuple(axis for axis, n in enumerate(p.shape) if n == 1)
    return np.sum(x, axis=axes, keepdims=True)
''',
}
CALL = re.compile(r"\b(" + "|".join(HELPERS) + r")\(")


def definitions(names: Collection[str], lang: Lang) -> list[str]:
    """The functions of these names and those that they call in turn, each below what it calls.

    Examples
    --------
    >>> [text.splitlines()[0] for text in definitions(["recurrence"], "en")]
    ['def recurrence(a, b):']
    """
    needed, todo = set[str](), list(names)
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += CALL.findall(HELPERS[name])
    return [documented(name, text, lang) for name, text in HELPERS.items() if name in needed]


def documented(name: str, text: str, lang: Lang) -> str:
    """The text of a function with its docstring from the catalogue, if it has none of its own."""
    return text.replace("{doc}", say(f"source.{name}", lang)) if "{doc}" in text else text
