"""`tinygrad-cn demo`: the whole way on real data, from a net to a checked derivation."""

from .run import run

__all__ = ["run"]
