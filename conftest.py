"""Doctests: the benchmarks' adapters to other frameworks are looked through where these are installed."""

from tinygrad_cn.bench.peers import PEERS

collect_ignore = [
    f"tinygrad_cn/bench/peers/{peer.place.split(':')[0][1:]}.py" for peer in PEERS.values() if not peer.installed
]
