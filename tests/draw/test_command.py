"""`tinygrad-cn draw`: a user's file becomes pictures and texts; what fails says why and leaves nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_cn.cli import main

NET = """
import numpy as np
import tinygrad_cn as tg

X, Y = np.array([[1.0, 2.0, -1.0]]), np.array([[1.0, 1.0, 0.0]])
w = tg.tensor([[0.5]], requires_grad=True)
b = tg.tensor([[0.1]], requires_grad=True)
a = tg.sigmoid(w @ X + b)
J = -(Y * np.log(a) + (1 - Y) * np.log(1 - a)).mean()
other = (a * a).mean()
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    file = tmp_path / "net.py"
    file.write_text(NET)
    return file


def test_picture_and_every_text_with_the_files_own_names(net, tmp_path, capsys):
    out = tmp_path / "chain.svg"
    assert main(["draw", str(net), "-o", str(out), "--html", "--latex", "--markdown", "--numpy", "--lang", "en"]) == 0
    written = ["chain.svg", "chain.html", "chain.tex", "chain.md", "chain_numpy.py"]
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in written]
    assert "Layer 1" in out.read_text()
    names = {"X": np.array([[1.0, 2.0, -1.0]]), "Y": np.array([[1.0, 1.0, 0.0]])}
    names |= {"w": np.array([[0.5]]), "b": np.array([[0.1]])}
    exec((tmp_path / "chain_numpy.py").read_text(), names)
    A = 1 / (1 + np.exp(-(0.5 * names["X"] + 0.1)))
    np.testing.assert_allclose(names["dw"], (A - names["Y"]) @ names["X"].T / 3)
    assert net.read_text() == NET


def test_another_cost_by_name_and_a_file_that_called_backward(net, tmp_path):
    net.write_text(NET + "other.backward()\n")
    out = tmp_path / "other.dot"
    assert main(["draw", f"{net}:other", "-o", str(out), "--view", "blocks"]) == 0
    assert out.read_text().startswith("digraph")


def test_a_failing_file_shows_its_own_traceback_and_exits_with_2(net, tmp_path, capsys):
    net.write_text("def f(x):\n    return x / 0\n\nf(1)\n")
    assert main(["draw", str(net), "-o", str(tmp_path / "x.svg")]) == 2
    error = capsys.readouterr().err
    assert "ZeroDivisionError: division by zero" in error
    assert "line 2, in f" in error
    assert "runpy" not in error
    assert not (tmp_path / "x.svg").exists()


def test_a_syntax_error_is_shown_too(net, tmp_path, capsys):
    net.write_text("J = = 1\n")
    assert main(["draw", str(net), "-o", str(tmp_path / "x.svg")]) == 2
    assert "SyntaxError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "out", "extra", "message"),
    [
        ("net.py:nothing", "x.svg", [], "the file has no 'nothing'; it has the recorded Tensors a, J, other"),
        ("net.py:X", "x.svg", [], "'X' is no Tensor with a recorded history, but a ndarray"),
        ("missing.py", "x.svg", [], "no file"),
        ("net.py", "x.bmp", [], ".bmp"),
        ("net.py", "nowhere/x.svg", [], "nowhere"),
        ("net.py", "x.svg", ["--view", "cube"], "view must be one of ladder"),
    ],
)
def test_bad_input_ends_with_one_line_and_status_2(net, tmp_path, capsys, source, out, extra, message):
    assert main(["draw", str(tmp_path / source), "-o", str(tmp_path / out), *extra]) == 2
    assert message in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["net.py"]


def test_which_cost_is_asked_when_it_cannot_be_told(net, tmp_path, capsys):
    net.write_text(NET.replace("J = ", "first = "))
    assert main(["draw", str(net), "-o", str(tmp_path / "x.svg")]) == 2
    assert "which Tensor is the cost? Name it: FILE.py:NAME. The file has the recorded Tensors first, other" in (
        capsys.readouterr().err
    )


def test_installed_command(net, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_cn.cli", "draw", net.name, "-o", "c.svg"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "c.svg", "")
