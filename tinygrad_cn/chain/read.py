"""From a named graph to a chain: quantities with formulas and gradients, and the steps that compute them.

`Reader` walks the pieces once in the order they were computed. An affine map or a convolution opens a layer
and takes the activation of its Z with it; the loss closes the chain; every other op is a step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..autograd import Node, data_of, is_frozen, needs_gradient
from ..ops.formula import Formula
from ..ops.op import Array
from .around import back_remark, forward_remark
from .attention import Attention
from .attention_step import attention_step, attention_value
from .dimension import symbols
from .formula import FUSED, contribution, expression, forward, function_name, gradient_of, total, weighted
from .layers import Piece, inner_nodes
from .model import Quantity, Role, Source, Step, backward_quantities, forward_quantities
from .moments import moment_id, moment_step, moment_value, own_parameters
from .names import written
from .naming import Named
from .recurrent import Moment


class Term(NamedTuple):
    """One summand of a gradient: through operand `i` of a piece; `scale` is "", "1/m" or "m"."""

    piece: Piece
    i: int
    scale: str
    formula: Formula


class Reader(Named):
    """Reads one graph. `steps`, `quantities` and `aliases` are the result."""

    def __init__(self, root: Node, names: Mapping[str, Any] | None, course: bool) -> None:
        super().__init__(root, names)
        self.course = course and self.mean
        self.quantities: dict[str, Quantity] = {}
        self.steps = self._steps()
        self.quantities = {q.name: q for q in (*forward_quantities(self.steps), *backward_quantities(self.steps))}

    # ---- quantities ---------------------------------------------------------------------------------

    def _value_of(
        self, x: Any, role: Role, formula: Formula | None = None, shapes: str = "", remark: str = ""
    ) -> Quantity:
        key = self.names[id(x)]
        if key not in self.quantities:
            shape = np.shape(data_of(x))
            self.quantities[key] = Quantity(
                key,
                "X = A[0]" if key == "A0" else written(key),
                role,
                shape,
                symbols(self, x),
                formula,
                shapes,
                lambda: np.asarray(data_of(x)),
                remark,
                frozen=role == "parameter" and is_frozen(x),
            )
        return self.quantities[key]

    def _gradient(self, x: Any, shapes: str = "", remark: str = "", fused: Formula | None = None) -> Quantity:
        """The gradient of x: the sum of what its consumers contribute."""
        name = self.names[id(x)]
        key = f"d{name}"
        if key not in self.quantities:
            terms = self.terms(x)
            parts = [term.formula for term in terms]
            remark = remark or next(filter(None, (back_remark(t.piece, t.i, self.name) for t in terms)), "")
            self.quantities[key] = Quantity(
                key, gradient_of(self.name(x)), "gradient", np.shape(data_of(x)), symbols(self, x),
                fused or total(parts), shapes, self._reader(x), remark, optional=_unneeded(x),
            )  # fmt: skip
            standard = self.standards[name]
            if self.aliases[standard] == name:
                self.aliases[f"d{standard}"] = key
            if name in self.in_modules:
                self.aliases[f"d{self.in_modules[name]}"] = key
        return self.quantities[key]

    def terms(self, x: Any) -> list[Term]:
        """What each consumer of x adds to its gradient, in the order of use."""
        return [self._term(p, i, self._scale(p, x)) for p, i in self.consumers[id(x)]]

    def _term(self, piece: Piece, i: int, scale: str) -> Term:
        alone = contribution(piece, i, self.name, scale)
        if piece.kind not in ("loss", "own_loss", "penalty") or self._counts_once(piece.out):
            return Term(piece, i, scale, alone)
        return Term(piece, i, scale, weighted(gradient_of(self.name(piece.out)), alone))

    def _counts_once(self, term: Node) -> bool:
        """Whether a term of the cost has the gradient 1: it is J, or J is a plain sum with it."""
        uses = self.consumers.get(id(term), [])
        return term is self.root or [(p.kind, p.out is self.root) for p, _ in uses] == [("total", True)]

    def _scale(self, piece: Piece, x: Any) -> str:
        """The factor the course convention puts between d(out) and d(x)."""
        if not self.course:
            return ""
        before, after = piece.out in self.columns, isinstance(x, Node) and x in self.columns
        if before == after or not isinstance(x, Node):
            return ""
        return "1/m" if before else "m"

    def _reader(self, x: Any) -> Any:
        """Reads the gradient now; that of a constant input is worked out from its consumers' when asked."""
        factor = float(self.m or 1) if self.course and isinstance(x, Node) and x in self.columns else 1.0

        def read() -> Array | None:
            g = self.opened.gradient(x)
            return g if g is None or factor == 1.0 else g * factor

        def derive() -> Array | None:
            parts = [self._through_layer(p, x) for p, _ in self.consumers[id(x)] if p.is_layer]
            known = [p for p in parts if p is not None]
            return np.asarray(sum(known)) if known and len(known) == len(parts) else None

        return read if needs_gradient(x) else derive

    def _through_layer(self, piece: Piece, x: Any) -> Array | None:
        """Wᵀ dZ, or Wᵀ * dZ, for an input that itself requires no gradient."""
        upstream = self._gradient(piece.out).value
        w = data_of(piece.roles[0])
        if upstream is None or piece.kind == "affine":
            return None if upstream is None else np.asarray((w if piece.flipped else w.T) @ upstream)
        op, inputs = piece.out._op, piece.out._inputs
        assert op is not None
        i = next(i for i, y in enumerate(inputs) if y is x)
        return np.asarray(op.gradient(i, upstream, piece.out._data, [*map(data_of, inputs)], piece.out._options))

    # ---- steps --------------------------------------------------------------------------------------

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        home: dict[int, str] = {}  # which step computes a value
        done: set[Piece] = set()
        members: dict[Moment, list[Piece]] = {}
        for piece in self.pieces:
            if piece in done:
                continue
            for x in piece.operands:
                self._input_step(piece, x, home, steps)
            if moment := self.moments.get(piece):
                home |= {id(x): moment_id(moment) for x in (piece.out, *own_parameters(piece))}
                steps += self._at_moment(moment, piece, members, home)
                continue
            if attention := self.attentions.get(piece):
                steps += self._in_attention(attention, piece, home)
                continue
            made = self._with_what_follows(piece)
            done.update(made)
            for x in (x for part in made[1:] for x in part.operands):
                self._input_step(made[-1], x, home, steps)
            step = self._layer(made, home) if piece.is_layer else self._plain(piece, home)
            home.update((id(p.out), step.id) for p in made)
            own = piece.operands if piece.is_layer else own_parameters(piece)
            home.update((id(x), step.id) for x in own if id(x) not in home)
            steps.append(step)
        return tuple(steps)

    def _at_moment(
        self, moment: Moment, piece: Piece, members: dict[Moment, list[Piece]], home: dict[int, str]
    ) -> list[Step]:
        """The step of a recurrent cell, once its last piece is read."""
        members.setdefault(moment, []).append(piece)
        moment_value(self, piece)
        complete = len(members[moment]) == self.moment_sizes[moment]
        return [moment_step(self, moment, members[moment], home)] if complete else []

    def _in_attention(self, attention: Attention, piece: Piece, home: dict[int, str]) -> list[Step]:
        """The step of an attention, once its last piece is read."""
        attention_value(self, attention, piece)
        step_id = str(self.layer_of[id(piece.out)])
        home |= {id(x): step_id for x in (piece.out, *own_parameters(piece))}
        return [attention_step(self, attention, home)] if piece is attention.pieces[-1] else []

    def _input_step(self, piece: Piece, x: Any, home: dict[int, str], steps: list[Step]) -> None:
        """Data that no step computes gets a step of its own; parameters of a layer belong to the layer."""
        is_data = piece.is_layer and x is piece.roles[1]
        is_leaf = not piece.is_layer and id(x) in self.names and not (isinstance(x, Node) and x._op is not None)
        if not (is_data or is_leaf) or id(x) in home or any(x is own for own in own_parameters(piece)):
            return
        step_id = "X" if self.names[id(x)] == "A0" else self.names[id(x)]
        role: Role = "parameter" if (needs_gradient(x) or is_frozen(x)) and not is_data else "data"
        home[id(x)] = step_id
        gradients = (self._gradient(x),) if role == "parameter" and needs_gradient(x) else ()
        steps.append(Step(step_id, "input", 0, "", forward=(self._value_of(x, role),), gradients=gradients))

    def _activation_of(self, piece: Piece) -> Piece | None:
        return self._user_of(piece, "activation") if piece.is_layer else None

    def _user_of(self, piece: Piece, kind: str) -> Piece | None:
        return next((p for p, _ in self.consumers.get(id(piece.out), []) if p.kind == kind), None)

    def _with_what_follows(self, piece: Piece) -> list[Piece]:
        """The pieces of one step: a layer takes its activation with it, and then dropout."""
        act = self._activation_of(piece)
        made = [piece] if act is None else [piece, act]
        drop = self._user_of(made[-1], "dropout") if piece.is_layer else None
        return made if drop is None else [*made, drop]

    def _layer(self, made: Sequence[Piece], home: dict[int, str]) -> Step:
        piece, *others = made
        act = next((p for p in others if p.kind == "activation"), None)
        w, a, b = piece.roles
        layer = self.layer_of[id(piece.out)]
        z_shape, (forwards, back, product) = np.shape(data_of(piece.out)), _shapes(piece)
        z = self._value_of(piece.out, "Z", forward(piece, self.name), forwards, forward_remark(piece, self.name))
        out: list[Quantity] = [z]
        backward: list[Quantity] = []
        masks: list[Any] = []
        for x, p in zip(made, others, strict=False):
            out.append(self._made_of(p, str(z_shape)))
            if needs_gradient(x.out):
                dx = self._dz(x.out, p, str(z_shape)) if p is act else self._gradient(x.out, str(z_shape))
                backward.insert(0, dx)
            masks += p.operands[1:2] if p.kind == "dropout" else ()
        parameters = [self._value_of(w, "parameter")] + ([] if b is None else [self._value_of(b, "parameter")])
        if needs_gradient(piece.out):
            backward.append(self._gradient(a, back))
        gradients = [self._gradient(w, product)] if needs_gradient(w) else []
        if b is not None and needs_gradient(b):
            gradients.append(self._gradient(b, str(np.shape(data_of(b)))))
        return Step(
            id=str(layer),
            kind="conv" if piece.kind == "conv" else "dense",
            layer=layer,
            label="" if act is None else act.label,
            then="dropout" if masks else "",
            parameters=tuple(parameters),
            forward=tuple(out),
            backward=tuple(backward),
            gradients=tuple(gradients),
            cache=tuple(map(self.name, (a, w, piece.out, *masks))) if needs_gradient(piece.out) else (),
            sources=tuple(self._source(x, home) for x in (a, *masks)),
        )

    def _made_of(self, piece: Piece, shapes: str) -> Quantity:
        """A, and what dropout leaves of it."""
        return self._value_of(piece.out, "A", forward(piece, self.name), shapes, forward_remark(piece, self.name))

    def _dz(self, z: Node, act: Piece, shape: str) -> Quantity:
        """dZ; A − Y where the loss and the output activation cancel."""
        uses = self.consumers.get(id(act.out), [])
        shapes = f"{shape} ⊙ {shape}" if act.label not in ("softmax", "log_softmax") else shape
        if len(uses) == 1 and (act.label, uses[0][0].label) in FUSED and self._counts_once(uses[0][0].out):
            y = self.name(uses[0][0].operands[1])
            difference = f"{self.name(act.out)} − {y}"
            fused = Formula.of(difference if self.course else f"(1/m) ({difference})")
            prime = f"{function_name(act.label)}′({self.name(z)})"
            remark = f"= {gradient_of(self.name(act.out))} ⊙ {prime}" if act.label == "sigmoid" else ""
            return self._gradient(z, shape, remark, fused)
        return self._gradient(z, shapes)

    def _plain(self, piece: Piece, home: dict[int, str]) -> Step:
        kind = "loss" if piece.kind in ("own_loss", "total") or piece.out is self.root else piece.kind
        joined = piece.kind in ("own_loss", "penalty", "total")
        rule = self._whole(piece) if joined else forward(piece, self.name)
        role: Role = "loss" if kind == "loss" else "A" if kind in ("activation", "dropout") else "op"
        remark = forward_remark(piece, self.name)
        out = self._value_of(piece.out, role, rule, str(piece.out._data.shape), remark)
        nodes = dict.fromkeys(x for x in piece.operands if isinstance(x, Node))
        flows = [x for x in nodes if x.requires_grad and x._op is not None]
        own = [x for x in own_parameters(piece) if id(x) not in home]
        return Step(
            self.names[id(piece.out)], kind, 0, piece.label,
            parameters=tuple(self._value_of(x, "parameter") for x in own), forward=(out,),
            backward=tuple(self._gradient(x, str(x._data.shape)) for x in flows),
            gradients=tuple(self._gradient(x) for x in own if x.requires_grad),
            sources=tuple(self._source(x, home) for x in piece.operands if id(x) in home),
        )  # fmt: skip

    def _whole(self, piece: Piece) -> Formula:
        """The term written out, or f(A, Y) if that is too long; many ops are not even tried."""
        short = Formula.of(f"f({', '.join(self.name(x) for x in piece.operands)})")
        if len(list(islice(inner_nodes(piece), 72))) == 72:
            return short
        ends = frozenset(x for x in piece.operands if isinstance(x, Node))
        parts = [Formula.of(self.name(x)) for x in piece.operands]
        whole = total(parts) if piece.kind == "total" else expression(piece.out, self.name, 0, ends)
        return whole if len(whole.text) <= 72 else short

    def _source(self, x: Any, home: dict[int, str]) -> Source:
        name = self.names[id(x)]
        flows = isinstance(x, Node) and x.requires_grad
        return Source(home[id(x)], self.quantities[name], self._gradient(x) if flows else None)


def _shapes(piece: Piece) -> tuple[str, str, str]:
    """How the shapes of Z, dA of the layer before, and dW come about."""
    (w, a, b), z = (np.shape(data_of(x)) for x in piece.roles), piece.out._data.shape
    plus = f" + {b}" if b else ""
    if piece.kind == "conv":
        return f"{a} * {w}{plus} → {z}", f"{w}ᵀ * {z} → {a}", f"{a} * {z} → {w}"
    if piece.flipped:
        return f"{w[::-1]} @ {a}{plus} → {z}", f"{w} @ {z} → {a}", f"{a} @ {z[::-1]} → {w}"
    columns = int(np.prod(z[1:]))  # all samples, and in a sequence all steps of them
    return f"{w} @ {a}{plus} → {z}", f"{w[::-1]} @ {z} → {a}", f"{(w[0], columns)} @ {(columns, w[1])} → {w}"


def _unneeded(x: Any) -> str:
    """Why nothing is updated by the gradient of x, or ""."""
    if needs_gradient(x):
        return ""
    return "frozen" if isinstance(x, Node) and x._op is not None else "input"
