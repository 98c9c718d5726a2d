"""Weights to and from torch: `from_torch` and `to_torch`, state dicts with the layouts mapped."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .. import nn
from ..errors import OpError, StateError
from ..files import Array
from .layouts import Arrays, Entry, Layout, entries, layout
from .saving import put_into

Channels = Mapping[str, int] | None


def from_torch(net: nn.Module, state: Mapping[str, Any], channels: Channels = None) -> None:
    """Load a state dict of torch into a net of the same layers.

    Layers are found by torch's names, `0.weight` for the first of an `nn.Sequential` and `fc1.weight` for an attribute
    fc1; where the names are others, one after another as they fit. The order is that of `state`; of a file it is that
    of the names. Everything is checked before anything is changed. Options that
    are no weights, such as strides, ε, or momentum (torch's is 1 − ours), are up to the net.

    Parameters
    ----------
    net : Module
        GRU layers need `reset="after"`, torch's form.
    state : mapping of str to array
        `model.state_dict()`, or the same as arrays: `tg.load("model.safetensors")`. torch itself is not needed.
        Recurrent layers, layer norms and Transformer layers that torch made with bias=False have zeros for biases.
    channels : mapping of str to int, optional
        Where a layer takes flattened images its weights are turned from torch's order, channel by channel, to ours,
        pixel by pixel. That needs the number of channels: by default the first dense layer after a convolution has
        those of the convolution. `{"fc1": 3}` says it by layer, in our names of `to_torch`; 1 turns nothing.

    Raises
    ------
    StateError
        If names or shapes do not match, or digits would be lost; it lists them all.
    OpError
        If `net` is not a Module, `state` no state dict, or a value no array.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import interop, nn
    >>> net = nn.DNN([2, 1])
    >>> interop.from_torch(net, {"fc.weight": np.array([[1.0, 2.0]]), "fc.bias": np.array([3.0])})
    >>> net.W1.numpy(), net.b1.numpy()
    (array([[1., 2.]]), array([[3.]]))
    """
    places = _places(net, channels)
    if not isinstance(state, Mapping):
        raise OpError(f"from_torch: state must be a state dict, as model.state_dict(); got {type(state).__name__}")
    arrays = {name: _array(name, value) for name, value in state.items()}
    prefixes = _matched(places, arrays)
    _check(places, prefixes, arrays)
    names = {member: name for name, member in net._stored()}
    ours: Arrays = {}
    for place, prefix in zip(places, prefixes, strict=True):
        members = dict(place.layer._stored())
        ours |= {names[members[name]]: array for name, array in place.read(arrays, prefix).items()}
    put_into(net, ours)


def to_torch(net: nn.Module, channels: Channels = None, tensors: bool = True) -> dict[str, Any]:
    """The state dict of a net as a torch model of the same layers loads it.

    Parameters
    ----------
    net : Module
        Its layers are named as torch does: by place in a Sequential, by attribute elsewhere.
    channels : mapping of str to int, optional
        See `from_torch`.
    tensors : bool
        False gives arrays, and does not need torch: `tg.save(to_torch(net, tensors=False), "model.safetensors")`.

    Returns
    -------
    dict of str to torch.Tensor, or to ndarray
        Copies.

    Raises
    ------
    ImportError
        If torch is wanted and not installed.
    StateError
        If a layer has no equal in torch.

    Examples
    --------
    >>> from tinygrad_cn import interop, nn
    >>> net = nn.Sequential(nn.Conv2D(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Dense(3456, 10))
    >>> {name: array.shape for name, array in interop.to_torch(net, tensors=False).items()}
    {'0.weight': (6, 1, 5, 5), '0.bias': (6,), '3.weight': (10, 3456), '3.bias': (10,)}
    """
    places = _places(net, channels)
    arrays = {place.name + name: np.array(array) for place in places for name, array in place.entries.items()}
    if not tensors:
        return arrays
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError as error:
        raise ImportError("to_torch needs torch to make tensors; tensors=False gives arrays") from error
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


# ---- layers and their places ------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A layer of the net: torch's name of it with a dot, and the channels of the flattened images it takes, or 1."""

    name: str
    layer: nn.Module
    layout: Layout
    channels: int

    @cached_property
    def entries(self) -> Arrays:
        """Torch's entries by their name below the layer."""
        arrays = self.layout.write(self.layer)
        return {name: self._turned(name, array, back=False) for name, array in arrays.items()}

    @property
    def required(self) -> list[str]:
        """The entries torch must have."""
        return [name for name in self.entries if not name.rpartition(".")[2].startswith(self.layout.optional)]

    def takes(self, arrays: Mapping[str, Array], prefix: str) -> bool:
        """Whether the entries that begin with the prefix are there and have the right shapes."""
        return all(
            prefix + name in arrays and arrays[prefix + name].shape == self.entries[name].shape
            for name in self.required
        )

    def read(self, arrays: Mapping[str, Array], prefix: str) -> Arrays:
        """Our values from torch's, whose names begin with the prefix; what torch left out counts as zeros."""
        theirs = {name: arrays.get(prefix + name, np.zeros_like(own)) for name, own in self.entries.items()}
        return self.layout.read(self.layer, {name: self._turned(name, a, back=True) for name, a in theirs.items()})

    def _turned(self, name: str, array: Array, back: bool) -> Array:
        """From pixel by pixel to channel by channel, or back."""
        axis = self.layout.features.get(name)
        if axis is None or self.channels == 1:
            return array
        pixels = array.shape[axis] // self.channels
        split = (self.channels, pixels) if back else (pixels, self.channels)
        shape = array.shape
        return array.reshape(*shape[:axis], *split, *shape[axis + 1 :]).swapaxes(axis, axis + 1).reshape(shape)


def _places(net: nn.Module, channels: Channels) -> list[Place]:
    """Every layer with parameters, in order."""
    if not isinstance(net, nn.Module):
        raise OpError(f"net must be an nn.Module; got {type(net).__name__}")
    layers, given, current, places = list(_layers(net)), dict(channels or {}), 1, list[Place]()
    names = [name.removesuffix(".") for name, _, _ in layers]
    if unknown := sorted(given.keys() - set(names)):
        raise StateError(f"channels: there is no layer {', '.join(unknown)}; there are {', '.join(names) or 'none'}")
    for name, (prefix, layer, row) in zip(names, layers, strict=True):
        fits = _divides(given.get(name, current), layer, row)
        if name in given and not fits:
            raise StateError(f"channels: {name}, {layer!r}, does not take images with {given[name]} channels")
        places.append(Place(prefix, layer, row, given.get(name, current) if fits else 1))
        current = _channels_after(layer, current)
    return places


def _layers(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module, Layout]]:
    """Layers with parameters, each with torch's name and a dot; those of a module of one's own stay as they are."""
    row = layout(module)
    if row is not None:
        yield path, module, row
        return
    members = list(module._members())
    own = [name for name, member in members if not isinstance(member, nn.Module)]
    if own:
        held = module.state_dict()
        yield path, module, entries(*(Entry(name, name, tuple(range(held[name].ndim))) for name in own))
    for name, member in members:
        if isinstance(member, nn.Module):
            below = name.removeprefix("layers.") if isinstance(module, nn.Sequential) else name
            yield from _layers(member, f"{path}{below}.")


def _divides(channels: int, layer: nn.Module, row: Layout) -> bool:
    """Whether the features a layer takes can be pixels of so many channels."""
    arrays = row.write(layer)
    sizes = [arrays[name].shape[axis] for name, axis in row.features.items()]
    return channels == 1 or (channels > 1 and bool(sizes) and all(size % channels == 0 for size in sizes))


def _channels_after(layer: nn.Module, channels: int) -> int:
    """How many channels the images have that may be flattened next."""
    if isinstance(layer, nn.Conv2D):
        return layer.W.shape[3]
    return channels if isinstance(layer, (nn.BatchNorm, nn.LayerNorm)) else 1


# ---- names ------------------------------------------------------------------------------------------


def _matched(places: Sequence[Place], arrays: Mapping[str, Array]) -> list[str]:
    """What torch's names of each layer begin with: our names if they are there, else one after another as they fit.

    Layers of different shapes may come in any order, as in a file, which sorts them by name.
    """
    named = [place.name for place in places]
    if all(place.name + name in arrays for place in places for name in place.required):
        return named
    return _one_after_another(places, arrays, by_shape=True) or _one_after_another(places, arrays) or named


def _one_after_another(
    places: Sequence[Place], arrays: Mapping[str, Array], by_shape: bool = False
) -> list[str] | None:
    """For each layer the next that has its entries, `by_shape` the next that also has their shapes; None if not all."""
    prefixes, left = [], list(arrays)
    for place in places:
        candidates = [_prefix(name, place.entries) for name in (left if by_shape else left[:1])]
        fitting = (p for p in candidates if p is not None and (not by_shape or place.takes(arrays, p)))
        prefix = next(fitting, None)
        if prefix is None:
            return None
        prefixes.append(prefix)
        left = [name for name in left if name not in {prefix + entry for entry in place.entries}]
    return None if left else prefixes


def _prefix(name: str, endings: Iterable[str]) -> str | None:
    """The name of the layer and a dot, if this can be the name of one of its entries."""
    return next((name.removesuffix(end) for end in endings if name == end or name.endswith(f".{end}")), None)


def _check(places: Sequence[Place], prefixes: Sequence[str], arrays: Mapping[str, Array]) -> None:
    """Refuse what does not fit, all of it at once."""
    problems, wanted = [], set[str]()
    for place, prefix in zip(places, prefixes, strict=True):
        for name, own in place.entries.items():
            wanted.add(prefix + name)
            found = arrays.get(prefix + name)
            if found is None and name in place.required:
                problems.append(f"{prefix}{name} {own.shape} is missing, for {place.layer!r}")
            elif found is not None and found.shape != own.shape:
                problems.append(f"{prefix}{name} is {found.shape}, {place.layer!r} needs {own.shape}")
    problems += [f"{name} {array.shape} is unexpected" for name, array in arrays.items() if name not in wanted]
    if problems:
        raise StateError(f"from_torch: nothing was loaded: {'; '.join(problems)}")


def _array(name: str, value: Any) -> Array:
    """The value as an array, taken out of torch's graph and off its device."""
    if isinstance(value, Mapping):
        raise OpError(f"from_torch: {name} is a dict in the dict; if it is the state dict, give it alone")
    try:
        for method in ("detach", "cpu", "numpy"):
            value = getattr(value, method)() if hasattr(value, method) else value
        array = np.asarray(value)
    except TypeError as error:  # of dtypes NumPy does not have
        raise OpError(f"from_torch: {name} cannot be read: {error}") from error
    if array.dtype.kind not in "fiub":
        raise OpError(f"from_torch: {name} must be an array of real numbers; got dtype {array.dtype}")
    return array
