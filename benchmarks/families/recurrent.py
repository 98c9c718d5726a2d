"""Recurrent nets: RNN, GRU or LSTM, with a dense layer on every state or on the last one.

A student's loop goes back through time, so a mistake in it is made at every step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Facts, Program, Row, Spot
from .common import common, cost, derivative, moved, of_activation, scaled

CELLS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
GATES = {"RNN": "", "GRU": "urc", "LSTM": "fioc"}
HANDED = {
    "everything": ("d",),
    "parameters": ("dW", "db"),
    "parameters of the cell": ("dWa", "dba", *(f"d{k}{gate}" for k in "Wb" for gate in "fiourc")),
}
SYMBOLS = {"Γ": "G", "c̃": "cc", "⟨": "", "⟩": ""}  # Γf⟨3⟩ is Gf3 in a program


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    m, dtype, convention = common(rng)
    kind, output = str(rng.choice(list(CELLS))), str(rng.choice(["all", "last"]))
    n_x, n_a, T = int(rng.integers(2, 6)), int(rng.integers(2, 6)), int(rng.integers(2, 6))
    X = rng.standard_normal((n_x, m, T)).astype(dtype)
    seed = int(rng.integers(1 << 30))
    net = nn.Sequential(
        CELLS[kind](n_x, n_a, output=output, seed=seed, dtype=dtype), nn.Dense(n_a, 3, seed=seed + 1, dtype=dtype)
    )
    moved(net, rng)
    J, error = cost(net, X, 3, rng, (m, T) if output == "all" else (m,))
    chain = J.chain(convention=convention)
    values = {_plain(name): chain[name] for name in chain if not name.startswith("d") and name != "J"}
    values |= {"m": m, "n_a": n_a, "T": T, "error": error}
    spots: list[Spot] = []
    lines: Program = {}
    for spot, line in _lines(kind, output, T, " / m" if convention == "course" else ""):
        lines |= line
        spots += [spot] if spot.kind else []
    label = f"{kind} {output} n_x={n_x} n_a={n_a} T={T} m={m} {np.dtype(dtype)} {convention}"
    return Exercise(label, J, values, lines, convention, tuple(spots), ROWS, HANDED)


def _plain(name: str) -> str:
    for symbol, letters in SYMBOLS.items():
        name = name.replace(symbol, letters)
    return name


# ---- the right backward pass ------------------------------------------------------------------------------

Lines = Iterator[tuple[Spot, Program]]


def _lines(kind: str, output: str, T: int, over_m: str) -> Lines:
    """Lines from the cost back, each time step in turn, and at the end the sums over them."""
    yield Spot("", {}), {"dZ2": "error" if over_m else "error / m"}
    every = output == "all"
    yield (
        Spot("", {}),
        {
            "dW2": ("np.einsum('imt,jmt->ij', dZ2, A)" if every else f"dZ2 @ a{T}.T") + over_m,
            "db2": f"np.sum(dZ2, axis={(1, 2) if every else 1}, keepdims=True)"
            + ("[:, :, 0]" if every else "")
            + over_m,
        },
    )
    yield (Spot("", {}), {"dA": "np.einsum('ij,imt->jmt', W2, dZ2)"}) if every else (Spot("", {}), {})
    steps: dict[tuple[str, str], dict[str, Facts]] = {}
    lines: Program = {}
    for t in range(T, 0, -1):
        above = f"dA[:, :, {t - 1}]" if every else "W2.T @ dZ2" if t == T else ""
        for group, name, line, facts in STEPS[kind](t, t == T, above):
            lines[name] = line
            steps.setdefault((group, name.rstrip("0123456789")), {})[name] = {"t": t, "p": t - 1, "n": t + 1, **facts}
    yield Spot("", {}), lines
    for (group, _), members in steps.items():
        yield Spot(group, members), {}
    yield from _weights(kind, T, over_m)


Step = Iterator[tuple[str, str, str, Facts]]  # the place's kind, the gradient, its line, what is known


def _rnn(t: int, last: bool, above: str) -> Step:
    back = "" if last else f"Waa.T @ dz{t + 1}"
    yield "da", f"da{t}", _sum(above, back), _terms(above, back, turned=f"Waa @ dz{t + 1}")
    yield from _activated("dz", f"dz{t}", f"da{t}", "tanh", f"z{t}", f"a{t}", f"a{t - 1}")


def _gru(t: int, last: bool, above: str) -> Step:
    n = t + 1
    carried, gated = f"da{n} * (1 - Gu{n})", f"dr{n} * Gr{n}"
    gates = f"Wu[:, :n_a].T @ dzu{n} + Wr[:, :n_a].T @ dzr{n}"
    back = "" if last else f"{gates} + {gated} + {carried}"
    facts = _terms(above, back, turned=back.replace(".T @", " @").replace("[:, :n_a]", "[:, :n_a]"))
    yield (
        "da",
        f"da{t}",
        _sum(above, back),
        facts
        | {
            "less": _sum(above, "" if last else f"{gates} + {carried}"),
            "lesser": _sum(above, "" if last else f"{gates} + {gated}"),
            "swapped": _sum(above, "" if last else f"{gates} + {gated} + da{n} * Gu{n}"),
        },
    )
    yield "gru dcc", f"dcc{t}", f"da{t} * Gu{t}", {}
    yield from _activated("dzc", f"dzc{t}", f"dcc{t}", "tanh", f"zc{t}", f"cc{t}", f"a{t}")
    yield "gru dr", f"dr{t}", f"Wc[:, :n_a].T @ dzc{t}", {}
    yield "gru dGr", f"dGr{t}", f"dr{t} * a{t - 1}", {}
    yield "gru dGu", f"dGu{t}", f"da{t} * (cc{t} - a{t - 1})", {}
    for gate in "ru":
        yield from _activated("dzg", f"dz{gate}{t}", f"dG{gate}{t}", "sigmoid", f"z{gate}{t}", f"G{gate}{t}", f"a{t}")


def _lstm(t: int, last: bool, above: str) -> Step:
    n = t + 1
    terms = [f"W{gate}[:, :n_a].T @ dz{gate}{n}" for gate in GATES["LSTM"]]
    back = "" if last else " + ".join(terms)
    facts = _terms(above, back, turned=back.replace(".T @", " @"))
    yield "da", f"da{t}", _sum(above, back), facts | {"less": _sum(above, "" if last else " + ".join(terms[1:]))}
    own, back = f"da{t} * Go{t} * (1 - np.tanh(c{t}) ** 2)", "" if last else f"dc{n} * Gf{n}"
    yield (
        "dc",
        f"dc{t}",
        _sum(own, back),
        _terms(own, back, turned="")
        | {
            "bare": _sum(f"da{t} * Go{t}", back),
            "swapped": _sum(own, "" if last else f"dc{n} * Gi{n}"),
            "before": _sum(own, "" if last else f"dc{n} * Gf{t}"),
            "at_c": _sum(f"da{t} * Go{t} * (1 - c{t} ** 2)", back),
        },
    )
    yield "lstm dcc", f"dcc{t}", f"dc{t} * Gi{t}", {}
    yield "lstm dGo", f"dGo{t}", f"da{t} * np.tanh(c{t})", {}
    yield "lstm dGi", f"dGi{t}", f"dc{t} * cc{t}", {}
    yield "lstm dGf", f"dGf{t}", f"dc{t} * c{t - 1}", {}
    yield from _activated("dzc", f"dzc{t}", f"dcc{t}", "tanh", f"zc{t}", f"cc{t}", f"c{t}")
    for gate in "oif":
        yield from _activated("dzg", f"dz{gate}{t}", f"dG{gate}{t}", "sigmoid", f"z{gate}{t}", f"G{gate}{t}", f"c{t}")


STEPS = {"RNN": _rnn, "GRU": _gru, "LSTM": _lstm}


def _sum(*terms: str) -> str:
    return " + ".join(term for term in terms if term) or "np.zeros((n_a, m))"


def _terms(above: str, back: str, turned: str) -> Facts:
    """A gradient with a term that comes from above and one that comes back from the next step."""
    return {
        "above": _sum(above), "back": _sum(back or above), "minus": f"{_sum(above)} - ({back})" if back else _sum(above),
        "turned": _sum(above, turned if back else ""), "both": bool(above),
    }  # fmt: skip


def _activated(kind: str, name: str, dA: str, activation: str, Z: str, A: str, other: str) -> Step:
    prime = derivative(activation, Z, A)
    yield kind, name, f"{dA} * {prime}", {
        "dA": dA, "prime": prime, "activation": activation, "Z": Z, "A": A, "other": other,
    }  # fmt: skip


def _weights(kind: str, T: int, over_m: str) -> Lines:
    """dW and db, added up over time."""
    times = range(T, 0, -1)
    for gate in GATES[kind] or [""]:
        dz = [f"dz{gate}{t}" for t in times]
        names = {"": ("Waa", "Wax", "ba")}.get(gate, (f"W{gate}", f"b{gate}"))
        rows: dict[str, list[str]] = {}
        for t in times:
            state = f"r{t}" if (kind, gate) == ("GRU", "c") else f"a{t - 1}"
            pair = f"np.concatenate([{state}, x{t}]).T"
            factors = [f"{state}.T", f"x{t}.T"] if not gate else [pair]
            for name, factor in zip(names, factors, strict=False):
                rows.setdefault(name, []).append(f"dz{gate}{t} @ {factor}")
        for name, terms in rows.items():
            given = (name == "Wax", (kind, gate) == ("GRU", "c"))
            later = [term.replace(f"a{t - 1}", f"a{t}") for term, t in zip(terms, times, strict=True)]
            turned = [f"dz{gate}{t} @ np.concatenate([x{t}, a{t - 1}]).T" for t in times]
            facts = {
                "first": terms[-1], "last": terms[0], "later": " + ".join(later), "turned": " + ".join(turned),
                "state": not any(given), "pair": bool(gate) and not any(given), "T": T,
            }  # fmt: skip
            yield Spot("dW of a cell", {f"d{name}": facts}), {f"d{name}": f"({' + '.join(terms)}){over_m}"}
        total = " + ".join(dz)
        facts = {"total": total, "first": dz[-1], "last": dz[0]}
        line = f"np.sum({total}, axis=1, keepdims=True){over_m}"
        yield Spot("db of a cell", {f"d{names[-1]}": facts}), {f"d{names[-1]}": line}


# ---- mistakes ---------------------------------------------------------------------------------------------


def both(facts: Facts) -> bool:
    return bool(facts["both"])


def has(fact: str) -> Any:
    return lambda facts: fact in facts and bool(facts[fact])


ROWS: tuple[Row, ...] = (
    # ---- states
    Row("missing_next_step", "da", "{above}"),
    Row("missing_term", "da", "{back}", both),
    Row("sign", "da", "{minus}", lambda facts: "less" not in facts),
    Row("transposed", "da", "{turned}", lambda facts: "less" not in facts),
    Row("missing_term missing_next_step", "da", "{less}", has("less")),
    Row("missing_term missing_next_step", "da", "{lesser}", has("lesser")),
    Row("swapped_gates", "da", "{swapped}", has("swapped")),
    Row("sign", "da", "-{right}"),
    Row("missing_next_step", "dc", "{above}"),
    Row("missing_term", "dc", "{back}"),
    Row("missing_activation_derivative", "dc", "{bare}"),
    Row("swapped_gates", "dc", "{swapped}"),
    Row("wrong_time_step", "dc", "{before}"),
    Row("wrong_activation_derivative wrong_layer_cache derivative_at_a", "dc", "{at_c}"),
    # ---- gates
    Row("swapped_gates", "lstm dcc", "dc{t} * Gf{t}"),
    Row("missing_term", "lstm dcc", "dc{t} * 1.0"),
    Row("swapped_gates", "lstm dGi", "dc{t} * Go{t}"),
    Row("wrong_time_step", "lstm dGf", "dc{t} * c{t}"),
    Row("swapped_gates", "lstm dGf", "dc{t} * cc{t}"),
    Row("missing_activation swapped_gates wrong_layer_cache wrong_time_step", "lstm dGo", "da{t} * c{t}"),
    Row("swapped_gates wrong_layer_cache", "lstm dGo", "da{t} * cc{t}"),
    Row("swapped_gates", "gru dcc", "da{t} * (1 - Gu{t})"),
    Row("swapped_gates", "gru dcc", "da{t} * Gr{t}"),
    Row("missing_term", "gru dcc", "da{t} * 1.0"),
    Row("sign", "gru dGu", "da{t} * (a{p} - cc{t})"),
    Row("missing_term", "gru dGu", "da{t} * cc{t}"),
    Row("wrong_time_step", "gru dGr", "dr{t} * a{t}"),
    Row("missing_term", "gru dGr", "dr{t} * 1.0"),
    Row("swapped_gates", "gru dr", "Wu[:, :n_a].T @ dzc{t}"),
    # ---- activations of a step
    *(row for kind in ("dz", "dzc", "dzg") for row in of_activation(kind)),
    Row("wrong_time_step", "dz", "{dA} * (1 - {other} ** 2)"),
    # ---- sums over time
    *scaled("dW of a cell"),
    Row("missing_sum_over_time", "dW of a cell", "{first}{over_m}"),
    Row("missing_sum_over_time", "dW of a cell", "{last}{over_m}"),
    Row("constant_factor", "dW of a cell", "{right} / {T}"),
    Row("transposed", "dW of a cell", "{right}.T"),
    Row("wrong_time_step", "dW of a cell", "({later}){over_m}", has("state")),
    Row("swapped_parts", "dW of a cell", "({turned}){over_m}", has("pair")),
    *scaled("db of a cell"),
    Row("missing_sum_over_time", "db of a cell", "np.sum({first}, axis=1, keepdims=True){over_m}"),
    Row("missing_sum_over_time", "db of a cell", "np.sum({last}, axis=1, keepdims=True){over_m}"),
    Row("missing_sum_over_samples", "db of a cell", "({total}){over_m}"),
    Row("wrong_axis", "db of a cell", "np.sum({total}, axis=0, keepdims=True){over_m}"),
    Row("wrong_axis", "db of a cell", "np.sum({total}){over_m}"),
    Row("lost_keepdims", "db of a cell", "np.sum({total}, axis=1){over_m}"),
    Row("mean_instead_of_sum extra_1_over_m", "db of a cell", "np.mean({total}, axis=1, keepdims=True){over_m}"),
)  # fmt: skip
