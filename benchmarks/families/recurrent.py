"""Recurrent nets: RNN, GRU or LSTM, with a dense layer on every state or on the last one.

A student's loop goes back through time, so a mistake in it is made at every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_cn import nn

from ..homework import Exercise, Row
from .common import cost, derivative, draft, has, moved, of_activation, scaled
from .draft import Draft, recorded

CLASSES = 3
CELLS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
GATES = {"RNN": [""], "GRU": [*"urc"], "LSTM": [*"fioc"]}
HANDED = {
    "everything": ("d",),
    "parameters": ("dW", "db"),
    "parameters of the cell": ("dWa", "dba", *(f"d{k}{gate}" for k in "Wb" for gate in "fiourc")),
}
SYMBOLS = {"Γ": "G", "c̃": "cc", "⟨": "", "⟩": ""}  # Γf⟨3⟩ is Gf3 in a program


def draw(rng: np.random.Generator) -> Exercise:
    """A net, its data, and its backward pass."""
    work = draft(rng)
    kind, every, seed = str(rng.choice(list(CELLS))), bool(rng.random() < 0.5), int(rng.integers(1 << 30))
    n_x, n_a, T = int(rng.integers(2, 6)), int(rng.integers(2, 6)), int(rng.integers(2, 6))
    X = rng.standard_normal((n_x, work.m, T)).astype(work.dtype)
    net = nn.Sequential(
        CELLS[kind](n_x, n_a, output="all" if every else "last", seed=seed, dtype=work.dtype),
        nn.Dense(n_a, CLASSES, seed=seed + 1, dtype=work.dtype),
    )
    moved(net, rng)
    J, error = cost(net, X, CLASSES, rng, (work.m, T) if every else (work.m,))
    _backward(work, kind, every, T)
    values = {_plain(name): value for name, value in recorded(J, work.convention).items()} | {"n_a": n_a}
    label = f"{kind} {'at every step' if every else 'at the last step'} n_x={n_x} n_a={n_a} T={T}"
    return work.exercise(label, J, error, values, ROWS, HANDED)


def _plain(name: str) -> str:
    for symbol, letters in SYMBOLS.items():
        name = name.replace(symbol, letters)
    return name


# ---- the right backward pass ------------------------------------------------------------------------------


def _backward(work: Draft, kind: str, every: bool, T: int) -> None:
    """Lines from the cost back, each time step in turn, and at the end the sums over them."""
    work.start("dZ2")
    if every:
        work.add("dW2", f"np.einsum('imt,jmt->ij', dZ2, A){work.over_m}")
        work.add("db2", f"np.sum(dZ2, axis=(1, 2))[:, None]{work.over_m}")
        work.add("dA", "np.einsum('ij,imt->jmt', W2, dZ2)")
    else:
        work.add("dW2", f"dZ2 @ a{T}.T{work.over_m}")
        work.add("db2", f"np.sum(dZ2, axis=1, keepdims=True){work.over_m}")
    for t in range(T, 0, -1):
        above = f"dA[:, :, {t - 1}]" if every else "W2.T @ dZ2" if t == T else ""
        STEPS[kind](_At(work, t, t == T), above)
    for gate in GATES[kind]:
        _weights(work, gate, "r" if (kind, gate) == ("GRU", "c") else "a", T)


@dataclass(frozen=True)
class _At:
    """A time step, to which lines are added."""

    work: Draft
    t: int
    last: bool

    def add(self, letter: str, line: str, kind: str, **facts: Any) -> None:
        """The line of a gradient at this step: a mistake in it is made at every step."""
        self.work.add(f"{letter}{self.t}", line, kind, letter, t=self.t, p=self.t - 1, **facts)

    def state(self, letter: str, above: str, back: dict[str, str], **others: dict[str, str]) -> None:
        """A sum of what comes from above and what comes back from the next step; `others` are wrong sums."""
        sums = {name: _sum(above, *({} if self.last else back | other).values()) for name, other in others.items()}
        later = _sum(*back.values())
        known = {
            "above": _sum(above), "back": _sum(above) if self.last else later,
            "minus": _sum(above) if self.last else f"{_sum(above)} - ({later})",
            "then": "" if self.last else f" + {later}", "ends": bool(above), **sums,
        }  # fmt: skip
        self.add(letter, _sum(above) if self.last else _sum(above, later), letter, **known)

    def activated(self, gate: str, A: str, activation: str, kind: str) -> None:
        """The gradient of z of a gate."""
        Z, dA = f"z{gate}{self.t}", f"d{A}{self.t}"
        prime = derivative(activation, Z, f"{A}{self.t}")
        known = {"Z": Z, "A": f"{A}{self.t}", "dA": dA, "prime": prime, "activation": activation}
        self.add(f"dz{gate}", f"{dA} * {prime}", kind, **known)


def _rnn(at: _At, above: str) -> None:
    n = at.t + 1
    at.state("da", above, {"a": f"Waa.T @ dz{n}"}, turned={"a": f"Waa @ dz{n}"})
    at.activated("", "a", "tanh", "dz")


def _gru(at: _At, above: str) -> None:
    t, n = at.t, at.t + 1
    back = {gate: f"W{gate}[:, :n_a].T @ dz{gate}{n}" for gate in "ur"}
    back |= {"gated": f"dr{n} * Gr{n}", "carried": f"da{n} * (1 - Gu{n})"}
    less, lesser, swapped = {"gated": ""}, {"carried": ""}, {"carried": f"da{n} * Gu{n}"}
    at.state("da", above, back, less=less, lesser=lesser, swapped=swapped)
    at.add("dcc", f"da{t} * Gu{t}", "gru dcc")
    at.activated("c", "cc", "tanh", "dzc")
    at.add("dr", f"Wc[:, :n_a].T @ dzc{t}", "gru dr")
    at.add("dGr", f"dr{t} * a{t - 1}", "gru dGr")
    at.add("dGu", f"da{t} * (cc{t} - a{t - 1})", "gru dGu")
    for gate in "ru":
        at.activated(gate, f"G{gate}", "sigmoid", "dzg")


def _lstm(at: _At, above: str) -> None:
    t, n = at.t, at.t + 1
    at.state("da", above, {gate: f"W{gate}[:, :n_a].T @ dz{gate}{n}" for gate in "fioc"}, less={"f": ""})
    through = f"da{t} * Go{t} * (1 - np.tanh(c{t}) ** 2)"
    swapped, before = {"c": f"dc{n} * Gi{n}"}, {"c": f"dc{n} * Gf{t}"}
    at.state("dc", through, {"c": f"dc{n} * Gf{n}"}, swapped=swapped, before=before)
    at.add("dcc", f"dc{t} * Gi{t}", "lstm dcc")
    at.add("dGo", f"da{t} * np.tanh(c{t})", "lstm dGo")
    at.add("dGi", f"dc{t} * cc{t}", "lstm dGi")
    at.add("dGf", f"dc{t} * c{t - 1}", "lstm dGf")
    at.activated("c", "cc", "tanh", "dzc")
    for gate in "oif":
        at.activated(gate, f"G{gate}", "sigmoid", "dzg")


STEPS = {"RNN": _rnn, "GRU": _gru, "LSTM": _lstm}


def _sum(*terms: str) -> str:
    return " + ".join(filter(None, terms)) or "np.zeros((n_a, m))"


def _weights(work: Draft, gate: str, state: str, T: int) -> None:
    """dW and db of a gate, or of an RNN, added up over time."""
    times = range(T, 0, -1)

    def terms(factor: Callable[[int], str]) -> list[str]:
        return [f"dz{gate}{t} @ {factor(t)}.T" for t in times]

    def old(t: int) -> str:
        return f"r{t}" if state == "r" else f"a{t - 1}"

    def pair(t: int) -> str:
        return f"np.concatenate([{old(t)}, x{t}])"

    later = "np.concatenate([a{0}, x{0}])" if gate else "a{0}"
    wrong = {"later": _sum(*terms(later.format)) if state == "a" else ""}
    if gate:
        wrong["turned"] = _sum(*terms(lambda t: f"np.concatenate([x{t}, {old(t)}])"))
        _added(work, f"dW{gate}", terms(pair), **wrong)
    else:
        _added(work, "dWaa", terms(old), **wrong)
        _added(work, "dWax", terms("x{}".format))
    dz = [f"dz{gate}{t}" for t in times]
    line = f"np.sum({_sum(*dz)}, axis=1, keepdims=True){work.over_m}"
    work.add(f"db{gate or 'a'}", line, "db of a cell", total=_sum(*dz), first=dz[-1], last=dz[0])


def _added(work: Draft, name: str, terms: list[str], **wrong: str) -> None:
    known = {"first": terms[-1], "last": terms[0], "T": len(terms), **wrong}
    work.add(name, f"({_sum(*terms)}){work.over_m}", "dW of a cell", **known)


# ---- mistakes ---------------------------------------------------------------------------------------------


ROWS: tuple[Row, ...] = (
    # ---- states
    Row("missing_next_step", "da", "{above}"),
    Row("missing_term", "da", "{back}", has("ends")),
    Row("sign", "da", "{minus}", has("turned")),
    Row("transposed", "da", "{turned}", has("turned")),
    Row("missing_term missing_next_step", "da", "{less}", has("less")),
    Row("missing_term missing_next_step", "da", "{lesser}", has("lesser")),
    Row("swapped_gates", "da", "{swapped}", has("swapped")),
    Row("sign", "da", "-{right}"),
    Row("missing_next_step", "dc", "{above}"),
    Row("missing_term", "dc", "{back}"),
    Row("missing_activation_derivative", "dc", "da{t} * Go{t}{then}"),
    Row("swapped_gates", "dc", "{swapped}"),
    Row("wrong_time_step", "dc", "{before}"),
    Row("wrong_activation_derivative wrong_layer_cache derivative_at_a", "dc", "da{t} * Go{t} * (1 - c{t} ** 2){then}"),
    # ---- gates
    Row("swapped_gates", "lstm dcc", "dc{t} * Gf{t}"),
    Row("missing_term", "lstm dcc", "dc{t} * 1.0"),
    Row("swapped_gates", "lstm dGi", "dc{t} * Go{t}"),
    Row("wrong_time_step", "lstm dGf", "dc{t} * c{t}"),
    Row("swapped_gates", "lstm dGf", "dc{t} * cc{t}"),
    Row("wrong_layer_cache", "lstm dGo", "da{t} * c{t}"),
    Row("swapped_gates", "lstm dGo", "da{t} * cc{t}"),
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
    Row("wrong_time_step", "dz", "{dA} * (1 - a{p} ** 2)"),
    # ---- sums over time
    *scaled("dW of a cell"),
    Row("missing_sum_over_time", "dW of a cell", "{first}{over_m}"),
    Row("missing_sum_over_time", "dW of a cell", "{last}{over_m}"),
    Row("constant_factor", "dW of a cell", "{right} / {T}"),
    Row("transposed", "dW of a cell", "{right}.T"),
    Row("wrong_time_step", "dW of a cell", "({later}){over_m}", has("later")),
    Row("swapped_parts", "dW of a cell", "({turned}){over_m}", has("turned")),
    *scaled("db of a cell"),
    Row("missing_sum_over_time", "db of a cell", "np.sum({first}, axis=1, keepdims=True){over_m}"),
    Row("missing_sum_over_time", "db of a cell", "np.sum({last}, axis=1, keepdims=True){over_m}"),
    Row("missing_sum_over_samples", "db of a cell", "({total}){over_m}"),
    Row("wrong_axis", "db of a cell", "np.sum({total}, axis=0, keepdims=True){over_m}"),
    Row("wrong_axis", "db of a cell", "np.sum({total}){over_m}"),
    Row("lost_keepdims", "db of a cell", "np.sum({total}, axis=1){over_m}"),
    Row("mean_instead_of_sum extra_1_over_m", "db of a cell", "np.mean({total}, axis=1, keepdims=True){over_m}"),
)  # fmt: skip
