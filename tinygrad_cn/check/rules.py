"""The update rules of the notes, and what learners write instead: one table, a row a mistake.

v ← β₁ v + (1 − β₁) dW;  s ← β₂ s + (1 − β₂) dW²;  then, with the bias corrections v̂ = v/(1 − β₁ᵗ) and
ŝ = s/(1 − β₂ᵗ), Adam's W ← W − α v̂/(√ŝ + ε) (A. Ng, Improving deep neural networks, week 2). A mistake in W
is sought with the learner's own v and s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .. import optim
from ..ops.op import Array
from ..tensor import Tensor

Rule = Literal["sgd", "momentum", "rmsprop", "adam"]
Letter = Literal["v", "s", "W"]


@dataclass(frozen=True)
class Moment:
    """One parameter at one step: its value, its gradient, what is remembered, and the constants."""

    W: Array
    g: Array
    v: Array
    s: Array
    t: int
    lr: float
    beta1: float
    beta2: float
    eps: float

    @property
    def v_hat(self) -> Array:
        """V corrected for its start at 0."""
        return self.v / (1 - self.beta1**self.t)

    @property
    def s_hat(self) -> Array:
        """S corrected for its start at 0."""
        return self.s / (1 - self.beta2**self.t)


@dataclass(frozen=True)
class Slip:
    """A wrong step: its code (`update.<code>` in the catalogue), what it computes, as text and as code."""

    code: str
    letter: Letter
    rules: tuple[Rule, ...]
    text: str
    value: Callable[[Moment], Any]


V: tuple[Rule, ...] = ("momentum", "adam")
S: tuple[Rule, ...] = ("rmsprop", "adam")
ADAM: tuple[Rule, ...] = ("adam",)
RMS: tuple[Rule, ...] = ("rmsprop",)
MOMENTUM: tuple[Rule, ...] = ("momentum",)
ALL: tuple[Rule, ...] = ("sgd", "momentum", "rmsprop", "adam")

RIGHT: dict[tuple[Rule, Letter], str] = {
    ("sgd", "W"): "W − α dW",
    ("momentum", "v"): "β v + (1 − β) dW",
    ("momentum", "W"): "W − α v",
    ("rmsprop", "s"): "β s + (1 − β) dW²",
    ("rmsprop", "W"): "W − α dW / (√s + ε)",
    ("adam", "v"): "β₁ v + (1 − β₁) dW",
    ("adam", "s"): "β₂ s + (1 − β₂) dW²",
    ("adam", "W"): "W − α v/(1 − β₁ᵗ) / (√(s/(1 − β₂ᵗ)) + ε)",
}

STEP: dict[Rule, Callable[[Moment], Any]] = {  # what α multiplies, where v and s are the new ones
    "sgd": lambda q: q.g,
    "momentum": lambda q: q.v,
    "rmsprop": lambda q: q.g / (np.sqrt(q.s) + q.eps),
    "adam": lambda q: q.v_hat / (np.sqrt(q.s_hat) + q.eps),
}


def _adam(code: str, text: str, step: Callable[[Moment], Any]) -> Slip:
    return Slip(code, "W", ADAM, f"W − α {text}", lambda q: q.W - q.lr * step(q))


def _rms(code: str, text: str, step: Callable[[Moment], Any]) -> Slip:
    return Slip(code, "W", RMS, f"W − α {text}", lambda q: q.W - q.lr * step(q))


def _common(rule: Rule) -> tuple[Slip, ...]:
    """What goes wrong with the step of any rule."""
    step = STEP[rule]
    return (
        Slip("sign", "W", (rule,), "W + α …", lambda q: q.W + q.lr * step(q)),
        Slip("no_rate", "W", (rule,), "W − …, without α", lambda q: q.W - step(q)),
        Slip("step_alone", "W", (rule,), "−α …, without W", lambda q: -q.lr * step(q)),
    )


def _at(q: Moment, t: int) -> Any:
    """Adam's step with the corrections of another t."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return q.v / (1 - q.beta1**t) / (np.sqrt(q.s / (1 - q.beta2**t)) + q.eps)


SLIPS: tuple[Slip, ...] = (
    Slip("missing_gain", "v", V, "β v + dW", lambda q: q.beta1 * q.v + q.g),
    Slip("swapped", "v", V, "(1 − β) v + β dW", lambda q: (1 - q.beta1) * q.v + q.beta1 * q.g),
    Slip("no_past", "v", V, "(1 − β) dW", lambda q: (1 - q.beta1) * q.g),
    Slip("not_renewed", "v", V, "v", lambda q: q.v),
    Slip("sign", "v", V, "β v − (1 − β) dW", lambda q: q.beta1 * q.v - (1 - q.beta1) * q.g),
    Slip("squared", "v", V, "β v + (1 − β) dW²", lambda q: q.beta1 * q.v + (1 - q.beta1) * q.g**2),
    Slip("fixed_beta", "v", V, "0.9 v + 0.1 dW", lambda q: 0.9 * q.v + 0.1 * q.g),
    Slip("other_beta", "v", ADAM, "β₂ v + (1 − β₂) dW", lambda q: q.beta2 * q.v + (1 - q.beta2) * q.g),
    Slip("missing_gain", "s", S, "β s + dW²", lambda q: q.beta2 * q.s + q.g**2),
    Slip("swapped", "s", S, "(1 − β) s + β dW²", lambda q: (1 - q.beta2) * q.s + q.beta2 * q.g**2),
    Slip("no_past", "s", S, "(1 − β) dW²", lambda q: (1 - q.beta2) * q.g**2),
    Slip("not_renewed", "s", S, "s", lambda q: q.s),
    Slip("not_squared", "s", S, "β s + (1 − β) dW", lambda q: q.beta2 * q.s + (1 - q.beta2) * q.g),
    Slip("gain_squared", "s", S, "β s + ((1 − β) dW)²", lambda q: q.beta2 * q.s + ((1 - q.beta2) * q.g) ** 2),
    Slip("fixed_beta", "s", ADAM, "0.999 s + 0.001 dW²", lambda q: 0.999 * q.s + 0.001 * q.g**2),
    Slip("fixed_beta", "s", S, "0.9 s + 0.1 dW²", lambda q: 0.9 * q.s + 0.1 * q.g**2),
    Slip("other_beta", "s", ADAM, "β₁ s + (1 − β₁) dW²", lambda q: q.beta1 * q.s + (1 - q.beta1) * q.g**2),
    _adam("no_correction", "v / (√s + ε)", lambda q: q.v / (np.sqrt(q.s) + q.eps)),
    _adam("v_uncorrected", "v / (√ŝ + ε)", lambda q: q.v / (np.sqrt(q.s_hat) + q.eps)),
    _adam("s_uncorrected", "v̂ / (√s + ε)", lambda q: q.v_hat / (np.sqrt(q.s) + q.eps)),
    _adam("t_early", "v̂ / (√ŝ + ε), t − 1 for t", lambda q: _at(q, q.t - 1)),
    _adam("t_late", "v̂ / (√ŝ + ε), t + 1 for t", lambda q: _at(q, q.t + 1)),
    _adam("no_power", "v̂ / (√ŝ + ε), β for βᵗ", lambda q: _at(q, 1)),
    _adam(
        "times_t", "v̂ / (√ŝ + ε), β t for βᵗ",
        lambda q: q.v / (1 - q.beta1 * q.t) / (np.sqrt(q.s / (1 - q.beta2 * q.t)) + q.eps),
    ),
    _adam(
        "betas_swapped", "v/(1 − β₂ᵗ) / (√(s/(1 − β₁ᵗ)) + ε)",
        lambda q: q.v / (1 - q.beta2**q.t) / (np.sqrt(q.s / (1 - q.beta1**q.t)) + q.eps),
    ),
    _adam("eps_inside", "v̂ / √(ŝ + ε)", lambda q: q.v_hat / np.sqrt(q.s_hat + q.eps)),
    _adam("eps_early", "√(1 − β₂ᵗ)/(1 − β₁ᵗ) v / (√s + ε)",
          lambda q: np.sqrt(1 - q.beta2**q.t) * q.v_hat / (np.sqrt(q.s) + q.eps)),
    _adam("no_eps", "v̂ / √ŝ", lambda q: q.v_hat / np.sqrt(q.s_hat)),
    _adam("no_root", "v̂ / (ŝ + ε)", lambda q: q.v_hat / (q.s_hat + q.eps)),
    _adam("no_scaling", "v̂", lambda q: q.v_hat),
    _adam("gradient_for_v", "dW / (√ŝ + ε)", lambda q: q.g / (np.sqrt(q.s_hat) + q.eps)),
    _rms("eps_inside", "dW / √(s + ε)", lambda q: q.g / np.sqrt(q.s + q.eps)),
    _rms("no_eps", "dW / √s", lambda q: q.g / np.sqrt(q.s)),
    _rms("no_root", "dW / (s + ε)", lambda q: q.g / (q.s + q.eps)),
    _rms("no_scaling", "dW", lambda q: q.g),
    Slip("gradient_for_v", "W", MOMENTUM, "W − α dW", lambda q: q.W - q.lr * q.g),
    *(slip for rule in ALL for slip in _common(rule)),
    Slip("not_renewed", "W", ALL, "W", lambda q: q.W),
)  # fmt: skip


def right_step(rule: Rule, q: Moment) -> dict[Letter, Array]:
    """The new v, s and W of one parameter, computed by `optim`."""
    w = Tensor(q.W, requires_grad=True)
    w.grad = q.g
    made: dict[Rule, Callable[[], optim.Optimizer]] = {
        "sgd": lambda: optim.SGD([w], q.lr),
        "momentum": lambda: optim.Momentum([w], q.lr, q.beta1),
        "rmsprop": lambda: optim.RMSprop([w], q.lr, q.beta2, q.eps),
        "adam": lambda: optim.Adam([w], q.lr, q.beta1, q.beta2, q.eps),
    }
    optimizer = made[rule]()
    (slot,) = optimizer.slots
    start = {"v": q.v.copy(), "S": q.s.copy(), "t": q.t - 1}
    slot.update({name: start[name] for name in slot})
    optimizer.step()
    found: dict[Letter, Array] = {"W": w.data}
    found |= {"v": slot["v"]} if "v" in slot else {}
    found |= {"s": slot["S"]} if "S" in slot else {}
    return found
