"""Recurrent steps: the ops one time step of an RNN, GRU or LSTM is made of, and maps of whole sequences.

A step works on columns: the state a⟨t−1⟩ (n_a, m) and the input x⟨t⟩ (n_x, m). All gates of a step come
from one matrix product with the stacked pair [a⟨t−1⟩; x⟨t⟩], their rows one below the other in one
array: Γf, Γi, Γo, c̃ for the LSTM (4 n_a rows), Γu, Γr for the GRU (2 n_a rows). So the memory cell and the
new state are two ops, each of one line in the notes.

Sources: A. Ng, "Sequence models", week 1; S. Hochreiter and J. Schmidhuber, "Long short-term memory",
Neural Computation 9 (1997); K. Cho et al., "Learning phrase representations using RNN encoder-decoder",
arXiv:1406.1078, section 2.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import SIGMOID
from .op import Array, Op, case, interval, register

Shape = tuple[int, ...]
GATE, MEMORY = interval(0.1, 0.9), interval(-2.0, 2.0)


def blocks(gates: Any, n: int) -> list[Any]:
    """The gates of a step: `n` blocks of as many rows."""
    rows = np.shape(gates)[0] // n
    return [gates[k * rows : (k + 1) * rows] for k in range(n)]


# ---- the product with the state and the input -------------------------------------------------------


def _recurrent(w: Array, a: Array, x: Array, b: Array) -> Array:
    z: Array = np.matmul(w, np.concatenate([a, x]))
    return np.add(z, b, out=z if np.result_type(z, b) == z.dtype else None)


def _recurrent_complaint(w: Shape, a: Shape, x: Shape, b: Shape) -> str:
    if len(a) != 2 or len(x) != 2 or a[1] != x[1]:
        return f"a⟨t−1⟩ and x⟨t⟩ must be (n_a, m) and (n_x, m); got {a} and {x}"
    if w[1:] != (a[0] + x[0],):
        return f"w must have n_a + n_x = {a[0] + x[0]} columns; got {w}"
    return f"b must be {(w[0], 1)}" if b != (w[0], 1) else ""


RECURRENT = register(
    Op(
        "recurrent", _recurrent,
        (
            lambda g, y, w, a, x, b: np.matmul(g, np.transpose(np.concatenate([a, x]))),
            lambda g, y, w, a, x, b: np.matmul(np.transpose(w[:, : np.shape(a)[0]]), g),
            lambda g, y, w, a, x, b: np.matmul(np.transpose(w[:, np.shape(a)[0] :]), g),
            lambda g, y, w, a, x, b: np.sum(g, axis=1, keepdims=True),
        ),
        ("g [a; x]ᵀ", "(w [I; 0])ᵀ g", "(w [0; I])ᵀ g", "Σ g"), text="w [a; x] + b",
        analytic=True, cases=(case((4, 5), (3, 6), (2, 6), (4, 1)), case((4, 3), (1, 0), (2, 0), (4, 1))),
        note="[a; x] is a on top of x.", complaint=_recurrent_complaint,
    )
)  # fmt: skip

# ---- LSTM -------------------------------------------------------------------------------------------


def _lstm_gates(z: Any) -> Any:
    """The sigmoid gates lie together, above the candidate."""
    cut = np.shape(z)[0] // 4 * 3
    return np.concatenate([SIGMOID(z[:cut]), np.tanh(z[cut:])])


def _lstm_gates_vjp(g: Any, y: Any, z: Any) -> Any:
    cut = np.shape(y)[0] // 4 * 3
    gates, candidate = y[:cut], y[cut:]
    return np.concatenate([g[:cut] * gates * (1 - gates), g[cut:] * (1 - candidate * candidate)])


LSTM_GATES = register(
    Op(
        "lstm_gates", _lstm_gates, (_lstm_gates_vjp,), ("[g ⊙ Γ ⊙ (1 − Γ); g ⊙ (1 − c̃²)]",), analytic=True,
        text="[σ(zf); σ(zi); σ(zo); tanh(zc)]", cases=(case((8, 3)), case((4, 1)), case((8, 0))),
    )
)  # fmt: skip


def _lstm_memory(gates: Array, memory: Array) -> Array:
    forget, update, _, candidate = blocks(gates, 4)
    y: Array = forget * memory
    y += update * candidate
    return y


def _lstm_memory_gates(g: Any, y: Any, gates: Any, memory: Any) -> Any:
    _, update, output, candidate = blocks(gates, 4)
    return np.concatenate([g * memory, g * candidate, np.zeros_like(output), g * update])


LSTM_MEMORY = register(
    Op(
        "lstm_memory", _lstm_memory, (_lstm_memory_gates, lambda g, y, gates, memory: g * blocks(gates, 4)[0]),
        ("[g ⊙ memory; g ⊙ c̃; 0; g ⊙ Γi]", "g ⊙ Γf"), text="Γf ⊙ memory + Γi ⊙ c̃", domain=(GATE, MEMORY),
        analytic=True, cases=(case((8, 3), (2, 3)), case((4, 0), (1, 0))),
        note="gates is [Γf; Γi; Γo; c̃], memory is c⟨t−1⟩.",
    )
)  # fmt: skip


def _lstm_output_gates(g: Any, y: Any, gates: Any, memory: Any) -> Any:
    still = np.zeros_like(memory)
    return np.concatenate([still, still, g * np.tanh(memory), still])


def _lstm_output_memory(g: Any, y: Any, gates: Any, memory: Any) -> Any:
    t = np.tanh(memory)
    return g * blocks(gates, 4)[2] * (1 - t * t)


LSTM_OUTPUT = register(
    Op(
        "lstm_output", lambda gates, memory: blocks(gates, 4)[2] * np.tanh(memory),
        (_lstm_output_gates, _lstm_output_memory),
        ("[0; 0; g ⊙ tanh(memory); 0]", "g ⊙ Γo ⊙ (1 − tanh(memory)²)"), text="Γo ⊙ tanh(memory)",
        domain=(GATE, MEMORY), analytic=True, cases=(case((8, 3), (2, 3)), case((4, 0), (1, 0))),
        note="gates is [Γf; Γi; Γo; c̃], memory is c⟨t⟩.",
    )
)  # fmt: skip

# ---- GRU --------------------------------------------------------------------------------------------


def _gru_reset_gates(g: Any, y: Any, gates: Any, memory: Any) -> Any:
    return np.concatenate([np.zeros_like(memory), g * memory])


GRU_RESET = register(
    Op(
        "gru_reset", lambda gates, memory: blocks(gates, 2)[1] * memory,
        (_gru_reset_gates, lambda g, y, gates, memory: g * blocks(gates, 2)[1]), ("[0; g ⊙ memory]", "g ⊙ Γr"),
        text="Γr ⊙ memory", domain=(GATE, MEMORY), analytic=True, cases=(case((4, 3), (2, 3)), case((2, 0), (1, 0))),
        note="gates is [Γu; Γr], memory c⟨t−1⟩.",
    )
)  # fmt: skip


def _gru_memory(gates: Array, candidate: Array, memory: Array) -> Array:
    """c + Γu (c̃ − c) has one product less."""
    y: Array = blocks(gates, 2)[0] * (candidate - memory)
    y += memory
    return y


def _gru_memory_gates(g: Any, y: Any, gates: Any, candidate: Any, memory: Any) -> Any:
    return np.concatenate([g * (candidate - memory), np.zeros_like(memory)])


GRU_MEMORY = register(
    Op(
        "gru_memory", _gru_memory,
        (
            _gru_memory_gates,
            lambda g, y, gates, candidate, memory: g * blocks(gates, 2)[0],
            lambda g, y, gates, candidate, memory: g * (1 - blocks(gates, 2)[0]),
        ),
        ("[g ⊙ (candidate − memory); 0]", "g ⊙ Γu", "g ⊙ (1 − Γu)"), text="Γu ⊙ candidate + (1 − Γu) ⊙ memory",
        domain=(GATE, interval(-0.9, 0.9), MEMORY), analytic=True,
        cases=(case((4, 3), (2, 3), (2, 3)), case((2, 0), (1, 0), (1, 0))),
        note="gates is [Γu; Γr], candidate c̃, memory c⟨t−1⟩.",
    )
)  # fmt: skip

# ---- whole sequences --------------------------------------------------------------------------------


def _columns(x: Any) -> Any:
    """All time steps of all samples as columns."""
    n, m, steps = np.shape(x)
    return np.reshape(x, (n, m * steps))


def _sequence_affine(w: Array, x: Array, b: Array) -> Array:
    z: Array = np.matmul(w, _columns(x))
    z = np.add(z, b, out=z if np.result_type(z, b) == z.dtype else None)
    return z.reshape(len(w), *x.shape[1:])


SEQUENCE_AFFINE = register(
    Op(
        "sequence_affine", _sequence_affine,
        (
            lambda g, y, w, x, b: np.matmul(_columns(g), np.transpose(_columns(x))),
            lambda g, y, w, x, b: np.reshape(np.matmul(np.transpose(w), _columns(g)), np.shape(x)),
            lambda g, y, w, x, b: np.sum(_columns(g), axis=1, keepdims=True),
        ),
        ("Σ g⟨t⟩ x⟨t⟩ᵀ", "wᵀ g⟨t⟩", "Σ g⟨t⟩"), text="w x⟨t⟩ + b", analytic=True,
        cases=(case((4, 2), (2, 3, 5), (4, 1)), case((4, 2), (2, 0, 5), (4, 1))),
        note="For every time step t of a sequence (n, m, T); Σ runs over samples and time steps.",
    )
)  # fmt: skip
