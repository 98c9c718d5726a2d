"""DOT texts kept as files. After a wanted change: `python -m tests.draw.snapshots`, then read the diff."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.draw import nets
from tests.handmade import net, residual
from tinygrad_cn.check import compare
from tinygrad_cn.draw import VIEWS
from tinygrad_cn.draw.difference import difference

FOLDER = Path(__file__).parent / "dot"
PICTURES: dict[str, Callable[[], str]] = {
    "two_layers.zh": lambda: VIEWS["ladder"](net(2, 4, 1, lang="zh")).source,
    "two_layers.en": lambda: VIEWS["ladder"](net(2, 4, 1)).source,
    "residual.en": lambda: VIEWS["ladder"](residual()).source,
    "folded.zh": lambda: VIEWS["ladder"](net(6, *[4] * 9, 1, lang="zh", computed=False)).source,
    "blocks.zh": lambda: VIEWS["blocks"](net(2, 4, 1, lang="zh")).source,
    "blocks_residual.en": lambda: VIEWS["blocks"](residual()).source,
    "network.zh": lambda: VIEWS["network"](net(9, 4, 1, lang="zh")).source,
    "ops.zh": lambda: VIEWS["ops"](nets.plain(2, 4, 1).chain(lang="zh")).source,
    "ops_residual.en": lambda: VIEWS["ops"](nets.residual().chain(lang="en")).source,
    "health.zh": lambda: VIEWS["health"](nets.plain(2, 4, 1).chain(lang="zh")).source,
    "difference.zh": lambda: two_mistakes(),
}


def two_mistakes() -> str:
    """dZ[1] with tanh′ = 1 − A, db[2] without 1/m; all else follows from them."""
    chain = nets.plain(2, 4, 1).chain(lang="zh")
    A0, A1, dA1 = (np.asarray(chain[name]) for name in ("A0", "A1", "dA1"))
    hand = {name: chain[name] for name in ("dA2", "dZ2", "dW2", "dA1")}
    dZ1 = dA1 * (1 - A1)
    hand |= {"db2": 6 * np.asarray(chain["db2"]), "dZ1": dZ1, "dW1": dZ1 @ A0.T / 6}
    return difference(compare(chain, hand)).source


def dot(name: str) -> str:
    return PICTURES[name]()


if __name__ == "__main__":
    for name in PICTURES:
        (FOLDER / f"{name}.dot").write_text(dot(name), encoding="utf-8")
