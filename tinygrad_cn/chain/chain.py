"""Chain: the forward and backward formulas of a cost, with shapes, values and gradients, layer by layer."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

from ..autograd import Node
from ..language import Lang, language, say
from ..ops.op import Array
from .latex import latex
from .layers import Piece
from .markdown import markdown
from .model import Quantity, Step
from .names import canonical
from .read import Reader
from .source import numpy_program
from .table import table

LETTERS = frozenset(["W", "b", "Z", "A", "dW", "db", "dZ", "dA"])  # None where a layer has none
CONVENTIONS = ("course", "autograd")


class Chain:
    """The chain of a cost: made by `J.chain()`.

    Attributes
    ----------
    steps : tuple of Step
        Rows in forward order: inputs, layers, ops that belong to no layer, the cost.
    layers : tuple of LayerView
        `chain.layers[0].dW` is the gradient of the first layer's weights.
    m : int or None
        Number of samples; None if no layer was recognised.
    convention : {"course", "autograd"}
        "course": dA and dZ per sample, 1/m in dW and db (Ng, Deep Learning Specialization, course 1).
        "autograd": the true ∂J/∂ of everything. A cost that is no mean over samples is shown in the
        latter, and `note` says so.
    computed : bool
        Whether `backward()` has been called.

    Examples
    --------
    >>> import numpy as np, tinygrad_cn as tg
    >>> W1 = tg.tensor([[0.5, -1.0]], requires_grad=True)
    >>> b1 = tg.tensor([[0.0]], requires_grad=True)
    >>> A1 = np.tanh(W1 @ np.array([[1.0, 2.0], [3.0, 4.0]]) + b1)
    >>> J = A1.mean()
    >>> J.backward()
    >>> chain = J.chain(lang="en")
    >>> bool(np.allclose(chain["dW1"], W1.grad)), chain["dZ1"].shape
    (True, (1, 2))
    """

    def __init__(self, root: Node, names: Mapping[str, Any] | None, convention: str, lang: str | None) -> None:
        if convention not in CONVENTIONS:
            raise ValueError(f'convention must be "course" or "autograd"; got {convention!r}')
        self.lang: Lang = language(lang)
        reader = Reader(root, names, course=convention == "course")
        self.root = reader.root
        self.pieces: tuple[Piece, ...] = tuple(reader.pieces)
        self.steps: tuple[Step, ...] = reader.steps
        self.quantities: dict[str, Quantity] = reader.quantities
        self.m = reader.m
        self.convention = "course" if reader.course else "autograd"
        self.note = "" if reader.course or convention == "autograd" else say("not_a_mean", self.lang)
        self.reader = reader
        self.layers = tuple(LayerView(self, step) for step in self.steps if step.layer)

    @property
    def computed(self) -> bool:
        """True once `backward()` has filled in the gradients."""
        return self.reader.opened.gradient(self.root) is not None

    @property
    def depth(self) -> int:
        """Number of layers; a recurrent one counts once, and so does one that is applied at every time step."""
        return len(self.layers) + len({m.cell for m in self.reader.moments.values() if m.cell.is_layer})

    def quantity(self, name: str) -> Quantity:
        """The quantity of a name: `dW1`, `dW[1]`, `X`, or a name given by the user.

        Raises
        ------
        KeyError
            Listing the names there are.
        """
        known = canonical(name, [*self.quantities, *self.reader.aliases])
        if known is None:
            raise KeyError(f"no {name!r} in this chain; it has {', '.join(self.quantities)}")
        return self.quantities[known if known in self.quantities else self.reader.aliases[known]]

    def __getitem__(self, name: str) -> Array | None:
        return self.quantity(name).value

    def __contains__(self, name: str) -> bool:
        return canonical(name, [*self.quantities, *self.reader.aliases]) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.quantities)

    def keys(self) -> list[str]:
        """Names of all quantities, forward then backward."""
        return list(self.quantities)

    def draw(
        self, path: str | PathLike[str], view: str = "ladder", values: bool = False, unroll: bool | None = None
    ) -> Any:
        """Draw the chain into a file; the suffix decides the type (svg, png, pdf, dot).

        Parameters
        ----------
        path : str or Path
            The file. An existing one is replaced in one move.
        view : str
            "ladder": forward down the left, backward up the right. "blocks": the same from left to right.
            "ops": one node an op. "network": neurons and weights. "health": how large gradients are, layer by layer.
        values : bool
            In ladder, blocks and ops, show numbers too: small matrices entry by entry, others by their norm.
        unroll : bool, optional
            In ladder and blocks, True draws the time steps of a recurrent net one by one, False as one block with
            a loop. By default up to four are drawn one by one.

        Raises
        ------
        ValueError
            For an unknown suffix or view.
        FileNotFoundError
            If the directory does not exist.
        RenderError
            If no renderer is installed.
        """
        return _upper("draw").draw(self, path, view=view, values=values, unroll=unroll)

    def html(self, path: str | PathLike[str]) -> Any:
        """Write a page that steps through the chain, forward then backward: one file, no network needed.

        Beside the ladder it shows, for each quantity, the formula, why it is so, the values, and for
        dW and db a numeric check of a few entries. ← → go back and on; `page.html#step=3` opens at a step.

        Raises
        ------
        PictureError
            For a suffix other than .html or .htm.
        FileNotFoundError
            If the directory does not exist.
        RenderError
            If no renderer is installed.
        """
        return _upper("draw.html").html(self, path)

    def numpy(self, update: bool = False, functions: bool = False) -> str:
        """Forward and backward as the NumPy program a careful student would write.

        Run where only the names of its comment "Needs" exist, it gives J and every gradient of this
        chain, to rounding. What is no layer, activation or loss is written from the recorded ops.

        Parameters
        ----------
        update : bool
            End with a step of gradient descent; `learning_rate` must exist.
        functions : bool
            In the notes' decomposition, with `parameters["W1"]` and `grads["dW1"]`: for dense layers
            `linear_forward`, `L_model_backward` and so on; for other nets a forward and a backward function
            for each kind of layer (`conv_forward`, `lstm_cell_backward`, `attention_forward`) and a table of
            the layers. Sequences are arrays X (n_x, m, T) there.

        Raises
        ------
        ShapeError
            If J is not a single number.
        OpError
            If an op cannot be written as NumPy calls, or with `functions` if a step does not fit.

        Examples
        --------
        >>> import numpy as np, tinygrad_cn as tg
        >>> from tinygrad_cn import nn
        >>> net = nn.DNN([2, 1], seed=1)
        >>> J = nn.binary_cross_entropy(net(np.ones((2, 5))), np.ones((1, 5)))
        >>> print(J.chain(lang="en").numpy())  # doctest: +ELLIPSIS
        # Forward and backward pass · layers: 1
        ...
        # Layer 1 backward
        dZ1 = A1 - Y  # (1, 5)
        dW1 = dZ1 @ X.T / m  # (1, 5) @ (5, 2) -> (1, 2)
        db1 = np.sum(dZ1, axis=1, keepdims=True) / m  # (1, 1)
        <BLANKLINE>
        """
        return numpy_program(self, update, functions)

    def latex(self, standalone: bool = False) -> str:
        r"""The derivation as LaTeX, from the forward pass to the gradient of the input.

        Parameters
        ----------
        standalone : bool
            True: a whole document, for xelatex (English also for pdflatex). False: a fragment for
            \input, which needs the package amsmath.

        Examples
        --------
        >>> import numpy as np, tinygrad_cn as tg
        >>> w = tg.tensor([[0.5, -1.0]], requires_grad=True, name="W1")
        >>> chain = np.tanh(w @ np.eye(2)).mean().chain(lang="en")
        >>> print(next(line for line in chain.latex().splitlines() if line.startswith("dW")))
        dW^{[1]} &= \frac{1}{m} dZ^{[1]} X^{\mathsf{T}} \tag*{$(n^{[1]}, n^{[0]}) = (1, 2)$}
        """
        return latex(self, standalone)

    def markdown(self) -> str:
        """The derivation as Markdown with $$ math: `IPython.display.Markdown(chain.markdown())`.

        Examples
        --------
        >>> import numpy as np, tinygrad_cn as tg
        >>> w = tg.tensor([[0.5, -1.0]], requires_grad=True, name="W1")
        >>> print(np.tanh(w @ np.eye(2)).mean().chain(lang="en").markdown().splitlines()[0])
        # Backpropagation, derived step by step
        """
        return markdown(self)

    def __str__(self) -> str:
        return table(self)

    def __repr__(self) -> str:
        state = "" if self.computed else ", before backward()"
        return f"<Chain of {len(self.layers)} layers, m={self.m}, {self.convention} convention{state}>"

    def _repr_svg_(self) -> str:
        return str(_upper("draw").svg(self))


class LayerView:
    """One layer's arrays by their letters: W, b, Z, A, dW, db, dZ, dA, A_prev, dA_prev; of attention Wq, Q, …."""

    def __init__(self, chain: Chain, step: Step) -> None:
        self._chain = chain
        self.index = step.layer
        self.activation = step.label or None
        self._previous = step.sources[0].quantity.name

    def __getattr__(self, letter: str) -> Array | None:
        if letter.startswith("_"):
            raise AttributeError(letter)
        if letter in ("A_prev", "dA_prev"):
            return self._chain[letter.replace("A_prev", self._previous)]
        name = f"{letter}{self.index}"
        if letter in LETTERS or name in self._chain:
            return self._chain[name] if name in self._chain else None  # noqa: SIM401 (a Chain has no get)
        raise AttributeError(f"a layer has W, b, Z, A, their gradients dW, …, A_prev and dA_prev; no {letter!r}")

    def __repr__(self) -> str:
        return f"<layer {self.index}: {self.activation or 'linear'}>"


def _upper(name: str) -> Any:
    """A module of a floor above, loaded on first use."""
    return importlib.import_module(f"tinygrad_cn.{name}")


def read(root: Node, names: Mapping[str, Any] | None, convention: str, lang: str | None) -> Chain:
    """Read the graph behind `root`; see `Chain`."""
    return Chain(root, names, convention, lang)
