"""Module and Parameter: a model is an object whose attributes hold what is to be learned.

Nothing is registered: the parameters of a module are found by looking at its attributes, and at
lists and dicts among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import autograd
from ..errors import OpError, StateError
from ..ops.op import Array
from ..tensor import Tensor
from .loading import Loaded, sorted_out


class Parameter(Tensor):
    """A leaf Tensor that is to be learned.

    Parameters
    ----------
    data : array_like
        Floating-point start value; copied.
    requires_grad : bool
        False freezes it.
    name : str, optional
        Given by the module that holds it.

    Raises
    ------
    OpError
        If `data` is not floating point.

    Examples
    --------
    >>> Parameter([[0.5, -0.5]], name="W1")
    Tensor([[ 0.5, -0.5]], name='W1', requires_grad=True)
    """

    __slots__ = ()
    learned = True

    def __init__(self, data: ArrayLike, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, requires_grad, name)


@dataclass(frozen=True)
class Buffer:
    """An array of a module that is kept with the parameters but not learned, such as a running mean."""

    module: Module
    attribute: str

    @property
    def value(self) -> Array:
        """The array itself."""
        array: Array = vars(self.module)[self.attribute]
        return array


Member = Parameter | Buffer


class Module:
    """Base class of models and layers: give it Parameters or Modules as attributes, and a `forward`.

    Attributes
    ----------
    training : bool
        True while learning; layers such as dropout behave differently when it is False.
    buffers : tuple of str
        Of a class: attributes with arrays that are saved and loaded with the parameters, though not learned.
    joins : bool
        Of a class: in a Sequential its parameters take the number of the layer before, as γ and β do.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_cn import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.fc1 = nn.Dense(2, 3, seed=0)
    ...         self.fc2 = nn.Dense(3, 1, seed=1)
    ...
    ...     def forward(self, X):
    ...         return nn.sigmoid(self.fc2(nn.tanh(self.fc1(X))))
    >>> net = Net()
    >>> net(np.zeros((2, 5))).shape
    (1, 5)
    >>> [name for name, _ in net.named_parameters()]
    ['fc1.W', 'fc1.b', 'fc2.W', 'fc2.b']
    """

    training: bool = True
    buffers: ClassVar[tuple[str, ...]] = ()
    joins: ClassVar[bool] = False

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the output; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward()")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """`net(X)` is `net.forward(X)`."""
        return self.forward(*inputs, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        _refuse_overwrite(self, name, value)
        super().__setattr__(name, value)
        if any(True for _ in _members(name, value)):
            for path, parameter in self.named_parameters():
                parameter.name = path

    # ---- parts --------------------------------------------------------------------------------------

    def parameters(self) -> list[Parameter]:
        """Every Parameter of this module and of the modules in it, each once.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> sum(parameter.size for parameter in nn.DNN([2, 4, 1]).parameters())
        17
        """
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Pairs (name, Parameter); the name is the path of attributes, "fc1.W"."""
        yield from ((name, member) for name, member in self._stored() if isinstance(member, Parameter))

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and every module in it, depth first."""
        yield self
        for _, member in self._members():
            if isinstance(member, Module):
                yield from member.modules()

    def __getitem__(self, name: str) -> Any:
        found = dict(self.named_parameters())
        if name not in found:
            raise KeyError(f"no parameter {name!r}; there are {', '.join(found) or 'none'}")
        return found[name]

    def _members(self) -> Iterator[tuple[str, Member | Module]]:
        for name, value in vars(self).items():
            yield from _members(name, value)
        yield from ((name, Buffer(self, name)) for name in self.buffers)

    def _paths(self) -> Iterator[tuple[str, Member]]:
        for name, member in self._members():
            if isinstance(member, Module):
                yield from ((f"{name}.{path}", below) for path, below in member._paths())
            else:
                yield name, member

    def _stored(self) -> Iterator[tuple[str, Member]]:
        """Everything that is saved, each once, by name."""
        seen: set[Member] = set()
        for name, member in self._paths():
            if member not in seen:
                seen.add(member)
                yield name, member

    # ---- modes --------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in every module below; returns self.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> net = nn.DNN([2, 4, 1]).train(False)
        >>> net.training, net[0].training
        (False, False)
        """
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave training mode; returns self."""
        return self.train(False)

    def freeze(self, *patterns: str) -> Self:
        """Compute no gradients for these parameters, so optimisers leave them alone; returns self.

        They stay in `state_dict`. Batch norm whose γ and β are both frozen normalises by its running averages and
        keeps them, in training too, as Keras does. Dropout goes on: it has no parameters, use `eval()` to stop it.

        Parameters
        ----------
        *patterns : str
            Names, in which * and ? stand for any letters: `net.freeze("W1", "encoder.*")`. Without any, all
            parameters.

        Raises
        ------
        ValueError
            If a pattern fits no parameter; nothing has been changed then.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> net = nn.DNN([2, 4, 3, 1])
        >>> _ = net[:2].freeze()
        >>> [parameter.name for parameter in net.parameters() if parameter.requires_grad]
        ['W2', 'b2', 'W3', 'b3']
        >>> _ = net.freeze("?2")
        >>> [parameter.name for parameter in net.parameters() if parameter.requires_grad]
        ['W3', 'b3']
        """
        for parameter in self._chosen("freeze", patterns):
            parameter.requires_grad = False
            parameter.grad = None
        return self

    def unfreeze(self, *patterns: str) -> Self:
        """Undo `freeze`, for all parameters or for those whose names fit a pattern; returns self.

        Raises
        ------
        ValueError
            If a pattern fits no parameter.
        """
        for parameter in self._chosen("unfreeze", patterns):
            parameter.requires_grad = True
        return self

    @property
    def frozen(self) -> bool:
        """Whether it has parameters, and all of them are frozen."""
        parameters = self.parameters()
        return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)

    def _chosen(self, call: str, patterns: tuple[str, ...]) -> list[Parameter]:
        """The parameters whose names fit a pattern; without patterns, all."""
        named = list(self.named_parameters())
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name, _ in named):
                names = ", ".join(name for name, _ in named) or "none"
                raise ValueError(f"{call}: no parameter fits {pattern!r}; there are {names}")
        return [p for name, p in named if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]

    # ---- values -------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameter values by name, and of the buffers of layers that have some.

        Returns
        -------
        dict of str to ndarray
            `{"W1": array, "b1": array, ...}`.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> nn.DNN([2, 1], init="zeros").state_dict()
        {'W1': array([[0., 0.]]), 'b1': array([[0.]])}
        """
        return {name: _array(member).copy() for name, member in self._stored()}

    def load_state_dict(self, state: Mapping[str, ArrayLike], strict: bool = True) -> Loaded:
        """Put values into the parameters and buffers, in place and in their own dtype.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` returns it.
        strict : bool
            False: take what fits by name and shape, and leave the rest of the module as it is.

        Returns
        -------
        Loaded
            The names that matched, and those that are missing, unexpected or of another shape.

        Raises
        ------
        StateError
            With `strict`, if names or shapes do not match; it lists them all, and nothing has been changed.

        Examples
        --------
        >>> from tinygrad_cn import nn
        >>> net = nn.DNN([2, 1])
        >>> net.load_state_dict({"W1": [[1.0, 2.0]], "b1": [[3.0]]}).ok
        True
        >>> net.W1
        Tensor([[1., 2.]], name='W1', requires_grad=True)
        """
        members = dict(self._stored())
        arrays = {name: np.asarray(value) for name, value in state.items()}
        own = {name: _array(member) for name, member in members.items()}
        found = sorted_out(own, arrays)
        if strict and not found.ok:
            raise StateError(f"load_state_dict: nothing was loaded: {'; '.join(found.problems())}")
        for name in found.matched:
            own[name][...] = arrays[name]
            if isinstance(member := members[name], Parameter):
                autograd.bump(member)
        return found

    def summary(self, m: int | None = None, lang: str | None = None, image: tuple[int, int, int] | None = None) -> str:
        """Table of the matrix dimensions, layer by layer; see `tinygrad_cn.nn.summary.summary`."""
        from .summary import summary  # a module that knows the layers, which know this one

        return summary(self, m, lang, image)

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={member!r}" for name, member in self._members() if isinstance(member, Module))
        return f"{type(self).__name__}({parts})"


# ---- helpers ----------------------------------------------------------------------------------------


def _members(path: str, value: Any) -> Iterator[tuple[str, Parameter | Module]]:
    """Parameters and Modules in an attribute: the value itself, or the entries of lists and dicts."""
    if isinstance(value, (Parameter, Module)):
        yield path, value
    elif isinstance(value, (list, tuple)):
        for i, entry in enumerate(value):
            yield from _members(f"{path}.{i}", entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _members(f"{path}.{key}", entry)


def _refuse_overwrite(module: Module, name: str, value: Any) -> None:
    """`net.W1 = array` would leave the layer as it is."""
    if not isinstance(getattr(module, name, None), Parameter):
        return
    if name not in vars(module) or not isinstance(value, Parameter):
        raise OpError(f"{name} is a Parameter and stays one; to give it a value, write .{name}.data[...] = value")


def _array(member: Member) -> Array:
    """The array that holds the value."""
    return member.value if isinstance(member, Buffer) else member._data
