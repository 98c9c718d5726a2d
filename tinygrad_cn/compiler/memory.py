"""Memory: which array each value lives in, decided by when it is used for the last time.

State stays in its own arrays and is written in place; a gradient is written where its vector of gradients has its
part; everything else takes an array that is free, or that of an argument nobody needs any more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np

from ..ops.op import Array
from .program import LOOK, OUTSIDE, VIEWS, Path, Program, Shape, Value, base, children, look
from .state import Key

FOREVER = 1 << 60
LINE = 64  # bytes
FRESH = frozenset(["call", "draw", "item", "scalar"])  # values that a function returns: a local name, not an array


class Memory:
    """The arrays of a program.

    Parameters
    ----------
    program : Program
        After the passes.
    shared : dict
        Arrays of the state that other programs of the same step use already, by place; those made are put in.

    Attributes
    ----------
    arrays : dict
        The array each value lives in; values that are known only when the step runs are not in it.
    state : dict
        The arrays of the state, by place.
    copies : list of (Array, Value)
        What is to be copied into the state at the end.
    allocated : list
        All arrays made for values in between.
    borders : set of Value
        Updates of a constant that hold its entries already, for good: the border around images, which no step changes.
    """

    def __init__(self, program: Program, shared: dict[Key, Array]) -> None:
        self.program = program
        self._shared = shared
        self.arrays: dict[Value, Array] = {}
        self.state: dict[Key, Array] = {}
        self.copies: list[tuple[Array, Value]] = []
        self.allocated: list[Array] = []
        self.borders: set[Value] = set()
        self._inputs = {value.args[0]: value for value in program.values if value.op == "input"}
        self._part_of: dict[Value, tuple[Value, Path]] = {}
        self._free: dict[Any, list[Array]] = defaultdict(list)
        self._owner: dict[Value, Array] = {}
        self._targets: dict[Value, Array] = {}
        self._position = {value: i for i, value in enumerate(program.values)}
        self._last = self._last_uses()
        self._readers = self._all_readers()
        self._place_outside()
        views = self._place_finals()
        self._place_packs()
        for i, value in enumerate(program.values):
            self._place(i, value)
        for key, value in views.items():
            if key not in self.state:
                self._show(key, value)

    def fixed(self, value: Value) -> bool:
        """True for a value that lives in the same array in every step."""
        source = base(value)
        if source.op == "input":
            return _array(source) and source.args[0][0] != "arg"
        return source.op not in FRESH

    # ---- lifetimes ----------------------------------------------------------------------------------

    def _last_uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for i, value in enumerate(self.program.values):
            for x in children(value.args):
                last[base(x)] = i
        for value in [*self.program.finals.values(), *children(self.program.result)]:
            last[base(value)] = FOREVER
        return last

    def needed_after(self, value: Value, run: Collection[Value]) -> bool:
        """True if something outside a run of calls reads what one of them computes."""
        return self._last.get(value) == FOREVER or any(reader not in run for reader in self._readers[value])

    def _all_readers(self) -> dict[Value, list[Value]]:
        readers: dict[Value, list[Value]] = defaultdict(list)
        for value in self.program.values:
            for x in {base(x) for x in children(value.args)} if value.op not in VIEWS else ():
                readers[x].append(value)
        return readers

    # ---- what has a place of its own ----------------------------------------------------------------

    def _place_outside(self) -> None:
        for value in self.program.values:
            if value.op == "input" and self.fixed(value):
                array = self._shared.get(value.args[0])
                if array is None or (array.shape, array.dtype) != (value.shape, value.dtype):
                    array = self._shared[value.args[0]] = aligned(value.shape, value.dtype)
                self.state[value.args[0]] = self.arrays[value] = array
            elif value.op == "constant":
                self.arrays[value] = value.args[0]

    def _place_finals(self) -> dict[Key, Value]:
        """State is written in place where the old state is no longer read; else copied at the end.

        A gradient that is a view is handed out as it is.
        """
        views: dict[Key, Value] = {}
        for key, value in self.program.finals.items():
            if not _array(value):
                continue
            old = self._inputs.get(key)
            if key[0] == "grad" and old is None and value.op in VIEWS:
                views[key] = value
                continue
            if old is None:
                self.state[key] = aligned(value.shape, value.dtype)
            if not self._aim(value, self.state[key], old):
                self.copies.append((self.state[key], value))
        return views

    def _show(self, key: Key, value: Value) -> None:
        """Hand out a view as a gradient, or a copy of it if another gradient lies there as well."""
        view = self.arrays.get(value)
        others = [array for place, array in self.state.items() if place[0] == "grad"]
        if view is None or not view.flags.writeable or any(np.may_share_memory(view, array) for array in others):
            self.state[key] = aligned(value.shape, value.dtype)
            self.copies.append((self.state[key], value))
        else:
            self.state[key] = view

    def _aim(self, value: Value, array: Array, old: Value | None) -> bool:
        """Let a value, and what it is made of in place, be computed in a given array, if it can be."""
        if not self.fixed(value) or value in self._targets or value.op in VIEWS or value.op in ("input", "constant"):
            return False
        if old is not None and not self._read_by(value, old):
            return False
        self._targets[value] = array
        if old is not None and value.elementwise:
            for x in children(value.args):
                alike = x.elementwise and (x.shape, x.dtype) == (value.shape, value.dtype)
                if alike and self._last[x] == self._position[value] and self._aim(x, array, old):
                    break
        return True

    def _read_by(self, value: Value, old: Value) -> bool:
        """True if the old state is read no later than where the new value is computed."""
        i, last = self._position[value], self._last.get(old, -1)
        entrywise = value.elementwise and all(x is old or base(x) is not old for x in children(value.args))
        return last < i or (last == i and entrywise)

    def _place_packs(self) -> None:
        """What a pack is made of is computed in its part of the pack, if it can be."""
        for value in self.program.values:
            if value.op == "pack":
                for part, path in zip(*value.args, strict=True):
                    if not self._place_gradient(value, part, path) and self._movable(part):
                        self._part_of[part] = value, path
                        self._last[value] = max(self._last[value], self._last[part])

    def _place_gradient(self, pack: Value, part: Value, path: Path) -> bool:
        """A gradient lies in its part of the vector of gradients, unless it is added to one a step begins with."""
        keys = [key for key, final in self.program.finals.items() if final is part and key[0] == "grad"]
        if not keys or keys[0] in self._inputs:
            return False
        whole = self.arrays.get(pack)
        if whole is None:
            whole = self.arrays[pack] = self._new(pack).reshape(pack.shape)
        old, self.state[keys[0]] = self.state.get(keys[0]), look(whole, path)
        if old is not None and self._targets.get(part) is old:
            self._targets[part] = self.state[keys[0]]
        else:
            self.copies = [(array, value) for array, value in self.copies if array is not old]
        return True

    def _movable(self, part: Value) -> bool:
        """True for a value that may be computed anywhere, and has no place yet."""
        stays = part.op in VIEWS or part.op in OUTSIDE or part.op == "update" or not self.fixed(part)
        return not stays and part not in self._targets and part not in self._part_of

    # ---- the rest -----------------------------------------------------------------------------------

    def _place(self, i: int, value: Value) -> None:
        if self.fixed(value):
            if value.op in VIEWS:
                source = self.arrays[value.args[0]]
                view = LOOK[value.op](source, value.args[1])
                if value.op == "reshape" and value.size and not np.may_share_memory(view, source):
                    view = self._take(value)
                self.arrays[value] = view
            elif value not in self.arrays:
                self.arrays[value] = self._target(i, value)
        for used in dict.fromkeys(map(self._holder, children(value.args))):
            if self._last[used] == i and used in self._owner:
                self._give(self._owner.pop(used))

    def _target(self, i: int, value: Value) -> Array:
        if value in self._targets:
            return self._targets[value]
        inside = self._in_pack(value) if value in self._part_of else self._inside(i, value)
        if inside is not None:
            return inside
        for x in children(value.args) if value.elementwise else [value.args[0]] if value.op == "update" else []:
            source = base(x)
            if self._last[source] == i and source in self._owner and _same_layout(x, value):
                self._owner[value] = self._owner.pop(source)
                return self._owner[value].reshape(value.shape)
        return self._take(value)

    def _holder(self, x: Value) -> Value:
        """The value that owns the array in which x lies."""
        source = base(x)
        while source in self._part_of and source not in self._owner:
            source = self._part_of[source][0]
        return source

    def _in_pack(self, value: Value) -> Array | None:
        pack, path = self._part_of[value]
        if pack not in self.arrays:
            inside = self._in_pack(pack) if pack in self._part_of else None
            self.arrays[pack] = self._take(pack) if inside is None else inside
        part = look(self.arrays[pack], path)
        return part if value.elementwise or part.flags.c_contiguous else None

    def _inside(self, i: int, value: Value) -> Array | None:
        """The part of a larger array that this value is about to replace, if it can be computed there at once."""
        if value.op == "update" and value.args[0].op == "constant" and self._is_border(value):
            return self._border(value)
        update = self._readers[value][0] if len(self._readers[value]) == 1 else None
        if update is None or update.op != "update" or update.args[2] is not value or value.op in ("copy", "update"):
            return None
        old, path, _ = update.args
        if old.op == "constant":
            whole = self._border(update) if self._is_border(update) else None
        else:
            alone = old in self._owner and self._last.get(old) == self._position[update]
            read = [x for x in self._readers[old] if x is not update and self._position[x] >= i]
            fits = not read or (read == [value] and value.elementwise)
            whole = self.arrays[old] if alone and fits else None
        if whole is None:
            return None
        part = look(whole, path)
        return part if np.may_share_memory(part, whole) else None

    def _is_border(self, update: Value) -> bool:
        """True if nobody writes into the result: the constant around it stays."""
        written = any(x.op == "update" and x.args[0] is update for x in self._readers[update])
        return not written and self._last.get(update, FOREVER) != FOREVER

    def _border(self, update: Value) -> Array:
        if update not in self.borders:
            self.borders.add(update)
            self.arrays[update] = self._new(update).reshape(update.shape)
            self.arrays[update][...] = update.args[0].args[0]
        return self.arrays[update]

    def _take(self, value: Value) -> Array:
        """An array that is free, or a new one."""
        free = self._free[value.dtype, value.size]
        self._owner[value] = raw = free.pop() if free else self._new(value)
        return raw.reshape(value.shape)

    def _give(self, raw: Array) -> None:
        self._free[raw.dtype, raw.size].append(raw)

    def _new(self, value: Value) -> Array:
        array = aligned((value.size,), value.dtype)
        self.allocated.append(array)
        return array


def aligned(shape: Shape, dtype: Any) -> Array:
    """An array that begins with a line of the cache; products read others up to twice as slowly."""
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(nbytes + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    array: Array = raw[start : start + nbytes].view(dtype)
    return array.reshape(shape)


def _array(value: Value) -> bool:
    return value.dtype is not None


def _same_layout(x: Value, value: Value) -> bool:
    """True if x holds its entries in the order in which value will."""
    while x.op == "reshape":
        if x.shape != value.shape:
            return False
        x = x.args[0]
    return x.op not in VIEWS and (x.size, x.dtype) == (value.size, value.dtype)
