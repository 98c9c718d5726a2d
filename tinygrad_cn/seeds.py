"""Seeds: where start values, shuffles and point sets take their random numbers from."""

from __future__ import annotations

import numpy as np

from .errors import OpError

Rng = np.random.Generator | np.random.RandomState
Seed = int | Rng | None


def generator(seed: Seed, name: str = "seed") -> Rng:
    """Return the generator to draw from: an int seeds `np.random.default_rng`, None takes a new seed each time.

    A Generator or RandomState is used as it is; `np.random.RandomState(3)` gives the numbers that the notes get from
    `np.random.seed(3)`.

    Raises
    ------
    ValueError
        For a negative int.
    OpError
        For anything else.

    Examples
    --------
    >>> import numpy as np
    >>> generator(np.random.RandomState(3)).standard_normal()
    1.7886284734303186
    """
    if isinstance(seed, Rng):
        return seed
    if seed is None or (isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)):
        if seed is not None and seed < 0:
            raise ValueError(f"{name} must be 0 or more; got {seed}")
        return np.random.default_rng(seed)
    raise OpError(f"{name} must be an int, a np.random.Generator or a np.random.RandomState; got {seed!r}")
