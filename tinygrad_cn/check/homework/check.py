"""Check one homework file: find what is in it, ask its process for gradients, judge them here."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...chain import Chain
from ...errors import HomeworkError, TinygradError
from ...language import Lang, language, say
from ...tensor import Tensor
from ..call import Hand
from ..function import Bench, compare_function
from ..hand import match, required
from ..named import compare_named
from ..pool import Pool
from ..report import Report
from .find import Options, backward_name, forward_name, gradients_of, nets, parameters_of
from .net import Net
from .remote import Runner

Status = Literal["agree", "wrong", "error"]
LINE = re.compile(r'^  File "[^"]*", (line \d+)', re.MULTILINE)
EXIT: dict[Status, int] = {"agree": 0, "wrong": 1, "error": 2}


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes
    ----------
    file : str
        Its path.
    status : {"agree", "wrong", "error"}
        "error": it could not be checked, and `message` says why.
    report : Report or None
        None for an error.
    message : str
        Why it could not be checked.
    kind : str
        Kind of the error: import, nothing, time, crash, input, function.
    seconds : float
        How long it took.
    """

    file: str
    status: Status
    report: Report | None = None
    message: str = ""
    kind: str = ""
    seconds: float = 0.0

    def row(self) -> dict[str, Any]:
        """Plain values, for one line of a table."""
        rows = () if self.report is None else self.report.rows
        first = None if self.report is None else self.report.first_wrong
        wrong = None if self.report is None or first is None else self.report[first]
        return {
            "file": self.file,
            "status": self.status,
            "first_wrong": first or "",
            "cause": "" if wrong is None else wrong.cause or wrong.verdict,
            "explanation": "" if wrong is None or self.report is None else wrong.explanation(self.report.lang),
            "gradients": len(rows),
            "agree": sum(row.verdict == "agree" for row in rows),
            "error": self.kind,
            "message": brief(self.message),
            "seconds": round(self.seconds, 2),
        }

    def json(self) -> str:
        """The row, with the report inside if there is one."""
        report = None if self.report is None else json.loads(self.report.json()) | {"remarks": self.report.remarks}
        return json.dumps({**self.row(), "report": report}, ensure_ascii=False)


def brief(message: str) -> str:
    r"""A message on one line: of a traceback what was raised, and where.

    Examples
    --------
    >>> brief('f(...) raised\n  File "hw.py", line 3, in f\n    1 / 0\nZeroDivisionError: division by zero')
    'f(...) raised: ZeroDivisionError: division by zero (line 3)'
    """
    lines = message.strip().splitlines()
    places = LINE.findall(message)
    if len(lines) < 2:
        return message.strip()
    return f"{lines[0].removesuffix(':')}: {lines[-1]}" + (f" ({places[-1]})" if places else "")


def check_file(path: str | Path, options: Options | None = None) -> Outcome:
    """Check one file. Whatever the file does, an outcome comes back.

    Parameters
    ----------
    path : path
        A Python file with a backward function, or with a dict `grads` beside X, Y and parameters.
    options : Options, optional
        What is known of the net, and the bounds the file runs in.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    options, path = options or Options(), Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    begun = time.perf_counter()
    try:
        with Runner(path, options.timeout, options.memory << 20) as runner:
            report = _report(runner, options, language(options.lang))
    except HomeworkError as error:
        return Outcome(str(path), "error", None, str(error), error.kind, time.perf_counter() - begun)
    except TinygradError as error:
        return Outcome(str(path), "error", None, str(error), "function", time.perf_counter() - begun)
    return Outcome(str(path), "agree" if report.ok else "wrong", report, seconds=time.perf_counter() - begun)


def _report(runner: Runner, options: Options, lang: Lang) -> Report:
    name = backward_name(runner.functions, options.function)
    if name is not None:
        return _function_report(runner, name, options, lang)
    if gradients_of(runner.data) is not None:
        return _data_report(runner.data, options, lang)
    raise HomeworkError(
        "nothing",
        f"nothing to check: expected a function such as backward_propagation(parameters, cache, X, Y), or a dict grads "
        f"beside X, Y and parameters; it has {', '.join(runner.functions) or 'no functions'}",
    )


def _function_report(runner: Runner, name: str, options: Options, lang: Lang) -> Report:
    """The report on a function, on the net that fits it best."""
    backward = runner.functions[name]
    forward: Hand | None = runner.functions.get(forward_name(runner.functions) or "")
    candidates = list(nets(options, runner.data, backward.signature))
    remarks = [say("homework.other", lang, names=", ".join(others))] if (others := _others(runner, name)) else []
    if forward is not None and "keep_prob" not in (*backward.signature.required, *backward.signature.optional):
        fitting = [net for net in candidates if _is_forward_of(forward, net, lang)]
        remarks += [] if fitting else [say("homework.forward", lang, function=forward.signature.name)]
        candidates, forward = (fitting, forward) if fitting else (candidates, None)
    else:
        forward = None

    def trial(net: Net) -> tuple[Chain, Mapping[str, Any]]:
        chain = net.chain(lang)
        return chain, Bench(chain, backward, forward).gradients

    net = _best(candidates, trial)
    report = compare_function(net.chain(lang), backward, None, lang, forward)
    remarks.insert(0, say("homework.checked", lang, function=name, net=net.text(lang)))
    return Report(report.chain, report.rows, lang, (*remarks, *report.remarks))


def _others(runner: Runner, name: str) -> list[str]:
    """Further functions that could have been meant."""
    rest = {k: f for k, f in runner.functions.items() if k != name and "backward_propagation" in k}
    return list(rest)


def _is_forward_of(forward: Hand, net: Net, lang: Lang) -> bool:
    """True if the learner's forward function gives what this net gives."""
    pool = Pool(net.chain(lang))
    try:
        result = forward.call(pool.choose(forward.signature)).result
    except HomeworkError:
        raise
    except TinygradError:
        return False
    want = pool.values["AL"]
    parts = result if isinstance(result, tuple) else (result,)
    return any(isinstance(a, np.ndarray) and a.shape == want.shape and np.allclose(a, want) for a in parts)


def _best(candidates: list[Net], trial: Callable[[Net], tuple[Chain, Mapping[str, Any]]]) -> Net:
    """The net on which most gradients agree, the first of several."""
    if len(candidates) == 1:
        return candidates[0]
    return max(candidates, key=lambda net: _agreeing(*trial(net)))


def _agreeing(chain: Chain, gradients: Mapping[str, Any]) -> int:
    """How many gradients agree, without looking for reasons: quick enough to try nets with."""
    given, _ = match(chain, gradients)
    assert isinstance(chain.root, Tensor)
    chain.root.backward()
    true = {name: np.asarray(chain[name]) for name in given}
    return sum(a.shape == true[name].shape and np.allclose(a, true[name]) for name, a in given.items())


def _data_report(data: dict[str, Any], options: Options, lang: Lang) -> Report:
    """The report on a dict of gradients, with the file's own X, Y and parameters."""
    given = {**parameters_of(data), **{k: data[k] for k in ("X", "Y") if isinstance(data.get(k), np.ndarray)}}
    lacking = [k for k in ("X", "Y", "W1") if k not in given]
    if lacking:
        raise HomeworkError("nothing", f"has a dict of gradients, but lacks {', '.join(lacking)} to check it with")
    gradients = gradients_of(data) or {}

    net = _best(list(nets(options, data, None)), lambda net: (net.chain(lang, given), gradients))
    chain = net.chain(lang, given)
    found = compare_named(chain, gradients, None, lang, required(chain))
    remark = say("homework.checked", lang, function="grads", net=net.text(lang))
    return Report(found.chain, found.rows, lang, (remark,))
