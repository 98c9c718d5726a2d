"""The chain of any net in functions: a forward and a backward function for each kind of layer.

`LAYERS` in the program is a table: the function of a layer, the names of its parameters, its options. Backward
walks it from the end. It is what the notes' `L_model_forward` becomes when layers are of several kinds
(A. Ng, "Convolutional Neural Networks", week 1, the programming exercises). Where layers do not just follow one
another, as in residual nets and attention, a row also names all that its layer takes, and what it computes.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ...language import say
from .decomposition import COMPUTE_COST, UPDATE_PARAMETERS, Decomposition, bracketed
from .helpers import CALL, definitions, documented
from .layer import Layer, Steps, array_of, is_outside, is_parameter, is_stack
from .layer_functions import LayerFunctions
from .loop import entry
from .program import imports
from .sequence_functions import CELLS
from .stack_functions import (
    COST_IN_TIME,
    COST_OF_STEP,
    MODEL_BACKWARD,
    MODEL_FORWARD,
    NET_BACKWARD,
    NET_FORWARD,
    SLOPE_IN_TIME,
    SLOPE_OF_STEP,
)
from .table import Table
from .text import WIDTH

if TYPE_CHECKING:
    from ..chain import Chain


class Stack(Decomposition):
    """The program of a net in functions.

    Parameters
    ----------
    chain : Chain
        Of layers, and one loss of the last one and Y, or one at every time step.

    Raises
    ------
    OpError
        If the chain is something else, naming the step that does not fit.
    """

    def __init__(self, chain: Chain) -> None:
        table = Table(chain)
        self._by_step = isinstance(table.target, Steps)
        super().__init__(chain, table.loss, table.loss.operands[1] if self._by_step else table.target)
        self._layers, self._target = table.layers, table.target
        self._in_turn = is_stack(self._layers)
        self._data = self._first_data()
        goal = "X" if self._target is self._data else "Y"  # an autoencoder's
        self._variables: dict[int, str] = {id(table.output): "AL", id(self._target): goal}
        self._functions = LayerFunctions(self)
        self._called = [self._functions.name(layer) for layer in self._layers]
        for layer, name in zip(self._layers, self._called, strict=True):
            if layer.function in CELLS and not self._functions.computes(layer, name):
                raise table.misfit(layer.piece)  # a variant of the cell that the notes do not have

    def text(self, update: bool = False) -> str:
        """The program; with `update` it ends with a step of gradient descent."""
        lang = self.chain.lang
        rows = zip(self._layers, self._called, strict=True)
        table = [line for layer, name in rows for line in self._row(layer, name)]
        pairs = [f'"{name}": ({name}_forward, {name}_backward)' for name in self._functions.texts]
        functions = [text for texts in self._functions.texts.values() for text in texts]
        model = [self._told(text) for text in self._model()]
        helpers = {*self.helpers, *CALL.findall("".join(functions))}
        about = "source.table" if self._in_turn else "source.net"
        parts = [
            "\n".join(
                [
                    *self.program.about(update, self._needed()),
                    "",
                    *imports(helpers),
                    "",
                    f"# {say(about, lang)}",
                    *["LAYERS = [", *table, "]"],
                ]
            )
            + "\n",
            *definitions(helpers, lang),
            *functions,
            "\n".join(bracketed("FUNCTIONS = {", pairs, "}")) + "\n",
            *model,
            "\n".join(self._run(update)) + "\n",
        ]
        return "\n\n".join(parts)

    # ---- names --------------------------------------------------------------------------------------

    def _first_data(self) -> Any:
        """X: what the first layer takes that takes anything from outside but parameters."""
        firsts = [layer.takes[0] for layer in self._layers]
        return next((x for x in firsts if is_outside(x) and not is_parameter(x)), firsts[0])

    def _name(self, x: Any) -> str:
        """The name of what a row takes or computes."""
        if id(x) not in self._variables:
            self._variables[id(x)] = self._new_name(x)
        return self._variables[id(x)]

    def _new_name(self, x: Any) -> str:
        variables = self.program.variables
        if isinstance(x, Steps) and x.turned is not None:
            return variables.new(f"{self._name(x.turned)}_turned")
        if isinstance(x, Steps) and not is_outside(x):
            base = entry(self.chain.reader.names[id(x.values[0])])
            return base[0] if base else variables.new("A")  # the dict of the line by line program
        if isinstance(x, Steps) or x not in variables:
            return (None if isinstance(x, Steps) else variables.given(x)) or variables.new(
                "X" if x is self._data else "x"
            )
        return variables.name(x).replace("[", "").replace("]", "")

    def _given(self, learned: bool) -> list[Any]:
        """What comes from outside beside X: what is learned, or the rest."""
        values = {id(x): x for layer in self._layers for x in layer.takes if is_outside(x) and x is not self._data}
        return [x for x in values.values() if self._is_learned(x) == learned]

    def _is_learned(self, x: Any) -> bool:
        """Whether x is a parameter, and not a value of each sample."""
        return is_parameter(x) and x not in self.chain.reader.columns

    # ---- parts --------------------------------------------------------------------------------------

    def _needed(self) -> list[str]:
        """What must exist before the program starts, with shapes."""
        values = [self._data, *self._given(learned=False), self._target, *self._given(learned=True)]
        return [f"{self._name(x)} {array_of(x).shape}" for x in {id(x): x for x in values}.values()]

    def _row(self, layer: Layer, function: str) -> list[str]:
        """A row of the table, in several lines if it is long."""
        takes = ", ".join(f'"{self._name(x)}"' for x in layer.takes[self._in_turn :])
        out = "" if self._in_turn else f'"{self._name(layer.out)}", '
        options = ", ".join(f'"{k}": {v!r}' for k, v in layer.options.items())
        row = f'("{function}", [{takes}], {out}{{{options}}}),'
        return wrap(row, WIDTH, initial_indent="    ", subsequent_indent="     ", break_long_words=False)

    def _model(self) -> list[str]:
        """The functions of the whole net."""
        return [self._model_forward(), *self._costs(), *self._model_backward(), UPDATE_PARAMETERS]

    def _model_forward(self) -> str:
        return MODEL_FORWARD if self._in_turn else NET_FORWARD.replace("{x}", self._name(self._data))

    def _costs(self) -> list[str]:
        texts = [COST_OF_STEP, COST_IN_TIME] if self._by_step else [COMPUTE_COST]
        return [text.replace("{cost}", self.cost()) for text in texts]

    def _model_backward(self) -> list[str]:
        course = self.chain.convention == "course"
        text, gradient = (MODEL_BACKWARD, "g") if self._in_turn else (NET_BACKWARD, 'grads[f"d{name}"]')
        slope = SLOPE_IN_TIME if self._by_step else self.slope()
        if course and self.samples not in slope:
            slope = f"    {self.samples}\n{slope}"
        whole = text.replace("{gradient}", f"{gradient} / m" if course else gradient).replace("{slope}", slope)
        return [SLOPE_OF_STEP.replace("{slope}", self.slope()), whole] if self._by_step else [whole]

    def _told(self, text: str) -> str:
        name = text[len("def ") : text.index("(")]
        return documented(
            f"{name}.{self.chain.convention}" if name == "model_backward" else name, text, self.chain.lang
        )

    def _run(self, update: bool) -> list[str]:
        """The calls, from the parameters to the gradients."""
        parameters, constants = (
            [f'"{name}": {name}' for name in map(self._name, self._given(learned))] for learned in (True, False)
        )
        given, goal = " | constants" * bool(constants), self._name(self._target)
        return [
            *bracketed("parameters = {", parameters, "}"),
            *(bracketed("constants = {", constants, "}") if constants else []),
            f"AL, caches = model_forward({self._name(self._data)}, parameters{given})",
            f"{self.program.variables.name(self.chain.root)} = compute_cost(AL, {goal})",
            f"grads = model_backward(AL, {goal}, caches{', parameters' * (not self._in_turn)})",
            *["parameters = update_parameters(parameters, grads, learning_rate)"] * update,
        ]
