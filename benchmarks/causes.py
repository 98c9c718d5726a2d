"""How often `tg.compare` says rightly why a hand-derived gradient is wrong.

python -m benchmarks.causes              # the tables
python -m benchmarks.causes --markdown   # writes docs/causes-measured.md and docs/causes-measured.zh-CN.md
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .families import FAMILIES
from .mutants import of_family, pairs, singles
from .right import false_alarms, family_alarms
from .score import Tally, run

DOCS = Path(__file__).parent.parent / "docs"
PAGES = {"en": "causes-measured.md", "zh": "causes-measured.zh-CN.md"}
INTRODUCTION = {
    "en": """# How often the cause is right

`python -m benchmarks.causes --markdown` changes single lines of a right backward pass, as people do, hands the
gradients to `tg.compare`, and writes this page. The tables of mistakes stand in `benchmarks/mistakes.py` for dense
nets and in `benchmarks/families/` for the others. Sizes, layers, float64 and float32, both conventions, and what is
handed over vary: everything, some of the gradients in between, or those of the parameters alone. A mistake in a loop
over time steps is made at every step. A cause counts as right only if it is named for the gradient it was made in.
Where several mistakes give the same numbers (a factor 2 in dZ or in a dA that was not handed over), all are listed.
"Wrongly accused" counts the backward passes in which a gradient without a mistake was called wrong.

The right gradients are of random nets: dense ones of 1 to 10 layers, m from 1 to 300, weights up to 20 times too
large, formulas written in other ways, and values that differ in the last place; the others as for the mistakes.
""",
    "zh": """# 原因判断的准确率

`python -m benchmarks.causes --markdown` 从一份正确的反向传播出发，像学习者那样改错其中一行，把得到的梯度交给
`tg.compare`，再写出本页。错误的清单：全连接网络见 `benchmarks/mistakes.py`，其余见 `benchmarks/families/`。
网络的尺寸、层、float64 与 float32、两种约定、交出哪些梯度都各不相同：全部交出、交出一部分中间梯度，或只交参数的梯度。
写在时间步循环里的错误，每一步都会犯。只有在犯错的那个梯度上说对了原因，才算说对。
几种错误得到同样数字时（dZ 多了 2 倍，或没交出的 dA 多了 2 倍），会把它们一并列出。
“误判”一栏数的是：某个本身没有错的梯度被说成错的反向传播有几份。

正确的梯度取自随机网络：全连接网络 1 到 10 层，m 从 1 到 300，权重最多放大 20 倍，同一公式换种写法，数值末位有出入；
其余几类与犯错的网络同样抽取。
""",
}
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "head": "number | cause right | of these listed with others | right gradient blamed | wrongly accused "
        "| unknown",
        "right": "right gradients called wrong",
        "by_cause": "By cause: ",
        "dense": "dense nets",
        "pairs": "dense nets, two mistakes at once",
        "images": "image nets: convolution, pooling, batch norm",
        "recurrent": "recurrent nets: RNN, GRU, LSTM",
        "attention": "attention",
        "residual": "residual nets",
        "of": "of",
    },
    "zh": {
        "head": "个数 | 原因说对 | 其中与别的原因并列 | 归咎于正确的梯度 | 误判 | 未知",
        "right": "正确的梯度被判为错",
        "by_cause": "按原因：",
        "dense": "全连接网络",
        "pairs": "全连接网络，同时犯两处错",
        "images": "图像网络：卷积、池化、批归一化",
        "recurrent": "循环网络：RNN、GRU、LSTM",
        "attention": "注意力",
        "residual": "残差网络",
        "of": "/",
    },
}


@dataclass(frozen=True)
class Measured:
    """The figures of one kind of net."""

    total: Tally
    by_cause: Mapping[str, Tally]
    alarms: tuple[str, ...] | None = None  # None where right gradients are counted elsewhere
    right: int = 0


def measure(args: argparse.Namespace) -> dict[str, Measured]:
    """All kinds, by the key of their name."""
    dense = run(singles(args.seed, args.share), args.verbose)
    found = {
        "dense": Measured(*dense, tuple(false_alarms(args.right, args.seed)), args.right),
        "pairs": Measured(*run(pairs(args.pairs, args.seed), args.verbose)),
    }
    for name, draw in FAMILIES.items():
        tallies = run(of_family(draw, args.nets, args.seed, args.share), args.verbose)
        right = args.right // 5
        found[name] = Measured(*tallies, tuple(family_alarms(draw, right, args.seed)), right)
    return found


def page(found: Mapping[str, Measured], lang: str) -> str:
    """The figures as Markdown: all kinds of nets, then each by cause."""
    words = WORDS[lang]
    columns = f"{words['head']} | {words['right']}"
    lines = [_head(columns), *(_line(words[k], f.total, _alarms(f, words["of"])) for k, f in found.items())]
    for name, figures in found.items():
        if name != "pairs":
            lines += ["", f"## {words['by_cause']}{words[name]}", "", _head(words["head"])]
            lines += [_line(f"`{code}`", tally) for code, tally in sorted(figures.by_cause.items())]
    return "\n".join(lines) + "\n"


def _head(columns: str) -> str:
    return f"| | {columns} |\n{'|---' * (columns.count('|') + 2)}|"


def _line(name: str, t: Tally, *more: str) -> str:
    shares = (f"{t.cause:.1%}", t.outcomes["listed"], f"{t.blame:.1%}", t.accused, t.outcomes["unknown"], *more)
    return f"| {name} | {t.n} | {' | '.join(map(str, shares))} |"


def _alarms(figures: Measured, of: str) -> str:
    return "–" if figures.alarms is None else f"{len(figures.alarms)} {of} {figures.right}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help=f"write {' and '.join(PAGES.values())}")
    parser.add_argument("--verbose", action="store_true", help="print every mutant that is not exactly right")
    parser.add_argument("--share", type=float, default=1.0, help="share of the single mutants")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--right", type=int, default=2000, help="right gradients of dense nets; a fifth of each other")
    parser.add_argument("--nets", type=int, default=12, help="nets drawn of each other family")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    found = measure(args)
    print(page(found, "en"), *(a for f in found.values() for a in f.alarms or () if args.verbose), sep="\n")
    for lang, name in PAGES.items() if args.markdown else ():
        (DOCS / name).write_text(f"{INTRODUCTION[lang]}\n{page(found, lang)}", encoding="utf-8")


if __name__ == "__main__":
    main()
