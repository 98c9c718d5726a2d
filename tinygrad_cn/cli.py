"""The command `tinygrad-cn`: one subcommand per job. Bad input ends with one line on stderr and status 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .errors import TinygradError

if TYPE_CHECKING:
    from .check.homework import Options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Examples
    --------
    >>> main(["--version"])
    Traceback (most recent call last):
        ...
    SystemExit: 0
    """
    parsed = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except (TinygradError, OSError, ValueError) as error:
        print(f"tinygrad-cn {parsed.command}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygrad-cn", description="An autograd framework whose gradients you can read, see and check."
    )
    parser.add_argument("--version", action="version", version=f"tinygrad-cn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_draw(commands)
    _add_check(commands)
    _add_bench(commands)
    return parser


def _add_lang(command: argparse.ArgumentParser) -> None:
    command.add_argument("--lang", choices=("zh", "en"), help="language; default TINYGRAD_CN_LANG, then the locale")


# ---- demo -------------------------------------------------------------------------------------------


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="train on real digits, draw the chain, compare it with hand-derived gradients",
        description="Trains a deep net on the 1,797 UCI digits, draws its chain, compares its gradients with ones "
        "derived by hand in NumPy, and shows a deliberate mistake being caught.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("tinygrad_cn_demo"), metavar="DIR", help="where files go (%(default)s)"
    )
    _add_lang(demo)
    demo.set_defaults(run=_demo)


def _demo(parsed: argparse.Namespace) -> int:
    from .demo import run

    return run(parsed.out, parsed.lang)


# ---- draw -------------------------------------------------------------------------------------------


def _add_draw(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    draw = commands.add_parser(
        "draw",
        help="draw the chain of the cost that a Python file defines",
        description="Imports a file, finds the cost it defines (J, cost or loss, or the NAME given) and draws its "
        "chain under the names of the file's variables. A file that fails shows its own traceback.",
    )
    draw.add_argument("source", metavar="FILE.py[:NAME]", help="the file, and the name of the cost in it")
    draw.add_argument(
        "-o", "--out", type=Path, default=Path("chain.svg"), metavar="FILE", help="svg, png, pdf or dot (%(default)s)"
    )
    draw.add_argument("--view", default="ladder", metavar="NAME", help="ladder, blocks, ops, network or health")
    draw.add_argument("--values", action="store_true", help="show numbers as well")
    for kind, what in (
        ("html", "the stepping page"),
        ("latex", "the derivation as a LaTeX document"),
        ("markdown", "the derivation as Markdown"),
        ("numpy", "the program one would have written by hand"),
    ):
        draw.add_argument(
            f"--{kind}", dest="texts", action="append_const", const=kind, help=f"beside the picture: {what}"
        )
    _add_lang(draw)
    draw.set_defaults(run=_draw)


def _draw(parsed: argparse.Namespace) -> int:
    from .draw.command import run

    files = run(
        parsed.source, parsed.out, view=parsed.view, values=parsed.values, texts=tuple(parsed.texts or ()),
        lang=parsed.lang,
    )  # fmt: skip
    for file in files:
        print(file)
    return 0


# ---- check ------------------------------------------------------------------------------------------


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="check the backward function, or the gradients, of a homework file or of a folder of them",
        description="Imports a file in a process of its own, finds its backward function or its dict of gradients, "
        "and says which gradient is wrong first and why. A folder gives one row a file, as CSV or JSON. Exit status "
        "0: all agree; 1: something is wrong; 2: it could not be checked.",
    )
    check.add_argument("path", type=Path, metavar="FILE_OR_DIR", help="a Python file, or a folder of them")
    check.add_argument("--json", action="store_true", help="print JSON")
    _add_lang(check)
    net = check.add_argument_group("the net", "What the file does not say is tried.")
    net.add_argument("--net", type=_sizes, metavar="N,N,…", help="layer sizes n[0], …, n[L], such as 2,4,1")
    net.add_argument("--hidden", metavar="NAME", help="activation of the hidden layers: tanh, relu, …")
    net.add_argument("--output", metavar="NAME", help="activation of the last layer: sigmoid, softmax, linear, …")
    net.add_argument("--loss", metavar="NAME", help="binary_cross_entropy, categorical_cross_entropy, mse, …")
    net.add_argument("--function", metavar="NAME", help="the backward function, if it has an unusual name")
    bounds = check.add_argument_group("bounds")
    bounds.add_argument(
        "--timeout", type=_positive, default=10.0, metavar="SECONDS", help="time a file may take (%(default)g)"
    )
    bounds.add_argument(
        "--memory", type=_count, default=2048, metavar="MB", help="memory a file may use (%(default)s; not on Windows)"
    )
    bounds.add_argument("--jobs", type=_count, metavar="N", help="files at a time (as many as there are processors)")
    check.set_defaults(run=_check)


def _check(parsed: argparse.Namespace) -> int:
    from .check.homework import Options

    options = Options(
        parsed.net, parsed.hidden, parsed.output, parsed.loss, parsed.function, parsed.timeout, parsed.memory,
        parsed.lang,
    )  # fmt: skip
    return _check_folder(parsed, options) if parsed.path.is_dir() else _check_file(parsed, options)


def _check_file(parsed: argparse.Namespace, options: Options) -> int:
    from .check.homework import EXIT, check_file

    outcome = check_file(parsed.path, options)
    if parsed.json:
        print(outcome.json())
    elif outcome.report is not None:
        print(outcome.report.text(colour=in_colour()))
    else:
        print(f"tinygrad-cn check: {outcome.file}: {outcome.message}", file=sys.stderr)
    return EXIT[outcome.status]


def _check_folder(parsed: argparse.Namespace, options: Options) -> int:
    from .check.homework import EXIT, as_csv, as_json, check_folder

    rows = list(check_folder(parsed.path, options, parsed.jobs))
    print(as_json(rows) if parsed.json else as_csv(rows).rstrip("\n"))
    return max(EXIT[row["status"]] for row in rows)


# ---- bench ------------------------------------------------------------------------------------------


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser(
        "bench",
        help="time training steps against NumPy written by hand, and against other frameworks",
        description="Eight training steps, W1 to W8: this package, eager and compiled, against NumPy as a student "
        "writes it. Everyone starts from the same numbers in a process of its own, must have the same losses, and "
        "takes turns with the others.",
    )
    bench.add_argument("--only", metavar="W1,W3", help="workloads (all)")
    bench.add_argument(
        "--peers", nargs="?", const="", metavar="NAME,NAME",
        help="other frameworks too: torch, torch.compile, jax.jit, autograd, mygrad, tinygrad, scikit-learn, and gemm, "
        "the matrix products alone; all of them if none is named",
    )  # fmt: skip
    bench.add_argument("--rounds", type=_count, default=15, metavar="N", help="turns of each (%(default)s)")
    bench.add_argument("--threads", type=_count, default=1, metavar="N", help="threads of each (%(default)s)")
    bench.add_argument(
        "--patience", type=_positive, default=120.0, metavar="SECONDS",
        help="how long one may take to compile or to make a turn (%(default)g)",
    )  # fmt: skip
    form = bench.add_mutually_exclusive_group()
    for name, what in (("markdown", "Markdown"), ("json", "JSON, every round included")):
        form.add_argument(
            f"--{name}", dest="form", action="store_const", const=name, default="text", help=f"print {what}"
        )
    _add_lang(bench)
    bench.set_defaults(run=_bench)


def _bench(parsed: argparse.Namespace) -> int:
    from .bench import Options
    from .bench.command import run

    options = Options(parsed.threads, parsed.rounds, patience=parsed.patience)
    peers = None if parsed.peers is None else [name for name in parsed.peers.split(",") if name]
    print(run(parsed.only, peers, options, parsed.form, parsed.lang), end="")
    return 0


def in_colour() -> bool:
    """True if standard output is a terminal and NO_COLOR (no-color.org) is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers with commas, such as 2,4,1; got {text!r}") from None


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"must be above 0; got {text}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1; got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
