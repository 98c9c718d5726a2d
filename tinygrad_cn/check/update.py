"""Check a learner's update step, from gradient descent to Adam: which of v, s and W is wrong first, and why.

The function makes single steps from states that are right, so that one mistake shows once. Its constants are
unusual numbers, so that one written into the function (β = 0.9) shows too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from ..errors import GradientMismatchError, OpError
from ..language import Lang, join, language, say
from ..ops.op import Array
from ..text import align, columns
from .call import Answer, Local
from .row import MARKS, Verdict
from .rules import RIGHT, SLIPS, STEP, Letter, Moment, Rule, right_step
from .signature import Signature

SHAPES = {"W1": (3, 2), "b1": (3, 1), "W2": (1, 3), "b2": (1, 1)}
TIMES = (1, 2, 5)
ROUNDING = 2.0**12  # units in the last place
WORDS: dict[str, tuple[str, ...]] = {
    "parameters": ("parameters", "params", "weights"),
    "grads": ("grads", "gradients", "grad"),
    "v": ("v", "velocity", "V", "vel"),
    "s": ("s", "S", "sq", "squares"),
    "t": ("t", "step", "iteration", "counter"),
    "lr": ("learning_rate", "lr", "alpha", "eta"),
    "beta1": ("beta", "beta1", "beta_1", "rho", "momentum"),
    "beta2": ("beta2", "beta_2"),
    "eps": ("epsilon", "eps"),
}
PAPER = {"m": "v", "v": "s"}  # Kingma and Ba's names of the two running means
GIVEN = {"lr": 0.05, "beta1": 0.85, "beta2": 0.97, "eps": 1e-3}
USUAL = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}  # what a function uses that does not take them


@dataclass(frozen=True)
class UpdateRow:
    """One quantity of the step.

    Attributes
    ----------
    name : str
        'v["dW1"]', 's["db1"]', "W1".
    verdict : str
        agree; wrong; inherited (right with the learner's own v and s); shape; missing.
    error : float
        Largest absolute error.
    cause : str or None
        Code of the mistake, "unknown", or None if it is not wrong.
    equals : str
        What it computes, as a formula; "" if not known.
    formula : str
        The right formula.
    """

    name: str
    verdict: Verdict
    error: float
    cause: str | None
    equals: str
    formula: str

    def explanation(self, lang: Lang) -> str:
        """What is wrong and what is right; "" if nothing is wrong."""
        if self.cause is None:
            return ""
        equals = say("cause.equals", lang, equals=self.equals) if self.equals else ""
        right = say("cause.right", lang, formula=self.formula)
        return join(lang, [say(f"update.{self.cause}", lang, name=self.name), equals, right])


@dataclass(frozen=True)
class UpdateReport:
    """What `compare_update` found; printed, a table.

    Attributes
    ----------
    rule : str
        "sgd", "momentum", "rmsprop" or "adam".
    rows : tuple of UpdateRow
        In the order of the computation: v, s, then the parameters.
    """

    rule: Rule
    rows: tuple[UpdateRow, ...]
    lang: Lang

    @property
    def ok(self) -> bool:
        """True if everything agrees."""
        return all(row.verdict == "agree" for row in self.rows)

    @property
    def first_wrong(self) -> str | None:
        """Name of the first that is itself wrong; None if there is none."""
        return next((row.name for row in self.rows if row.verdict not in ("agree", "inherited")), None)

    def __getitem__(self, name: str) -> UpdateRow:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no {name!r} in this report; it has {', '.join(row.name for row in self.rows)}")

    def raise_if_wrong(self) -> None:
        """Raise GradientMismatchError, an AssertionError, with the table as its text unless all agree."""
        if not self.ok:
            raise GradientMismatchError(f"\n{self}")

    def __str__(self) -> str:
        heads = tuple(say(f"update.{k}", self.lang) for k in ("quantity", "verdict", "error"))
        cells = [
            (r.name, f"{MARKS[r.verdict]} {say(f'verdict.{r.verdict}', self.lang)}", f"{r.error:.2g}")
            for r in self.rows
        ]
        lines = align([heads, *cells])
        rule = "─" * max(map(columns, lines))
        title = say("update.title", self.lang, rule=say(f"update.{self.rule}", self.lang))
        reasons = dict.fromkeys(f"✗ {r.explanation(self.lang)}" for r in self.rows if r.cause)
        return "\n".join([title, lines[0], rule, *lines[1:], rule, *reasons])


def compare_update(update: Callable[..., Any], rule: Rule | None = None, *, lang: str | None = None) -> UpdateReport:
    """Compare one step of a learner's update function with that of `optim`.

    Parameters
    ----------
    update : callable
        As in the notes, `update_parameters_with_adam(parameters, grads, v, s, t, learning_rate, beta1,
        beta2, epsilon)`, with fewer parameters for the simpler rules; told apart by name. `parameters`
        holds W1, b1, …; `grads`, `v` and `s` hold dW1, db1, …; `t` counts from 1. It returns what it
        changed, in the order parameters, v, s, or changes it in place.
    rule : {"sgd", "momentum", "rmsprop", "adam"}, optional
        Default: adam if it takes v and s, rmsprop with s alone, momentum with v alone, else sgd.
    lang : {"zh", "en"}, optional
        Language of the report.

    Returns
    -------
    UpdateReport

    Raises
    ------
    OpError
        If a parameter cannot be told by its name, or no parameters come back.
    HandFunctionError
        If the function raises; the message holds its own traceback.

    Examples
    --------
    >>> import tinygrad_cn as tg
    >>> def update(parameters, grads, v, beta, learning_rate):
    ...     for name in parameters:
    ...         v["d" + name] = beta * v["d" + name] + grads["d" + name]
    ...         parameters[name] = parameters[name] - learning_rate * v["d" + name]
    ...     return parameters, v
    >>> report = tg.compare_update(update)
    >>> report.rule, report.first_wrong, report['v["dW1"]'].cause, report["W1"].verdict
    ('momentum', 'v["dW1"]', 'missing_gain', 'inherited')
    """
    hand = Local(update)
    roles = _roles(hand.signature)
    rule = _rule(roles) if rule is None else rule
    if rule not in get_args(Rule):
        raise ValueError(f"rule must be one of {', '.join(get_args(Rule))}; got {rule!r}")
    constants = {k: v if k in roles.values() else USUAL.get(k, v) for k, v in GIVEN.items()}
    if rule == "rmsprop" and "beta1" in roles.values():  # the notes call its only β beta
        constants["beta2"] = constants["beta1"]
    trials = [_trial(hand, roles, rule, t, constants) for t in TIMES]
    return UpdateReport(rule, tuple(_rows(rule, trials)), language(lang))


Trial = dict[str, tuple[Moment, dict[Letter, Array], dict[Letter, Any]]]  # by parameter: before, right, the learner's


def _roles(signature: Signature) -> dict[str, str]:
    """What each parameter of the function stands for."""
    names = (*signature.required, *signature.optional)
    table = {word: role for role, words in WORDS.items() for word in words}
    if "m" in names and "v" in names and not set(names) & set(WORDS["s"]):
        table |= PAPER
    unknown = [name for name in signature.required if name not in table]
    roles = {name: table[name] for name in names if name in table}
    lacking = [WORDS[role][0] for role in ("parameters", "grads", "lr") if role not in roles.values()]
    if unknown or lacking:
        what = f"cannot tell what its parameter {unknown[0]!r} stands for" if unknown else f"it takes no {lacking[0]}"
        raise OpError(f"{signature.name}: {what}. Known are {', '.join(table)}")
    return roles


def _rule(roles: Mapping[str, str]) -> Rule:
    taken = set(roles.values())
    if "s" in taken:
        return "adam" if "v" in taken else "rmsprop"
    return "momentum" if "v" in taken else "sgd"


# ---- one step ---------------------------------------------------------------------------------------


def _trial(hand: Local, roles: Mapping[str, str], rule: Rule, t: int, constants: Mapping[str, float]) -> Trial:
    """The function's step number t, from a right state, beside the right step."""
    rng = np.random.default_rng(t)
    before = {}
    for name, shape in SHAPES.items():
        W, g, past = (rng.standard_normal(shape) for _ in range(3))
        v, s = (0.0 * past, 0.0 * past) if t == 1 else (past, rng.uniform(0.1, 1.0, shape))
        before[name] = Moment(W, g, v, s, t, **constants)
    values: dict[str, Any] = {"parameters": {k: q.W for k, q in before.items()}, "t": t, **constants}
    values |= {role: {f"d{k}": getattr(q, role[0]) for k, q in before.items()} for role in ("grads", "v", "s")}
    if rule == "rmsprop":
        values["beta1"] = constants["beta2"]
    answer = hand.call({name: values[role] for name, role in roles.items()})
    came = _came_back(answer, hand.signature, roles, rule)
    return {
        k: (q, right_step(rule, q), {letter: _entry(came.get(letter), k) for letter in ("v", "s", "W")})
        for k, q in before.items()
    }


def _came_back(
    answer: Answer, signature: Signature, roles: Mapping[str, str], rule: Rule
) -> dict[str, Mapping[str, Any]]:
    """W, v and s after the step: what was returned, else the arguments as the function left them."""
    left = {roles[name]: value for name, value in answer.after.items() if isinstance(value, Mapping)}
    found: dict[str, Mapping[str, Any]] = {"W": left["parameters"]}
    found.update({k: left[k] for k in ("v", "s") if k in left})
    result = answer.result if isinstance(answer.result, (tuple, list)) else (answer.result,)
    returned = [x for x in result if isinstance(x, Mapping)]
    if not returned and answer.result is not None:
        raise OpError(
            f"{signature.name}: expected the dicts parameters, v, s to be returned, or changed in place; it returned "
            f"{type(answer.result).__name__}"
        )
    state = iter([letter for letter in ("v", "s") if (rule, letter) in RIGHT])
    for mapping in returned:
        if any(str(key) in SHAPES for key in mapping):
            found["W"] = mapping
        elif (letter := next(state, None)) is not None:
            found[letter] = mapping
    return found


def _entry(mapping: Mapping[str, Any] | None, name: str) -> Any:
    """The entry of a parameter: under W1, dW1 or vdW1."""
    endings = (name, f"d{name}")
    found = {} if mapping is None else mapping
    return next((v for k, v in found.items() if str(k) in endings or str(k)[1:] in endings), None)


# ---- verdicts ---------------------------------------------------------------------------------------


def _rows(rule: Rule, trials: Sequence[Trial]) -> Iterator[UpdateRow]:
    for letter in ("v", "s", "W"):
        if (rule, letter) in RIGHT:
            for name in SHAPES:
                yield _row(rule, letter, name, [trial[name] for trial in trials])


def _row(rule: Rule, letter: Letter, name: str, cases: Sequence[tuple[Moment, dict[Letter, Array], Any]]) -> UpdateRow:
    label = name if letter == "W" else f'{letter}["d{name}"]'
    formula = f"{letter} ← {RIGHT[rule, letter]}"
    values = [mine[letter] for *_, mine in cases]
    if any(x is None for x in values):
        return UpdateRow(label, "missing", float("nan"), None, "", formula)
    hands = [np.asarray(x, dtype=float) for x in values]
    rights = [right[letter] for _, right, _ in cases]
    if any(h.shape != r.shape for h, r in zip(hands, rights, strict=True)):
        return UpdateRow(label, "shape", float("nan"), None, "", formula)
    error = max(float(np.max(np.abs(h - r))) for h, r in zip(hands, rights, strict=True))
    if _equal(hands, rights):
        return UpdateRow(label, "agree", error, None, "", formula)
    own = [_own(q, mine) if letter == "W" else q for q, _, mine in cases]
    if letter == "W" and _equal(hands, [_right_from_own(rule, q) for q in own]):
        return UpdateRow(label, "inherited", error, None, "", formula)
    with np.errstate(all="ignore"):
        slips = (s for s in SLIPS if s.letter == letter and rule in s.rules)
        slip = next((s for s in slips if _equal(hands, [s.value(q) for q in own])), None)
    equals = "" if slip is None else f"{letter} ← {slip.text}"
    return UpdateRow(label, "wrong", error, "unknown" if slip is None else slip.code, equals, formula)


def _own(q: Moment, mine: Mapping[Letter, Any]) -> Moment:
    """The moment with the learner's new v and s, where they have the right shape."""
    v, s = (mine[k] if np.shape(mine[k]) == q.W.shape else getattr(q, k) for k in ("v", "s"))
    return replace(q, v=np.asarray(v, dtype=float), s=np.asarray(s, dtype=float))


def _right_from_own(rule: Rule, q: Moment) -> Array:
    """The right new W for given new v and s."""
    with np.errstate(all="ignore"):
        return np.asarray(q.W - q.lr * STEP[rule](q))


def _equal(a: Sequence[Array], b: Sequence[Any]) -> bool:
    """Equal to rounding in every trial; NaN and Inf where the other has them."""
    pairs = zip(a, b, strict=True)
    return all(np.allclose(x, y, rtol=0, atol=ROUNDING * np.spacing(1.0) * _size(y), equal_nan=True) for x, y in pairs)


def _size(y: Any) -> float:
    finite = np.abs(y)[np.isfinite(y)]
    return max(1.0, float(np.max(finite, initial=0.0)))
