"""Programs written from chains, run where nothing else exists."""

import keyword
from pathlib import Path

import numpy as np
import pytest

from tinygrad_cn.chain.source.loop import entry
from tinygrad_cn.chain.source.variables import identifier

SNAPSHOTS = Path(__file__).parent / "programs"


def inputs(chain):
    """What a learner has before the program starts: data and parameters under their names."""
    found = {}
    for step in chain.steps:
        for q in (*step.parameters, *(step.forward if step.kind == "input" else ())):
            name = "X" if q.name == "A0" else q.name
            found[name + "_" * keyword.iskeyword(name)] = np.array(q.value)
    return found


def run(text, **names):
    """Execute a program where nothing else exists."""
    namespace = dict(names)
    exec(compile(text, "program", "exec"), namespace)
    return namespace


def assert_same(got, want, name, rtol=1e-10):
    scale = np.max(np.abs(want), initial=0.0)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * scale, err_msg=name)
    assert np.shape(got) == np.shape(want), name


def check(J, names=None, convention="course", rtol=1e-10, **extra):
    """The program of J gives J, every dW, db, dZ and dA that it writes; the parameters' gradients are all there."""
    J.backward()
    chain = J.chain(names=names, convention=convention, lang="en")
    text = chain.numpy()
    result = run(text, **inputs(chain), **extra)
    gradients = {q.name: q for q in chain.quantities.values() if q.role == "gradient" and q.value is not None}
    written = {"dX" if name == "dA0" else name: name for name in gradients}
    for variable, name in written.items():
        if variable in result:
            assert_same(result[variable], gradients[name].value, name, rtol)
    for q in chain.quantities.values():
        if q.role in ("Z", "A", "op", "loss"):
            assert_same(result[q.name], q.value, q.name, rtol)
    needed = {f"d{q.name}" for s in chain.steps for q in s.parameters} | {
        f"d{q.name}" for q in chain.quantities.values() if q.role == "Z"
    }
    assert needed <= set(result), needed - set(result)
    assert max(map(len, text.splitlines())) <= 100
    assert text == J.chain(names=names, convention=convention, lang="en").numpy()
    return text


def assert_snapshot(text, name):
    """To accept a change of text, delete the file and run again."""
    path = SNAPSHOTS / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} did not exist and was written; read it")
    assert text == path.read_text(encoding="utf-8")


def given(chain):
    """What a learner has before a program in functions starts: x⟨t⟩ and y⟨t⟩ of all steps are one array each."""
    found = {}
    for name, q in chain.quantities.items():
        if q.role != "gradient" and q.formula is None:
            base = entry(name)
            found["{}{}".format(*base) if base else identifier(name, chain.quantities)] = np.array(q.value)
    for letter in "xy":
        steps = [np.array(chain[f"{letter}⟨{t}⟩"]) for t in range(1, 100) if f"{letter}⟨{t}⟩" in chain.quantities]
        if len({step.shape for step in steps}) == 1:
            found[letter.upper()] = np.stack(steps, axis=2)
    return found
