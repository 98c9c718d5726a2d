"""The same cost on a fresh net of other sizes, so that no wrong gradient is right by luck.

The recorded graph is run again with new parameters, new data and new sizes: m and every n[l], and heights, widths
and numbers of time steps, are different primes, so that a stray factor can only be one of them.
"""

from __future__ import annotations

from ..chain import Chain
from ..errors import TinygradError
from .rebuild import Rebuild
from .sizes import Sizes


def fresh(chain: Chain, seed: int) -> Chain | None:
    """The chain of the same cost on a fresh net, or None if it cannot be rebuilt.

    Widths of layers become different primes; where that does not fit, as with a skip connection,
    equal widths stay equal.
    """
    if not chain.m:
        return None
    for tied in (False, True):
        try:
            made = Rebuild(chain, Sizes(chain, seed, tied)).chain()
        except (TinygradError, ValueError, TypeError, IndexError):
            continue
        if made.convention == chain.convention and made.depth == chain.depth:
            return made
    return None
