"""Measures everything and writes it down, in about a quarter of an hour:

python -m benchmarks.page                         # measure with all peers, then write
python -m benchmarks.page --only W1 --rounds 3    # some workloads, quickly
python -m benchmarks.page --write                 # write again from what was measured last

What was measured goes to docs/benchmarks/measured.json; from that come docs/benchmarks-measured.md, the same in
Chinese, and the curves in docs/benchmarks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import growth, imports, passes, plots
from tinygrad_cn.bench import Options, Run, measure, table
from tinygrad_cn.bench.peers import taking_part
from tinygrad_cn.bench.summary import spread
from tinygrad_cn.bench.workload import chosen
from tinygrad_cn.files import put
from tinygrad_cn.language import Lang

DOCS = Path(__file__).parent.parent / "docs"
DATA = DOCS / "benchmarks" / "measured.json"
PAGES: dict[Lang, Path] = {"en": DOCS / "benchmarks-measured.md", "zh": DOCS / "benchmarks-measured.zh-CN.md"}
INTRODUCTION = {
    "en": """# Measured speeds

Written by `python -m benchmarks.page`; [what is measured and how](en/benchmarks.md).

""",
    "zh": """# 实测速度

由 `python -m benchmarks.page` 写成；[测的是什么、怎么测](zh/benchmarks.md)。

""",
}
IMPORT = {
    "en": """## Import

`import tinygrad_cn` takes {median:.0f} ms of CPU time beyond `import numpy` (quartiles {low:.0f} – {high:.0f} ms, \
fresh processes); the goal is at most {goal:.0f} ms: {verdict}.
""",
    "zh": """## 导入

`import tinygrad_cn` 比 `import numpy` 多用 CPU 时间 {median:.0f} ms\
（四分位 {low:.0f} – {high:.0f} ms，每次都是新进程）；目标是不超过 {goal:.0f} ms：{verdict}。
""",
}
GROWTH = {
    "en": """## Growth

![Time of a step against depth, width and batch](benchmarks/growth_en.svg)

The numbers of the curves are in [measured.json](benchmarks/measured.json).
""",
    "zh": """## 增长

![每步用时随深度、宽度、批量的变化](benchmarks/growth_zh.svg)

曲线的数据在 [measured.json](benchmarks/measured.json) 里。
""",
}
PASSES_OF = {
    "en": """## The passes of the compiler

How many times as long a step takes without each pass, by CPU time; in brackets, how many calls more it makes. NumPy \
alone, by `python -m benchmarks.passes`; what they do is in [Compiling](en/compiling.md).
""",
    "zh": """## 编译器的各项改写

去掉某一项改写以后，每步用时是原来的多少倍（CPU 时间）；括号里是多出来的调用次数。只用 NumPy，由 \
`python -m benchmarks.passes` 测得；各项的作用见[编译](zh/compiling.md)。
""",
}


@dataclass
class Measured:
    """Everything on the page."""

    run: Run
    growth: dict[str, Run]
    imports: list[float]
    passes: passes.Gains

    def to_json(self) -> str:
        """All of it, every round included."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, content: str) -> Measured:
        """Undo `to_json`."""
        found: dict[str, Any] = json.loads(content)
        grown = {name: Run.from_dict(run) for name, run in found["growth"].items()}
        gains = {w: {name: passes.Gain(**x) for name, x in row.items()} for w, row in found["passes"].items()}
        return cls(Run.from_dict(found["run"]), grown, found["imports"], gains)


def everything(only: str | None, options: Options, progress: Callable[[str], None]) -> Measured:
    """Measure: the import first, the workloads with every peer, the curves, then the passes."""
    progress("import")
    seconds = imports.measure()
    run = measure(chosen(only), taking_part(everyone=True), options, progress)
    grown = {name: growth.grow(name, progress) for name in growth.AXES}
    return Measured(run, grown, seconds, passes.measure(progress))


def page(found: Measured, lang: Lang) -> str:
    """The page in a language."""
    run = found.run
    parts = [
        INTRODUCTION[lang], table.machine(run, lang), table.conditions(run, lang),
        table.summary(run, lang, markdown=True), _imported(found, lang), GROWTH[lang],
        PASSES_OF[lang], table.in_markdown(passes.rows(found.passes, lang)),
        table.workloads(run, lang, markdown=True),
    ]  # fmt: skip
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _imported(found: Measured, lang: Lang) -> str:
    milliseconds = spread([1e3 * seconds for seconds in found.imports])
    goal = 1e3 * imports.GOAL
    verdict = "✓" if milliseconds.median <= goal else f"✗ +{milliseconds.median / goal - 1:.0%}"
    return IMPORT[lang].format(**asdict(milliseconds), goal=goal, verdict=verdict)


def write(found: Measured) -> None:
    """The pages and the curves."""
    for lang, file in PAGES.items():
        put(DATA.with_name(f"growth_{lang}.svg"), plots.svg(found.growth, lang))
        put(file, page(found, lang).encode())


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="W1,W3", help="workloads (all)")
    parser.add_argument("--rounds", type=int, default=11, help="turns of each (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each (%(default)s)")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the pages again")
    options = parser.parse_args()
    if not options.write:
        DATA.parent.mkdir(exist_ok=True)
        with tqdm(bar_format="{elapsed} {desc}") as bar:
            asked = Options(options.threads, options.rounds)
            found = everything(options.only, asked, bar.set_description_str)
        put(DATA, found.to_json().encode())
    write(Measured.from_json(DATA.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
