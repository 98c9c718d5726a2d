"""The command line: exit statuses, texts and bad input."""

import csv
import io
import json

import pytest

from tinygrad_cn.cli import in_colour, main

from .check.test_homework import RIGHT

WRONG = RIGHT.replace("(1 - np.power(A1, 2))", "(1 - A1)")


@pytest.fixture
def homework(tmp_path):
    def write(text, name="homework.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_status_says_what_came_of_it(homework, capsys):
    assert main(["check", homework(RIGHT), "--lang", "en"]) == 0
    assert "✓ 4 agree" in capsys.readouterr().out
    assert main(["check", homework(WRONG), "--lang", "zh"]) == 1
    assert "✗ 1 有误" in capsys.readouterr().out
    assert main(["check", homework("1 / 0\n"), "--lang", "en"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tinygrad-cn check: ")
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_json(homework, capsys):
    assert main(["check", homework(WRONG), "--json", "--lang", "en"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["cause"]) == ("wrong", "wrong_activation_derivative")
    assert found["report"]["rows"][0]["verdict"] == "agree"


def test_the_net_by_options(homework, capsys):
    path = homework(RIGHT)
    assert main(["check", path, "--lang", "en", "--net", "2,4,3", "--hidden", "tanh", "--output", "softmax"]) == 0
    assert "n = [2, 4, 3], tanh, softmax, categorical cross-entropy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--net", "2,a"], "expected whole numbers with commas, such as 2,4,1; got '2,a'"),
        (["--net", "2"], "the net must be given as n[0], …, n[L]"),
        (["--timeout", "0"], "must be above 0"),
        (["--memory", "-3"], "argument --memory: expected a whole number from 1; got '-3'"),
        (["--jobs", "0"], "argument --jobs: expected a whole number from 1; got '0'"),
        (["--hidden", "magic"], "an activation must be one of linear, sigmoid"),
        (["--loss", "magic"], "the loss must be one of binary_cross_entropy"),
        (["--function", "magic"], "has no function 'magic'; it has backward_propagation"),
    ],
)
def test_bad_options_are_refused_with_status_2(homework, capsys, arguments, words):
    try:
        status = main(["check", homework(RIGHT), *arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys, tmp_path):
    assert main(["check", str(tmp_path / "none.py")]) == 2
    assert "no file" in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 2
    assert "no Python file in" in capsys.readouterr().err


def test_a_folder_as_csv_and_json(homework, capsys, tmp_path):
    homework(RIGHT, "a.py")
    homework(WRONG, "b.py")
    command = ["check", str(tmp_path), "--lang", "en", "--jobs", "1"]
    assert main(command) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["status"] for row in rows] == ["agree", "wrong"]
    assert main([*command, "--json"]) == 1
    assert [row["cause"] for row in json.loads(capsys.readouterr().out)] == ["", "wrong_activation_derivative"]


def test_colour_is_for_terminals_and_can_be_refused(homework, capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not in_colour()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert in_colour()
    main(["check", homework(WRONG)])
    assert "\x1b[31mdW[1]" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert not in_colour()


def test_help_of_each_command(capsys):
    for command, word in (("demo", "--out"), ("check", "--timeout")):
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        assert word in capsys.readouterr().out
