"""Studies: what build may return, who is best, what fails alone, and the table of it all."""

import sys

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.studies import Study, Trial

from .small import TRAINING, X, Y, build, study

# ---- what build returns -----------------------------------------------------------------------------


def test_a_net_and_its_optimizer_are_trained_like_by_fit():
    done = study(build, {"lr": [0.1], "units": [4]}, fit={**TRAINING, "validation": 0.2, "batch_size": 32})
    net, optimizer = build(0.1, 4)
    history = tg.fit(net, **TRAINING, optimizer=optimizer, validation=0.2, batch_size=32, progress=False)
    assert done.best.curves == {name: column for name, column in history.to_dict().items() if name in done.best.curves}
    assert list(done.best.curves) == ["cost", "accuracy", "val_cost", "val_accuracy"]
    best = history.best
    assert done.best.metrics == {**{name: best[name] for name in done.best.curves}, "epoch": best["epochs"]}
    assert done.metric == "val_cost"


def test_a_net_alone_is_trained_by_the_optimizer_of_the_training():
    done = study(lambda units: build(0, units)[0], {"units": [1, 8]}, fit={**TRAINING, "optimizer": 1.0, "epochs": 200})
    assert done.best.params == {"units": 8}
    assert done.metric == "cost"


def test_a_history_and_numbers_of_ones_own_go_together():
    def train(lr):
        net, optimizer = build(lr, 4)
        history = tg.fit(net, **TRAINING, optimizer=optimizer, progress=False)
        return {"history": history, "size": np.int64(17), "norms": np.array([1, 2.5]), "J": tg.tensor(0.5)}

    (trial,) = study(train, {"lr": [0.1]}).trials
    assert trial.metrics["size"] == 17
    assert trial.metrics["J"] == 0.5
    assert trial.curves["norms"] == [1.0, 2.5]
    assert len(trial.curves["cost"]) == 5


@pytest.mark.parametrize(
    ("direction", "name", "best"), [({}, "cost", 2), ({"minimize": "loss"}, "loss", 2), ({"maximize": "f1"}, "f1", 8)]
)
def test_a_number_is_the_quantity_that_is_judged(direction, name, best):
    done = study(lambda units: units / 10, {"units": [4, 2, 8]}, **direction)
    assert done.best.params == {"units": best}
    assert done.best.metrics == {name: best / 10}


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (None, "OpError: build must return a number, a dict of numbers and curves, or a History; got None"),
        ("good", "got 'good'"),
        ([1.0, 0.5], "got [1.0, 0.5]"),
        ((nn.Sequential(), 0.1), "got (Sequential(), 0.1). To have a net trained, give fit="),
        ({"cost": "low"}, "OpError: build returned cost='low'; expected a number, a list of numbers or a History"),
        ({"cost": None}, "OpError: build returned cost=None"),
    ],
)
def test_what_cannot_be_judged_is_a_failure(outcome, complaint):
    (trial,) = study(lambda a: outcome, {"a": [1]}).failed
    assert complaint in trial.complaint


# ---- trials that fail -------------------------------------------------------------------------------


def test_a_failure_is_recorded_with_its_traceback_and_the_others_go_on():
    def fragile(units):
        if units == 2:
            raise ZeroDivisionError("two\nlines")
        return units

    done = study(fragile, {"units": [1, 2, 3]}, jobs=2)
    assert [trial.number for trial in done.ranked] == [0, 2]
    (failed,) = done.failed
    assert ", in fragile" in failed.error
    assert "ZeroDivisionError: two\nlines" in failed.error
    assert "studies/trial.py" not in failed.error
    assert repr(done) == "<Study: 3 of 3 trials, best cost 1, 1 failed>"
    assert done.table("en").splitlines()[-1].endswith("✗ lines")


def test_a_training_that_diverges_keeps_its_curve():
    def diverging(lr):
        return tg.fit(nn.DNN([2, 1], output=None, seed=0), 10 * X, Y, nn.mse, lr, 500, progress=False)

    with np.errstate(all="ignore"):
        done = study(diverging, {"lr": [1e-4, 100.0]})
    assert done.best.params == {"lr": 1e-4}
    (failed,) = done.failed
    assert "the cost became inf" in failed.complaint
    assert 10 < len(failed.curves["cost"]) < 500
    assert not failed.metrics


def test_nobody_is_best_if_all_failed_or_none_has_the_quantity():
    with pytest.raises(ValueError, match=r"all 2 trials failed; the first with:\n(.*\n)*NameError"):
        _ = study(lambda a: nothing, {"a": [1, 2]}).best  # noqa: F821
    with pytest.raises(ValueError, match="no trial has a finite f1; they have cost"):
        _ = study(lambda a: {"cost": a}, {"a": [1, 2]}, maximize="f1").best


def test_what_is_no_number_is_never_best():
    done = study(lambda a: a, {"a": [np.nan, 2.0, np.inf, 1.0, -np.inf]})
    assert [trial.params["a"] for trial in done.ranked] == [1.0, 2.0]
    assert len(done.table("en").splitlines()) == 6


# ---- arguments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"build": 3}, "build must be a function of the hyperparameters; got 3"),
        ({"n": 0}, "n must be a whole number ≥ 1; got 0"),
        ({"seed": -1}, "seed must be a whole number ≥ 0; got -1"),
        ({"fit": [X, Y]}, "fit must be a dict of tinygrad_cn.fit's arguments"),
        (
            {"fit": {**TRAINING, "epoch": 3}},
            "fit: tinygrad_cn.fit has no argument 'epoch'; expected some of X, Y,",
        ),
        ({"fit": {"X": X, "Y": Y}}, "fit lacks loss; a training needs X, Y and loss"),
        ({"jobs": 0}, "jobs must be a whole number other than 0, such as 4, or −1 for one a core; got 0"),
        ({"jobs": "all"}, "jobs must be a whole number other than 0, .*; got 'all'"),
        ({"retry": "no"}, "retry must be True or False; got 'no'"),
        ({"out": ""}, "out must be the path of a file; got ''"),
        ({"minimize": ""}, "minimize must be the name of a quantity, such as 'val_cost'; got ''"),
        ({"minimize": "a", "maximize": "b"}, "give minimize or maximize, not both; got 'a' and 'b'"),
        ({"maximize": True}, "maximize must be the name of a quantity, such as 'val_cost'; got True"),
        ({"space": {"lr": 3}}, "space.* must be a list"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint):
    given = {"build": build, "space": {"lr": [1.0]}, **arguments}
    with pytest.raises((ValueError, TypeError), match=complaint):
        study(given.pop("build"), given.pop("space"), **given)


def test_without_joblib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ImportError, match=r"study needs joblib: pip install 'tinygrad-cn\[study\]'"):
        study(build, {"lr": [1.0]})


@pytest.mark.parametrize(("lang", "shown"), [("en", "best cost 0.25, 1 failed"), ("zh", "最好的 cost 0.25, 失败 1 次")])
def test_the_progress_bar_shows_the_best_and_the_failed(lang, shown, capsys, monkeypatch):
    monkeypatch.setenv("TINYGRAD_CN_LANG", lang)
    tg.study(lambda a: 1 / a, {"a": [0, 4, 2]})
    assert shown in capsys.readouterr().err


# ---- the result -------------------------------------------------------------------------------------


@pytest.fixture
def done():
    trials = (
        Trial(0, {"lr": 0.1, "f": nn.relu}, {"cost": 0.5}, seconds=2.0),
        Trial(1, {"lr": 1.0, "f": nn.tanh}, error="Traceback\nValueError: no", seconds=1.0),
        Trial(2, {"lr": 0.01, "f": nn.relu}, {"cost": 0.25}, {"cost": [1.0, 0.25]}, seconds=2.0),
    )
    return Study(trials, {"lr": [0.1, 1.0, 0.01], "f": [nn.relu, nn.tanh]}, "cost", planned=4, interrupted=True)


def test_the_table_has_the_best_first_in_both_languages(done):
    assert done.table("en").splitlines() == [
        "trial  lr    f     cost  seconds  error",
        "2      0.01  relu  0.25  2",
        "0      0.1   relu  0.5   2",
        "1      1     tanh        1        ✗ ValueError: no",
    ]
    assert done.table("zh").splitlines()[0] == "试验  lr    f     cost  秒  错误"
    assert len(done.table(top=1).splitlines()) == 2
    assert repr(done) == "<Study: 3 of 4 trials, best cost 0.25, 1 failed, interrupted>"


def test_rows_and_csv_are_flat(done, tmp_path):
    assert done.rows[2] == {"trial": 2, "lr": 0.01, "f": "relu", "cost": 0.25, "seconds": 2.0}
    text = done.to_csv(tmp_path / "study.csv")
    assert (tmp_path / "study.csv").read_text(encoding="utf-8") == text
    assert text.splitlines()[:2] == ["trial,lr,f,cost,seconds,error", "0,0.1,relu,0.5,2.0,"]
