"""The errors this package raises, each a subclass of the built-in a reader would expect.

Every message names the argument or the op, what was expected and what came.
"""


class TinygradError(Exception):
    """Base of every error the package raises on purpose."""


class ShapeError(TinygradError, ValueError):
    """Shapes that do not fit: of operands, of a gradient, of a target."""


class OpError(TinygradError, TypeError):
    """An op record, or a call of an op, that cannot work."""


class GraphError(TinygradError, RuntimeError):
    """A backward walk that cannot be done: nothing recorded, freed, or changed in place."""


class StateError(TinygradError, ValueError):
    """Saved values that do not fit the model or the optimiser they are loaded into."""


class DivergenceError(TinygradError, ArithmeticError):
    """A cost that became NaN or Inf in training; `history` holds the epochs before it."""

    def __init__(self, message: str, history: object = None) -> None:
        super().__init__(message)
        self.history = history


class CompileError(TinygradError, RuntimeError):
    """A step that cannot be recorded and replayed; the message says what stands in the way."""


class ExportError(TinygradError, RuntimeError):
    """A net that cannot be written in another format; the message says what stands in the way."""


class CompileWarning(UserWarning):
    """A compiled step that is recorded again, or that runs plainly; the message says why."""


class AnomalyError(TinygradError, FloatingPointError):
    """A NaN or Inf born in an op, found by `detect_anomaly`."""


class GradientMismatchError(TinygradError, AssertionError):
    """Gradients that were asserted to agree and do not."""


class HandFunctionError(TinygradError, RuntimeError):
    """A learner's own function that raised; the message holds its traceback."""

    def __init__(self, name: str, traceback: str) -> None:
        super().__init__(f"{name}(...) raised\n{traceback}")
        self.name, self.traceback = name, traceback


class HomeworkError(TinygradError, RuntimeError):
    """A homework file that cannot be checked.

    `kind` is "import", "nothing" (to check), "time", "crash" or "input".
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class PictureError(TinygradError, ValueError):
    """A view, a file type or a place that a picture cannot have."""


class RenderError(TinygradError, RuntimeError):
    """A picture that could not be rendered; the message says what to install."""
