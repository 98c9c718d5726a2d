"""`tg.compile`: a training step that is recorded when it is first called and replayed from then on."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import Node
from ..errors import CompileError, CompileWarning
from ..ops.op import Array
from ..train.interrupts import Interrupts
from . import fuse
from . import mkl as products
from .passes.dead import dead
from .program import same
from .replay import Replay
from .report import Report
from .settings import Settings
from .state import Found, Key, find
from .trace import Recording, run

TRIES = 4  # recordings of one step, or changes of its settings in a row, before giving up
SELDOM = 50  # calls from one change of a setting to the next that make recording again worth it


Guard = Callable[[tuple[Any, ...]], bool]


@dataclass
class Version:
    """What is known of the step for arguments of certain shapes and dtypes."""

    recordings: list[Recording] = field(default_factory=list)
    replay: Replay | None = None
    guard: Guard | None = None


class Compiled:
    """A step function, recorded and replayed; made by `compile`.

    Parameters
    ----------
    step, fallback, fast, mkl
        As for `compile`.
    announce : bool
        Warn, once, if the step is recorded again.
    quiet : bool
        Do not warn if compiling is refused; `refusal` tells.

    Attributes
    ----------
    refusal : str
        Why calls run the step plainly, or "".
    """

    def __init__(
        self,
        step: Callable[..., Any],
        fallback: bool = False,
        announce: bool = True,
        fast: bool | None = None,
        mkl: bool | None = None,
        quiet: bool = False,
    ) -> None:
        functools.update_wrapper(self, step)
        self.step, self.fallback, self.announce, self.quiet = step, fallback, announce, quiet
        self.fast = fuse.available() if fast is None else fast
        self.mkl = products.available() if mkl is None else mkl
        self._entered = threading.Lock()
        self._versions: dict[Any, Version] = {}
        self._found: Found | None = None
        self._settings: Settings | None = None
        self._shared: dict[Key, Array] = {}
        self._calls = self._resets = self._reset_at = 0
        self.refusal = ""
        self._latest: Replay | None = None
        self._usual: tuple[Replay, Guard] | None = None  # the latest one, and what tells if it fits

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the step once: plainly if compiling was refused, recorded the first two times, else replayed."""
        if not self._entered.acquire(blocking=False):
            raise CompileError(
                f"{self._name} was called while it is running, from another thread or from itself; a compiled step "
                f"has one set of arrays. Compile a step for each thread"
            )
        try:
            self._calls += 1
            with Interrupts() as interrupts:
                result = self._run(args, kwargs)
            interrupts.check()
            return result
        finally:
            self._entered.release()

    def __reduce__(self) -> tuple[Any, ...]:
        """Of a compiled step the step is copied or sent elsewhere, where it is recorded anew."""
        return type(self), (self.step, self.fallback, self.announce, self.fast, self.mkl, self.quiet)

    @property
    def source(self) -> str:
        """The text of the latest program, or of what will be one if the next call confirms it.

        Raises
        ------
        CompileError
            Before the first call, or if compiling was refused.
        """
        return self._program().source

    def report(self) -> Report:
        """What the latest program costs, and what the passes have saved; print it.

        Raises
        ------
        CompileError
            Before the first call, or if compiling was refused.
        """
        return self._program().report

    @property
    def _name(self) -> str:
        return getattr(self.step, "__name__", "the step")

    def _program(self) -> Replay:
        if self._latest is not None:
            return self._latest
        seen = [version.recordings[-1] for version in self._versions.values() if version.recordings]
        if self.refusal or not seen or self._found is None:
            raise CompileError(self.refusal or f"{self._name} has not been called, so it has no program yet")
        return Replay(seen[-1], self._found, {}, {}, self.fast, self.mkl)

    # ---- one step -----------------------------------------------------------------------------------

    def _run(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if self._usual is not None and not kwargs and _holds(self._usual[1], args):
            return self._usual[0](args, kwargs)
        if self.refusal:
            return self.step(*args, **kwargs)
        try:
            version = self._version(args, kwargs)
            if version.replay is None:
                return self._record(version, args, kwargs)
        except CompileError as error:
            if not self.fallback:
                raise
            self.refusal = f"{self._name} is not compiled: {error}"
            if not self.quiet:
                warnings.warn(self.refusal, CompileWarning, stacklevel=4)
            return self.step(*args, **kwargs)
        self._latest = version.replay
        if self._settings is not None and all(x.__class__ is np.ndarray for x in args):
            version.guard = version.guard or version.replay.guard(args, self._settings)
            self._usual = version.replay, version.guard
        return version.replay(args, kwargs)

    def _version(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Version:
        """What is known of the step for these arguments, after a look at all that was taken for granted."""
        key = (tuple(map(_kind, args)), tuple((name, _kind(x)) for name, x in kwargs.items()))
        setting = self._settings.changed() if self._settings is not None else ""
        version = self._versions.get(key)
        if setting or (version is not None and version.replay is not None and not version.replay.ready()):
            self._forget(setting or "a gradient or the shape of a parameter")
            version = None
        if version is None:
            if self._versions and self.announce:
                self.announce = False
                warnings.warn(f"{self._name} is recorded again for arguments {key}", CompileWarning, stacklevel=5)
            version = self._versions[key] = Version()
        return version

    def _forget(self, setting: str) -> None:
        self._resets = self._resets + 1 if self._calls - self._reset_at < SELDOM else 1
        self._reset_at = self._calls
        if self._resets > TRIES:
            raise CompileError(f"{setting} changes from step to step; pass it as an argument, a number as a float")
        self._versions.clear()
        self._usual = None
        self._found = None

    def _record(self, version: Version, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Record a step; the second of two equal recordings is what will be replayed."""
        if self._found is None:
            self._found = find(self.step)
            self._settings = Settings(self._found)
        recording = run(self.step, args, kwargs, self._found)
        recording.program = dead(recording.program)
        earlier = version.recordings[-1] if version.recordings else None
        version.recordings.append(recording)
        if earlier is not None and same(earlier.program, recording.program):
            version.replay = Replay(
                recording, self._found, self._shared, _required(earlier, recording), self.fast, self.mkl
            )
            version.recordings.clear()
            self._latest = version.replay
        elif len(version.recordings) == TRIES:
            self._give_up()
        return recording.result

    def _give_up(self) -> None:
        """Refuse from the next call on: this one is done."""
        self.refusal = (
            f"{self._name} is not compiled: it made other calls, or used other constants, each of the {TRIES} times it "
            f"was recorded. Pass what changes as arguments"
        )
        if not self.quiet:
            warnings.warn(self.refusal, CompileWarning, stacklevel=6)


def compile(
    step: Callable[..., Any], *, fallback: bool = False, fast: bool | None = None, mkl: bool | None = None
) -> Compiled:
    """Record a training step and replay it as a short list of NumPy calls on prepared arrays.

    The first two calls with arguments of the same shapes and dtypes run the step and record it: forward pass,
    backward pass and optimiser. If both recordings agree, later calls replay them, with dead code, double work and
    most memory traffic taken out. Parameters, gradients and what the optimiser remembers can be read and assigned
    between steps as ever; learning rates are read anew in every step.

    Parameters
    ----------
    step : callable
        Takes arrays, Tensors, numbers; computes a cost, calls `backward()` and a `step()` of an optimiser. May return
        Tensors (they come back without history), arrays, numbers such as `J.item()`, or lists, tuples and dicts.
    fallback : bool
        True: what cannot be compiled runs plainly, and a warning says so once. False: it raises.
    fast : bool, optional
        True: runs of arithmetic become loops compiled by Numba (extra `fast`), which takes some tenths of a second
        each, once. By default, if Numba is installed. The loops do not warn of overflow or division by zero.
    mkl : bool, optional
        True: large matrix products are made by Intel's MKL (extra `mkl`), whose sums round otherwise than those of
        NumPy's BLAS. By default, if it is installed.

    Returns
    -------
    Compiled
        Called like `step`; `.source` is its text, `.report()` what it costs.

    Raises
    ------
    TypeError
        If `step` is not a function.
    CompileError
        At once, if `fast` is True and Numba is not installed, or `mkl` is True and MKL is not. When it is called: if
        Python looks at a value within the step, by `if`, `float()` or `np.asarray()`; if it writes into an argument, or
        into an array from outside that is not a Tensor's; if a parameter has a hook, or shares memory with another; if
        something from outside changes all the time; if it is entered twice at once. Parameters are then as before.

    Warns
    -----
    CompileWarning
        Once, if it is recorded again for other shapes or dtypes; once, if it is not compiled.

    Notes
    -----
    Python code in the step runs only while it is recorded: what it prints, counts or appends happens then and not in
    replays, and the range checks of the losses look only at the values of that moment. Gradients are overwritten by the
    next step; copy what you want to keep. An array assigned as `data` is copied when the next step begins.

    Variables, attributes and entries of lists and dicts that the code of the step mentions may change between steps,
    and so may parts and options of nets and optimisers: the step is then recorded again. If they do so all the time it
    raises; pass such numbers as arguments. Of an array from outside that is changed in place, 256 entries are looked
    at, spread evenly; of a list, 100. Content of Tensors is read anew in every step, whether they learn or not.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> from tinygrad_cn import data, nn, optim
    >>> X, Y = data.xor()
    >>> net = nn.DNN([2, 8, 1], hidden="tanh", seed=0)
    >>> opt = optim.SGD(net.parameters(), lr=1.0)
    >>> @tg.compile
    ... def step(X, Y):
    ...     J = nn.binary_cross_entropy(net(X), Y)
    ...     opt.zero_grad()
    ...     J.backward()
    ...     opt.step()
    ...     return J.item()
    >>> costs = [step(X, Y) for _ in range(300)]
    >>> costs[-1] < 0.05
    True
    >>> print(step.source)  # doctest: +ELLIPSIS
    #...
    def replay(lr, X, Y):
        dot(W1, X, Z1)
        add(Z1, b1, Z1)
        tanh(Z1, A1)
        dot(W2, A1, Z2)
        ...
    """
    if not callable(step):
        raise TypeError(f"step must be a function of arrays that trains once; got {step!r}")
    if fast and not fuse.available():
        raise CompileError("fast=True needs Numba: pip install 'tinygrad-cn[fast]'")
    if mkl and not products.available():
        raise CompileError("mkl=True needs Intel's MKL: pip install 'tinygrad-cn[mkl]'")
    return Compiled(step, fallback, fast=fast, mkl=mkl)


# ---- helpers ----------------------------------------------------------------------------------------


def _holds(guard: Guard, args: tuple[Any, ...]) -> bool:
    try:
        return guard(args)
    except (LookupError, ValueError):  # a setting is gone, or there are more arguments
        return False


def _kind(x: Any) -> Any:
    """What of an argument a recording depends on: shape and dtype of arrays, nothing of floats, all of the rest."""
    if isinstance(x, Node):
        if x.requires_grad:
            raise CompileError(
                "an argument of a compiled step is a Tensor with requires_grad=True; use it from outside"
            )
        return "Tensor", x._data.shape, x._data.dtype.str
    if isinstance(x, np.ndarray | np.generic):
        return "array", x.shape, x.dtype.str
    if type(x) is float:
        return "float"
    if x is None or isinstance(x, bool | int | str):
        return type(x).__name__, x
    raise CompileError(f"an argument of a compiled step must be an array, a Tensor or a number; got {type(x).__name__}")


def _required(a: Recording, b: Recording) -> dict[Key, bool]:
    """Places of gradients whose presence decides how the step goes."""
    used = {value.args[0] for value in b.program.values if value.op == "input"}
    return {
        key: there
        for key, there in b.gradients.items()
        if a.gradients[key] == there and (not there or (key in used and key in b.program.finals))
    }
