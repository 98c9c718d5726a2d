"""The command `tinygrad-cn`: one subcommand per job. Bad input ends with one line on stderr and status 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __version__
from .errors import TinygradError


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
    demo = commands.add_parser(
        "demo",
        help="train on real digits, draw the chain, compare it with hand-derived gradients",
        description="Trains a deep net on the 1,797 UCI digits, draws its chain, compares its gradients with ones "
        "derived by hand in NumPy, and shows a deliberate mistake being caught.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("tinygrad_cn_demo"), metavar="DIR", help="where files go (%(default)s)"
    )
    demo.add_argument("--lang", choices=("zh", "en"), help="language; default TINYGRAD_CN_LANG, then the locale")
    demo.set_defaults(run=_demo)
    return parser


def _demo(parsed: argparse.Namespace) -> int:
    from .demo import run

    return run(parsed.out, parsed.lang)


if __name__ == "__main__":
    sys.exit(main())
