"""The command line: `tinygrad-cn bench`."""

from __future__ import annotations

import json

import pytest

from tinygrad_cn.bench import command
from tinygrad_cn.bench.peers import PEERS
from tinygrad_cn.bench.results import Run
from tinygrad_cn.cli import main


def test_json_holds_every_round(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "taking_part", lambda everyone, names: [PEERS["hand"], PEERS[names[0]]])
    assert main(["bench", "--only", "W1", "--rounds", "2", "--peers", "compiled", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    (timing,) = Run.from_json(out).timings
    assert [e.peer for e in timing.entries] == ["hand", "compiled"]
    assert timing.entries[1].losses == pytest.approx(timing.entries[0].losses, rel=1e-9)
    assert len(json.loads(out)["timings"][0]["entries"][1]["cpu"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "W9"], "there is no workload 'W9'; there are W1, W2"),
        (["--peers", "theano"], "there is no peer 'theano'; there are hand, eager"),
        (["--rounds", "0"], "argument --rounds: expected a whole number from 1; got '0'"),
        (["--threads", "two"], "argument --threads: expected a whole number from 1; got 'two'"),
        (["--patience", "-1"], "argument --patience: must be above 0; got -1"),
        (["--json", "--markdown"], "not allowed with argument"),
        (["--only", ""], "there is no workload ''"),
    ],
)
def test_bad_input_is_refused_with_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["bench", *arguments])
    except SystemExit as stop:
        status = stop.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert words in err
