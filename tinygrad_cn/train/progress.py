"""A progress bar, with a text behind it in the reader's language."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ..language import language, say


@contextlib.contextmanager
def bar(wanted: bool, total: int, done: int, unit: str) -> Iterator[Callable[[str], None]]:
    """A function that takes a step and shows a text; it does nothing if no progress bar is wanted.

    Parameters
    ----------
    wanted : bool
        Whether there is to be one.
    total, done : int
        Steps in all, and those done before.
    unit : str
        "epoch" or "trial".
    """
    if not wanted:
        yield lambda text: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, initial=done, unit=say(f"bar.{unit}", language())) as shown:

        def step(text: str) -> None:
            shown.set_postfix_str(text, refresh=False)
            shown.update()

        yield step
