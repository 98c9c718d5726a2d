"""Homework files: what is found in them, and that none of them can stop or fool the checker."""

import csv
import io
import json
import os
import time
from pathlib import Path

import pytest

from tinygrad_cn.check.homework import Options, as_csv, check_file, check_folder
from tinygrad_cn.check.homework.check import brief

from . import learners

HEAD = "import numpy as np\n\n"
SOURCE = Path(learners.__file__).read_text(encoding="utf-8")


def source_of(name):
    """One function of `learners`, as a homework file."""
    return HEAD + next(f"def {part}" for part in SOURCE.split("\ndef ") if part.startswith(f"{name}("))


RIGHT = source_of("planar").replace("def planar", "def backward_propagation")


@pytest.fixture
def homework(tmp_path):
    """Writes a file and checks it."""

    def check(text, name="homework.py", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return check_file(path, Options(**{"lang": "en", **options}))

    return check


# ---- what is found ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "name", "net"),
    [
        ("planar", "backward_propagation", "n = [3, 5, 1], tanh, sigmoid, binary cross-entropy"),
        ("propagate", "propagate", "n = [3, 1], sigmoid, binary cross-entropy"),
        ("deep", "L_model_backward", "n = [3, 5, 4, 1], relu, sigmoid, binary cross-entropy"),
        (
            "with_regularization",
            "backward_propagation_with_regularization",
            "relu, sigmoid, binary cross-entropy, λ = 0.7",
        ),
        ("with_dropout", "my_backward", "relu, sigmoid, binary cross-entropy, keep_prob = 0.86"),
        ("by_tuple", "backprop", "n = [3, 5, 1], tanh, sigmoid, binary cross-entropy"),
    ],
)
def test_functions_of_the_course_are_found_and_agree(homework, function, name, net):
    outcome = homework(source_of(function).replace(f"def {function}", f"def {name}"))
    assert outcome.status == "agree", outcome.message or str(outcome.report)
    assert outcome.report.remarks[0].startswith(f"Checked: {name}, on a net with ")
    assert outcome.report.remarks[0].endswith(f"{net}.")
    assert outcome.report.remarks[-1].startswith("It also agrees on fresh nets")


def test_a_mistake_is_named(homework):
    outcome = homework(RIGHT.replace("(1 - np.power(A1, 2))", "(1 - A1)"))
    assert outcome.status == "wrong"
    row = outcome.row()
    assert (row["cause"], row["gradients"], row["agree"]) == ("wrong_activation_derivative", 4, 2)
    assert "dA[1] ⊙ (1 − A[1])" in row["explanation"]


def test_the_net_can_be_said_in_the_file_or_by_options(homework):
    outcome = homework(RIGHT + "\nNET = [2, 4, 1]\nHIDDEN = 'tanh'\n")
    assert "n = [2, 4, 1], tanh" in outcome.report.remarks[0]
    softmax = homework(RIGHT, output="softmax", net=(2, 4, 3))
    assert "n = [2, 4, 3], tanh, softmax, categorical cross-entropy" in softmax.report.remarks[0]
    assert softmax.status == "agree"
    assert homework(RIGHT, hidden="relu").status == "wrong"


def test_other_activations_are_tried(homework):
    leaky = RIGHT.replace("(1 - np.power(A1, 2))", "np.where(A1 > 0, 1, 0.01)")
    assert "leaky_relu" in homework(leaky).report.remarks[0]


FORWARD = """
def forward_propagation(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.maximum(Z1, 0)
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, [A2, {"hidden": (Z1, A1)}]
"""


def test_the_learners_own_forward_function_supplies_the_cache(homework):
    backward = RIGHT.replace('A1, A2 = cache["A1"], cache["A2"]', 'A2, (Z1, A1) = cache[0], cache[1]["hidden"]')
    outcome = homework(FORWARD.join([HEAD, backward.replace("(1 - np.power(A1, 2))", "(Z1 > 0)")]))
    assert outcome.status == "agree", outcome.message
    assert "relu, sigmoid" in outcome.report.remarks[0]  # its output says which activation it is
    wrong = homework(FORWARD.join([HEAD, backward]))
    assert wrong.status == "wrong"
    assert "relu, sigmoid" in wrong.report.remarks[0]


def test_a_forward_function_that_fits_no_net_is_told(homework):
    outcome = homework(RIGHT + FORWARD.replace("np.maximum(Z1, 0)", "np.sin(Z1)"))
    assert outcome.status == "agree"
    assert "forward_propagation gives the output of none of the nets tried" in outcome.report.remarks[1]


GRADS = """
rng = np.random.default_rng(0)
X, Y = rng.standard_normal((3, 8)), (rng.random((1, 8)) < 0.5) * 1
parameters = {k: rng.standard_normal(s) for k, s in {"W1": (4, 3), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}.items()}
A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
"""


def test_a_dict_of_gradients_is_checked_with_the_files_own_data(homework):
    text = SOURCE.split("\ndef propagate")[0].replace("def planar", "def _f") + GRADS
    text += 'grads = _f(parameters, {"A1": A1, "A2": A2}, X, Y)\n'
    outcome = homework(text)
    assert outcome.status == "agree", outcome.message
    assert outcome.report.remarks[0].startswith("Checked: grads, on a net with n = [3, 4, 1], tanh, sigmoid")
    outcome = homework(text + 'grads["db1"] *= 8\ndel grads["db2"]\n')
    assert {r.name: r.verdict for r in outcome.report.rows if r.verdict != "agree"} == {
        "db2": "missing",
        "db1": "wrong",
    }
    outcome = homework(text + "del X\n")
    assert (outcome.kind, outcome.message) == ("nothing", "has a dict of gradients, but lacks X to check it with")


def test_files_beside_it_can_be_imported(homework, tmp_path):
    (tmp_path / "my_utils.py").write_text(RIGHT, encoding="utf-8")
    assert homework("from my_utils import backward_propagation").status == "agree"


def test_code_under_main_is_left_out(homework):
    assert homework(RIGHT + "\nif __name__ == '__main__':\n    raise SystemExit(3)\n").status == "agree"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("def f(:\n", "import", "SyntaxError: invalid syntax (line 1)"),
        ("import no_such_module\n", "import", "ModuleNotFoundError: No module named 'no_such_module' (line 1)"),
        ("x = 1\n", "nothing", "nothing to check: expected a function such as backward_propagation"),
        ("def backward(magic):\n    return {}\n", "function", "parameter 'magic'"),
        ("def backward(X, Y):\n    return X.no\n", "function", "object has no attribute 'no' (line 2)"),
        ("def backward(X, Y):\n    return {'dW1': object()}\n", "function", "hand['dW1'] must hold real numbers"),
        ("def backward(X, Y):\n    return {'dW1': [[1.0], [1.0, 2.0]]}\n", "function", "hand['dW1'] must be an array"),
        ("def backward(X):\n    return 3.0\n", "function", "expected a dict of gradients"),
        ("import sys; sys.exit(0)\n", "import", "SystemExit: 0 (line 1)"),
        (RIGHT + "NET = [2, 'a']\n", "input", "the net must be given as n[0]"),
        (RIGHT + "HIDDEN = 'magic'\n", "input", "an activation must be one of"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_says_why(homework, text, kind, words):
    outcome = homework(text)
    assert (outcome.status, outcome.kind) == ("error", kind)
    assert words in brief(outcome.message)
    assert "tinygrad_cn/check" not in outcome.message
    assert "\n" not in outcome.row()["message"]


# ---- files that do harm -----------------------------------------------------------------------------

HARMFUL = {
    "exit": ("import os\nos._exit(0)\n", "crash", "ended its own process (exit status 0)"),
    "exit_later": (
        "import os\ndef backward(X, Y):\n    os._exit(0)\n", "crash", "ended its own process (exit status 0)",
    ),
    "crash": ("import ctypes\nctypes.string_at(0)\n", "crash", "its process was ended by SIGSEGV"),
    "reads": ("name = input('your name? ')\n", "import", "EOFError"),
    "forks": ("import os\nwhile True:\n    os.fork()\n", "import", "may not start or end processes"),
    "starts": ("import subprocess\nsubprocess.Popen(['sleep', '100'])\n", "import", "may not start or end processes"),
    "kills": ("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n", "import", "may not start or end processes"),
    "recursion": ("def f(n):\n    return f(n + 1)\nf(0)\n", "import", "RecursionError"),
    "answers": ("def backward(X, Y):\n    return {'dW1': 'x' * (70 << 20)}\n", "crash", "returned more than 64 MB"),
    "forges": (
        "import contextlib, os\nfor fd in range(3, 20):\n    with contextlib.suppress(OSError):\n"
        "        os.write(fd, b'[1]\\n')\n",
        "crash", "an answer that cannot be read",
    ),
}  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_files_are_errors(homework, name):
    text, kind, words = HARMFUL[name]
    outcome = homework(text, timeout=20.0)
    assert (outcome.status, outcome.kind) == ("error", kind), outcome.message
    assert words in outcome.message


def test_a_loop_is_stopped(homework):
    begun = time.perf_counter()
    outcome = homework("while True:\n    pass\n", timeout=1.0)
    assert (outcome.kind, outcome.message) == ("time", "took longer than 1 s and was stopped")
    assert time.perf_counter() - begun < 3.0


def test_a_loop_in_the_function_is_stopped(homework):
    outcome = homework("import numpy\ndef backward(X, Y):\n    while True:\n        pass\n", timeout=1.5)
    assert outcome.kind == "time"


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_memory_is_limited(homework):
    outcome = homework("x = [bytearray(1 << 20) for _ in range(10**6)]\n", memory=600, timeout=20.0)
    assert outcome.kind == "import"
    assert brief(outcome.message) == "cannot be imported: MemoryError (line 1)"
    assert homework(RIGHT, memory=20).message.endswith("; 20 MB of memory may be too little")


def test_prints_cost_nothing(homework):
    outcome = homework(RIGHT + "\nfor _ in range(100):\n    print('x' * 1_000_000)\n")
    assert outcome.status == "agree"


@pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")
def test_processes_that_slip_through_end_with_the_file(homework, tmp_path):
    """`_posixsubprocess` raises no audit event, so this child does start; its group is ended all the same."""
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(300)\n", encoding="utf-8")
    text = (
        "import sys\nfrom multiprocessing.util import spawnv_passfds\n"
        f"PID = spawnv_passfds(sys.executable.encode(), [b'python', {str(tmp_path / 'sleeper.py')!r}.encode()], [])\n"
        "def backward(X, Y, m):\n    raise ValueError(f'pid {PID}')\n"
    )
    outcome = homework(text)
    assert "ValueError: pid " in outcome.message
    pid = int(outcome.message.rsplit("pid ", 1)[1])
    for _ in range(50):
        if not _runs(pid):
            break
        time.sleep(0.1)
    assert not _runs(pid)


def _runs(pid):
    """True while there is such a process that has not ended (a zombie has)."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_files_are_written_in_a_folder_that_goes_away(homework, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "import os, pathlib, tempfile\nopen('here.txt', 'w').write('x')\n"
    text += "pathlib.Path.home().joinpath('home.txt').write_text('x')\ntempfile.mkstemp()\n"
    text += "raise ValueError(os.getcwd())\n"
    outcome = homework(text)
    folder = Path(outcome.message.rsplit("ValueError: ", 1)[1])
    assert folder.name.startswith("homework_")
    assert not folder.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["homework.py"]


WRITES = """
import os, pathlib, shutil
there, here, folder = {places!r}
os.symlink(folder, "door")
tried = {{
    "open w": lambda: open(there, "w"), "open a": lambda: open(there, "a"),
    "through a link": lambda: open("door/x", "w"),
    "os.open": lambda: os.open(there, os.O_CREAT | os.O_WRONLY), "mkdir": lambda: os.mkdir(there),
    "remove": lambda: os.remove(here), "rename": lambda: os.rename(here, "mine.py"),
    "rmtree": lambda: shutil.rmtree(folder), "touch": lambda: pathlib.Path(there).touch(),
    "chmod": lambda: os.chmod(here, 0), "truncate": lambda: os.truncate(here, 0),
}}
for name, attempt in list(tried.items()):
    try:
        attempt()
    except PermissionError as error:
        assert "its own temporary folder" in str(error)
        del tried[name]
raise ValueError(f"not refused: {{list(tried)}}")
"""


def test_nothing_is_written_elsewhere(homework, tmp_path):
    places = [str(tmp_path / "there.txt"), str(tmp_path / "homework.py"), str(tmp_path)]
    outcome = homework(WRITES.format(places=places))
    assert brief(outcome.message).startswith("cannot be imported: ValueError: not refused: []")
    assert [p.name for p in tmp_path.iterdir()] == ["homework.py"]


def test_the_environment_is_not_handed_on(homework, monkeypatch):
    monkeypatch.setenv("A_SECRET", "xyz")
    outcome = homework("import os\nraise ValueError(os.environ.get('A_SECRET', 'none'))\n")
    assert outcome.message.endswith("ValueError: none")


def test_a_changed_numpy_changes_no_verdict(homework):
    """The verdict is made outside: what the file does to NumPy or to this package reaches only itself."""
    wrong = RIGHT.replace("(1 - np.power(A1, 2))", "1")
    fraud = "np.allclose = np.array_equal = lambda *a, **k: True\nimport tinygrad_cn.check.judge as judge\n"
    fraud += "judge.Judge._verdict = lambda *a: 'agree'\njudge.Judge.rows = lambda self: []\n"
    assert homework(wrong + fraud).status == "wrong"


def test_control_characters_do_not_reach_the_terminal(homework):
    outcome = homework("raise ValueError('\\x1b[2J\\x07 gone')\n")
    assert "\x1b" not in outcome.message
    assert "?[2J? gone" in outcome.message


# ---- folders ----------------------------------------------------------------------------------------


def write_class(folder):
    files = {
        "ann.py": RIGHT,
        "bob/hw.py": RIGHT.replace("(1 - np.power(A1, 2))", "(1 - A1)"),
        "eve.py": "import os\nos._exit(0)\n",
        "loop.py": "while True:\n    pass\n",
        "formula.py": "raise ValueError('=1+1')\n",
        "_helper.py": "x = 1\n",
        ".hidden/x.py": "x = 1\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_folder_gives_one_row_a_file(tmp_path, jobs):
    write_class(tmp_path)
    rows = list(check_folder(tmp_path, Options(timeout=2.0, lang="en"), jobs))
    assert [(Path(r["file"]).name, r["status"], r["error"]) for r in rows] == [
        ("ann.py", "agree", ""), ("hw.py", "wrong", ""), ("eve.py", "error", "crash"),
        ("formula.py", "error", "import"), ("loop.py", "error", "time"),
    ]  # fmt: skip
    table = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert len(table) == 5
    assert table[1]["cause"] == "wrong_activation_derivative"
    assert all("\n" not in cell for row in table for cell in row.values())


def test_text_for_a_spreadsheet_is_no_formula():
    (row,) = csv.DictReader(io.StringIO(as_csv([{"file": "a.py", "message": "=cmd|' /C calc'!A0", "seconds": -1.0}])))
    assert row == {"file": "a.py", "message": "'=cmd|' /C calc'!A0", "seconds": "-1.0"}


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no Python file in"):
        list(check_folder(tmp_path))


def test_an_outcome_as_json(homework):
    found = json.loads(homework(RIGHT).json())
    assert found["status"] == "agree"
    assert [row["name"] for row in found["report"]["rows"]] == ["dW2", "db2", "dW1", "db1"]
