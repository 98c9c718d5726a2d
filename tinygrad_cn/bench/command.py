"""The command `tinygrad-cn bench`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from .measure import Options, measure
from .peers import taking_part
from .table import text
from .workload import chosen


def run(
    only: str | None, peers: Iterable[str] | None, options: Options, form: str = "text", lang: str | None = None
) -> str:
    """Measure, and return what is to be printed; what is going on is shown on stderr if that is a terminal.

    Parameters
    ----------
    only : str, optional
        Workloads, such as "W1,W3"; all of them by default.
    peers : iterable of str, optional
        Names of other frameworks; an empty list: all; None: none, only ours and NumPy by hand.
    options : Options
        Threads, rounds and time limits.
    form : {"text", "markdown", "json"}
        What is returned: tables, or everything that was measured.
    lang : {"zh", "en"}, optional
        Language of the tables.

    Raises
    ------
    ValueError
        If there is no workload or peer of a name.
    """
    names = list(peers or ())
    workloads, everyone = chosen(only), taking_part(peers is not None and not names, names)
    bar: Any
    with tqdm(total=len(workloads) * (len(everyone) + options.rounds), disable=None, leave=False) as bar:

        def say(words: str) -> None:
            bar.set_description_str(words)
            bar.update()

        found = measure(workloads, everyone, options, say)
    return found.to_json() + "\n" if form == "json" else text(found, lang, markdown=form == "markdown")
