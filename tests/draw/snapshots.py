"""DOT texts kept as files. After a wanted change: `python -m tests.draw.snapshots`, then read the diff."""

from pathlib import Path

from tests.handmade import net, residual
from tinygrad_cn.draw import VIEWS

FOLDER = Path(__file__).parent / "dot"
PICTURES = {
    "two_layers.zh": ("ladder", net(2, 4, 1, lang="zh")),
    "two_layers.en": ("ladder", net(2, 4, 1)),
    "residual.en": ("ladder", residual()),
    "folded.zh": ("ladder", net(6, *[4] * 9, 1, lang="zh", computed=False)),
}


def dot(name: str) -> str:
    view, chain = PICTURES[name]
    return VIEWS[view](chain).source


if __name__ == "__main__":
    for name in PICTURES:
        (FOLDER / f"{name}.dot").write_text(dot(name), encoding="utf-8")
