"""Which shape does everything have? The table to write down before any code, in symbols and in numbers.

    W[l], dW[l]  (n[l], n[l-1])        b[l], db[l]  (n[l], 1)        Z[l], A[l], dZ[l], dA[l]  (n[l], m)

The table is read from two chains of the same net, one of a single sample and one of many: only columns are added, and
b[l] is broadcast to all of them.

Run: python examples/26_matrix_dimensions.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import list_files, run, table, words

from tinygrad_cn import nn


def chain_of(net: nn.DNN, m: int, lang: str | None) -> Any:
    """The chain of the net's cost on m random samples."""
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((net.W1.shape[1], m)), rng.integers(0, 2, (1, m))
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    return J.chain(lang=lang)


def main(
    out: Path, lang: str | None = None, dims: Sequence[int] = (12288, 20, 7, 5, 1), m: int = 209
) -> list[tuple[str, str, tuple[int, ...], tuple[int, ...]]]:
    """Print and draw; returns a row for each quantity: its name, its shape in symbols, for one sample and for m."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    net = nn.DNN(dims, hidden="relu", output="sigmoid", seed=1)
    one, many = chain_of(net, 1, lang), chain_of(net, m, lang)
    rows = [(q.written, q.symbols, one.quantity(name).shape, q.shape) for name, q in many.quantities.items()]

    heads = (
        say("量", "quantity"),
        say("维度", "dimensions"),
        say("一个样本", "one sample"),
        say(f"{m} 个样本", f"{m} samples"),
    )
    print(table(heads, *rows))
    grown, parameters = sum(single != several for _, _, single, several in rows), sum(p.size for p in net.parameters())
    print(
        say(
            f"\n从 1 个样本到 {m} 个，{len(rows)} 个量里有 {grown} 个多出列来：X、Y 和各层的 Z、A、dZ、dA；"
            f"W、b、dW、db 都不变，参数始终是 {parameters:,} 个。",
            f"\nFrom 1 sample to {m}, {grown} of {len(rows)} quantities get more columns: X, Y, and every Z, A, dZ and "
            f"dA. W, b, dW and db stay as they are, and so do the {parameters:,} parameters.",
        )
    )
    list_files([many.draw(out / "dimensions.svg")], say)
    return rows


if __name__ == "__main__":
    run(main, __doc__)
