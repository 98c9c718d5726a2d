"""Whoever takes part: one file each, with a function from a problem to a step.

A step is a function without arguments that trains once and returns the cost before its update, as a number. `build`
is timed as part of the start, so everything that is done once belongs there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution

from ..problem import Problem

Step = Callable[[], float]
NETS = ("dense", "lenet", "lstm")
ALL = (*NETS, "chain")


@dataclass(frozen=True)
class Peer:
    """Someone who can train.

    Attributes
    ----------
    name : str
        What it is called on the command line and in JSON.
    place : str
        Module (one of this folder begins with a dot), a colon, and the function that builds a step.
    package : str
        What must be installed, as pip calls it.
    kinds : tuple of str
        Workloads it can do.
    ours : bool
        True: takes part always. False: only when peers are asked for.
    bound : bool
        True: no training but the least that any training costs; has no losses.
    """

    name: str
    place: str
    package: str = "numpy"
    kinds: tuple[str, ...] = ALL
    ours: bool = False
    bound: bool = False

    @property
    def installed(self) -> bool:
        """True if its package is there."""
        try:
            return distribution(self.package) is not None
        except PackageNotFoundError:
            return False

    def load(self) -> Callable[[Problem], Step]:
        """Import it; returns the function that builds a step."""
        module, function = self.place.split(":")
        build: Callable[[Problem], Step] = getattr(import_module(module, __name__), function)
        return build


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("hand", ".hand:build", ours=True),
        Peer("eager", ".ours:eager", ours=True),
        Peer("compiled", ".ours:compiled", kinds=NETS, ours=True),
        Peer("fast", ".ours:fast", "numba", NETS, ours=True),
        Peer("mkl", ".ours:mkl", "mkl", NETS, ours=True),
        Peer("torch", ".torch:eager", "torch"),
        Peer("torch.compile", ".torch:compiled", "torch", NETS),
        Peer("jax.jit", ".jax:build", "jax", NETS),
        Peer("autograd", ".autograd:build", "autograd"),
        Peer("mygrad", ".mygrad:build", "mygrad"),
        Peer("tinygrad", ".tinygrad:build", "tinygrad", NETS),
        Peer("scikit-learn", ".sklearn:build", "scikit-learn", ("dense",)),
        Peer("gemm", ".gemm:build", kinds=NETS, bound=True),
    )
}
REFERENCE = "hand"  # whose losses the others must have, and whose speed is 1


def taking_part(everyone: bool, names: Iterable[str] = ()) -> list[Peer]:
    """The peers of a run: hand NumPy and ours; with `everyone` all others too, or those with the given names.

    Raises
    ------
    ValueError
        If there is no peer of a name.

    Examples
    --------
    >>> [peer.name for peer in taking_part(False, ["torch"])]
    ['hand', 'eager', 'compiled', 'fast', 'mkl', 'torch']
    """
    wanted = set(names)
    unknown = sorted(wanted - set(PEERS))
    if unknown:
        raise ValueError(f"there is no peer {unknown[0]!r}; there are {', '.join(PEERS)}")
    return [peer for peer in PEERS.values() if peer.ours or everyone or peer.name in wanted]
