"""Sequential: modules one after the other, numbered as in the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from ..errors import OpError
from .activation import Activation
from .module import Member, Module, Parameter


class Sequential(Module):
    """Modules applied one after the other.

    Those that have parameters are numbered from 1, and their parameters are called W1, b1, W2, …; batch and
    layer norm keep the number of the layer before: gamma1, beta1.
    `net.W1` and `net["W1"]` are the first weights; `net[0]` is the first module, `net[:2]` a
    Sequential of the first two, with the same parameters.

    `net[-1] = nn.Dense(20, 5)` puts another module in the place of the last, `net[-2:] = [...]` others in the place
    of the last two, and `net.append(...)` adds one; parameters are numbered anew. An optimiser made before holds the
    parameters that were there: make a new one.

    Parameters
    ----------
    *modules : Module or callable
        A function of one Tensor is wrapped into a module.

    Raises
    ------
    OpError
        If one of them is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import nn
    >>> net = nn.Sequential(nn.Dense(2, 4, seed=1), nn.Tanh(), nn.Dense(4, 1, seed=2), nn.Sigmoid())
    >>> {name: value.shape for name, value in net.state_dict().items()}
    {'W1': (4, 2), 'b1': (4, 1), 'W2': (1, 4), 'b2': (1, 1)}
    >>> net(np.zeros((2, 3))).numpy()
    array([[0.5, 0.5, 0.5]])
    """

    def __init__(self, *modules: Module | Callable[[Any], Any]) -> None:
        self.layers = [_as_module(i, module) for i, module in enumerate(modules)]

    def forward(self, X: Any) -> Any:
        """Apply every module in turn."""
        for module in self.layers:
            X = module(X)
        return X

    def _paths(self) -> Iterator[tuple[str, Member]]:
        number, taken = 0, set[str]()
        for module in self.layers:
            paths = dict(module._paths())
            if paths and not (module.joins and taken.isdisjoint(paths)):
                number, taken = number + 1, set()
            taken |= paths.keys()
            own = {*vars(module)}
            yield from ((f"{path}{number}" if path in own else f"{number}.{path}", p) for path, p in paths.items())

    def __getattr__(self, name: str) -> Parameter:
        if "layers" in vars(self):
            for path, parameter in self.named_parameters():
                if path == name:
                    return parameter
        raise AttributeError(f"{type(self).__name__} has no attribute or parameter {name!r}")

    def __getitem__(self, key: int | slice | str) -> Any:
        if isinstance(key, str):
            return super().__getitem__(key)
        if isinstance(key, slice):
            part = Sequential()
            vars(part)["layers"] = self.layers[key]  # not by assignment, which would rename the parameters
            return part
        return self.layers[key]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        layers = list(self.layers)
        if isinstance(key, slice):
            layers[key] = [_as_module(i, module) for i, module in enumerate(value)]
        else:
            layers[key] = _as_module(key, value)
        self._become(layers)

    def append(self, module: Module | Callable[[Any], Any]) -> Self:
        """Add a module, or a function, at the end; returns self.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> [*nn.Sequential(nn.Dense(2, 3)).append(nn.Tanh()).append(nn.Dense(3, 1)).state_dict()]
        ['W1', 'b1', 'W2', 'b2']
        """
        self._become([*self.layers, _as_module(len(self), module)])
        return self

    def _become(self, layers: list[Module]) -> None:
        """Take other layers and name the parameters anew, after the same prefix if it is itself a part."""
        path, first = next(self.named_parameters(), ("", None))
        prefix = "" if first is None or not first.name else first.name.removesuffix(path)
        self.layers = layers
        for path, parameter in self.named_parameters():
            parameter.name = prefix + path

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


def _as_module(i: int, module: Any) -> Module:
    if isinstance(module, Module):
        return module
    if not callable(module) or isinstance(module, type):
        raise OpError(f"Sequential: entry {i} must be a Module or a function; got {module!r}")
    return Activation(module)
