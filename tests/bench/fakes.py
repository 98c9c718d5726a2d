"""Peers that go wrong, each in its own way; they run in processes of their own."""

import os
import time


def build(problem):
    """Right, and chatty."""
    from tinygrad_cn.bench.peers.hand import build as by_hand

    print("what a framework has to say")
    return by_hand(problem)


def wrong(problem):
    """A hundredth too much."""
    step = build(problem)
    return lambda: 1.01 * step()


def raising(problem):
    raise RuntimeError("no kernel for\nthis")


def dying(problem):
    os._exit(3)


def sleeping(problem):
    time.sleep(60)


def tiring(problem):
    """Well in the first steps, then not."""
    step, calls = build(problem), iter(range(6))

    def tired():
        next(calls)
        return step()

    return tired
