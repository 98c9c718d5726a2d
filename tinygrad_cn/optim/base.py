"""What all optimisers share: parameters in groups, the learning rate, weight decay, saved state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import autograd
from ..data.arguments import LARGEST, is_real
from ..errors import OpError, StateError
from ..nn.names import is_weight
from ..ops.op import Array
from ..tensor import Tensor

Slot = dict[str, Any]  # what an optimiser remembers of one parameter: arrays like it, and counts


@dataclass
class Group:
    """Parameters that share options; `scale` is their learning rate in units of the optimiser's."""

    params: list[Tensor]
    scale: float
    weight_decay: float


class Optimizer(ABC):
    """Base of the optimisers: change the parameters by their gradients, in place.

    A parameter whose gradient is None is left alone, so a frozen one is. A subclass says what it remembers of
    a parameter (`start`) and how that and a gradient change it (`update`).

    Parameters
    ----------
    params : iterable of Parameter, or list of dict
        Tensors to learn, or pairs (name, Tensor) as `net.named_parameters()` gives them. As dicts, groups with
        their own options: `{"params": [...], "lr": 0.01}`, `{"params": [...], "weight_decay": 0.0}`.
    lr : float
        Learning rate α.
    weight_decay : float
        Adds weight_decay · W to the gradient of W. The notes' L2 term, (λ/2m) Σ‖W‖² in the cost, is
        weight_decay = λ/m.
    decay_bias : bool
        True also decays biases, beta and gamma.

    Attributes
    ----------
    lr : float
        May be set at any time, as a schedule does; groups with their own learning rate keep their ratio to it.
    groups : list of Group
        The parameters and options.
    slots : list of dict
        What it remembers of each parameter.

    Raises
    ------
    ValueError
        If there is no parameter, one occurs twice, or an option is negative.
    OpError
        If an entry is not a leaf Tensor.

    Examples
    --------
    >>> from tinygrad_cn import nn, optim
    >>> net = nn.DNN([2, 4, 1])
    >>> opt = optim.Adam([{"params": net[:2].parameters(), "lr": 0.001}, {"params": net[2:].parameters()}], lr=0.01)
    >>> opt.lr = 0.1
    >>> [round(opt.lr * group.scale, 6) for group in opt.groups]
    [0.01, 0.1]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        decay_bias: bool = False,
    ) -> None:
        self.lr = lr
        self.decay_bias = decay_bias
        self.groups = [self._group(entry, not_negative("weight_decay", weight_decay)) for entry in _entries(params)]
        self._check(self.params)
        self.slots = [self.start(parameter._data) for parameter in self.params]
        self._scratch: dict[np.dtype[Any], Array] = {}
        keep_freed_memory()

    @abstractmethod
    def start(self, w: Array) -> Slot:
        """What to remember of a parameter before the first step."""

    @abstractmethod
    def update(self, w: Array, g: Array, slot: Slot, lr: float) -> None:
        """Change `w` in place by its gradient `g`, which must stay as it is."""

    @property
    def lr(self) -> float:
        """Learning rate α."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        assure = getattr(value, "assure", None)  # of the stand-in for a number while a step is recorded
        self._lr = _rate(value) if assure is None else assure(_rate)

    @property
    def params(self) -> list[Tensor]:
        """All parameters, group after group."""
        return [parameter for group in self.groups for parameter in group.params]

    def __repr__(self) -> str:
        options = {k: v for k, v in vars(self).items() if is_real(v) and not k.startswith("_")}
        written = ", ".join(f"{name}={value:.6g}" for name, value in {"lr": self.lr, **options}.items())
        return f"{type(self).__name__}({written})"

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        slots = iter(self.slots)
        for group in self.groups:
            lr = self._lr * group.scale
            for parameter, slot in zip(group.params, slots, strict=False):
                g = parameter._grad
                if g is None:
                    continue
                w = parameter._data
                if group.weight_decay and (self.decay_bias or is_weight(parameter.name)):
                    g = self.decay(w, g, group.weight_decay, lr)
                self.update(w, g, slot, lr)
                autograd.bump(parameter)

    def decay(self, w: Array, g: Array, rate: float, lr: float) -> Array:
        """The gradient of the cost with its L2 term."""
        decayed: Array = g + rate * w
        return decayed

    def zero_grad(self) -> None:
        """Forget all gradients, so that the next `backward()` starts anew."""
        for parameter in self.params:
            parameter._grad = None

    def scratch(self, w: Array) -> Array:
        """A buffer like `w`, the same one in every step."""
        buffer = self._scratch.get(w.dtype)
        if buffer is None or buffer.size < w.size:
            buffer = self._scratch[w.dtype] = np.empty_like(w, shape=w.size)
        return buffer[: w.size].reshape(w.shape)

    # ---- saved state --------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The learning rate and copies of all that is remembered, to go on later as if never stopped."""
        return {"lr": self.lr, "slots": deepcopy(self.slots)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state saved by `state_dict` of the same optimiser on the same parameters.

        Raises
        ------
        StateError
            If it does not fit; nothing has been changed then.
        """
        found = state.get("slots", [])
        if len(found) != len(self.slots):
            raise StateError(f"load_state_dict: the state is of {len(found)} parameters; expected {len(self.slots)}")
        for parameter, own, saved in zip(self.params, self.slots, found, strict=True):
            want, got = _shapes(own), _shapes(saved)
            if want != got:
                raise StateError(f"load_state_dict: {autograd.label(parameter)} needs {want}; the state has {got}")
        self.lr = state["lr"]
        for own, saved in zip(self.slots, found, strict=True):
            own.update({key: _copied(value, own[key]) for key, value in saved.items()})

    # ---- construction -------------------------------------------------------------------------------

    def _group(self, entry: Mapping[str, Any], weight_decay: float) -> Group:
        unknown = set(entry) - {"params", "lr", "weight_decay"}
        if unknown:
            raise ValueError(f"a group has the keys params, lr and weight_decay; got {', '.join(sorted(unknown))}")
        lr = not_negative("lr", entry.get("lr", self.lr))
        if lr != self.lr and not self.lr:
            raise ValueError("lr must be above 0 for a group to have its own")
        return Group(
            _tensors(entry["params"]),
            scale=lr / self.lr if lr != self.lr else 1.0,
            weight_decay=not_negative("weight_decay", entry.get("weight_decay", weight_decay)),
        )

    def _check(self, params: list[Any]) -> None:
        if not params:
            raise ValueError(f"{type(self).__name__}: params is empty; an iterator gives its entries only once")
        for i, parameter in enumerate(params):
            if not isinstance(parameter, Tensor) or not parameter.is_leaf or parameter.dtype.kind != "f":
                raise OpError(
                    f"{type(self).__name__}: params[{i}] must be a Parameter or a leaf Tensor made with "
                    f"requires_grad=True; got {autograd.label(parameter)}"
                )
        if len(set(params)) != len(params):
            raise ValueError(f"{type(self).__name__}: a parameter occurs twice in params")


# ---- helpers ----------------------------------------------------------------------------------------


def keep_freed_memory() -> None:
    """Have the process keep what a step frees, for the next step, which needs arrays of the same sizes.

    glibc gives freed memory back to the system from a threshold on, and fetches it again page by page, which took a
    third of the time of a small convolutional net. It raises that threshold to the largest block it has seen freed,
    if that is no larger than 32 MiB: mallopt(3), M_MMAP_THRESHOLD. A block that is never written to costs nothing.
    """
    np.empty(31 << 20, np.uint8)


def not_negative(name: str, value: float) -> float:
    """`value` as a float.

    Raises
    ------
    ValueError
        If it is no number, negative or not finite.
    """
    if not (is_real(value) and 0 <= value <= LARGEST):
        raise ValueError(f"{name} must be 0 or more; got {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """`value` as a float.

    Raises
    ------
    ValueError
        If it is no number, or not positive and finite.
    """
    if not (is_real(value) and 0 < value <= LARGEST):
        raise ValueError(f"{name} must be above 0; got {value!r}")
    return float(value)


def fraction(name: str, value: float) -> float:
    """`value` as a float.

    Raises
    ------
    ValueError
        If it is no number in [0, 1).
    """
    if not (is_real(value) and 0 <= value < 1):
        raise ValueError(f"{name} must be in [0, 1); got {value!r}")
    return float(value)


def _rate(value: float) -> float:
    return not_negative("lr", value)


def _entries(params: Any) -> list[Mapping[str, Any]]:
    """Groups as given, or one group of all parameters."""
    if isinstance(params, (Tensor, Mapping)) or not isinstance(params, Iterable):
        raise OpError(f"params must be an iterable such as net.parameters(); got {type(params).__name__}")
    entries = list(params)
    return entries if entries and all(isinstance(e, Mapping) for e in entries) else [{"params": entries}]


def _tensors(params: Iterable[Any]) -> list[Any]:
    """The parameters of a group, without the names that `named_parameters` gives along."""
    return [p[1] if isinstance(p, tuple) and len(p) == 2 else p for p in params]


def _copied(value: Any, like: Any) -> Any:
    """A saved array in the dtype of the present one; a saved count as an int."""
    return np.array(value, like.dtype) if isinstance(like, np.ndarray) else int(value)


def _shapes(slot: Slot) -> dict[str, tuple[int, ...]]:
    return {key: np.shape(value) for key, value in slot.items()}
