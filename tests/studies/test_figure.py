"""Plots of studies: points where the numbers are, logarithmic axes where the space is."""

import builtins

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import tinygrad_cn as tg
from tinygrad_cn.studies import Study, Trial

matplotlib.use("Agg")
LR, UNITS, KIND = [0.01, 0.1, 1.0], [4, 8, 16], ["relu", "tanh", "relu"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def make(space, costs=(0.5, 0.4, 0.3)):
    trials = [
        Trial(i, {"lr": lr, "units": n, "kind": kind}, {"cost": cost}, {"cost": [1.0, cost]})
        for i, (lr, n, kind, cost) in enumerate(zip(LR, UNITS, KIND, costs, strict=True))
    ]
    failed = Trial(3, {"lr": 1.0, "units": 4, "kind": "tanh"}, error="ValueError: no")
    return Study((*trials, failed), space, "cost")


@pytest.fixture
def done():
    return make({"lr": LR, "units": tg.space.integer(2, 20), "kind": ["relu", "tanh"]})


def test_a_panel_for_each_hyperparameter(done):
    panels = done.plot("en")
    assert [axes.get_xlabel() for axes in panels] == ["lr", "units", "kind"]
    assert {axes.get_ylabel() for axes in panels} == {"cost"}
    assert [axes.get_xscale() for axes in panels] == ["log", "linear", "linear"]
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["0.01", "0.1", "1"]
    failed, points, best = panels[0].lines
    assert sorted(zip(*points.get_data(), strict=True)) == [(0.01, 0.5), (0.1, 0.4), (1.0, 0.3)]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (1.0, 0.3)
    assert failed.get_xdata().tolist() == [1.0]
    assert [text.get_text() for text in panels[2].get_xticklabels()] == ["relu", "tanh"]
    assert sorted(panels[2].lines[1].get_xdata()) == [0.0, 0.0, 1.0]
    panels[0].figure.canvas.draw()


def test_a_logarithmic_distribution_has_a_logarithmic_axis_and_wide_costs_too():
    (lr,) = make({"lr": tg.space.log_uniform(0.5, 1)}, costs=(0.001, 0.01, 1.0)).plot("en")
    assert (lr.get_xscale(), lr.get_yscale()) == ("log", "log")


def test_five_hyperparameters_take_two_rows():
    params = dict.fromkeys("abcde", 1)
    panels = Study((Trial(0, params, {"cost": 1.0}),), {name: [1, 2] for name in params}, "cost").plot("en")
    rows = [axes.get_subplotspec().rowspan.start for axes in panels]
    assert rows == [0, 0, 0, 1, 1]


def test_what_has_one_value_only_has_no_panel():
    assert [axes.get_xlabel() for axes in make({"kind": ["relu"], "lr": LR}).plot("en")] == ["lr"]
    (only,) = Study((Trial(0, {"a": 1}, {"cost": 1.0}),), {"a": [1]}, "cost").plot("en")
    assert only.get_xlabel() == "a"


def test_the_language_is_that_of_the_reader(done, monkeypatch):
    monkeypatch.setattr("tinygrad_cn.train.figure.CHINESE_FONTS", ("DejaVu Sans Mono",))  # always installed
    assert done.plot("zh")[0].get_ylabel() == "代价"
    assert done.plot_curves(lang="zh").get_xlabel() == "轮次"


def test_curves_are_coloured_by_a_hyperparameter_and_the_best_is_thick(done):
    axes = done.plot_curves(lang="en")
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1.0, 0.5], [1.0, 0.4], [1.0, 0.3]]
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths[2] > widths[0] == widths[1]
    (legend,) = axes.figure.legends
    assert legend.get_title().get_text() == "lr"
    assert [text.get_text() for text in legend.get_texts()] == ["0.01", "0.1", "1"]
    kinds = done.plot_curves(by="kind", lang="en")
    colours = [tuple(np.ravel(line.get_color())) for line in kinds.lines]
    assert colours[0] == colours[2] != colours[1]


def test_drawn_numbers_have_a_bar_of_colours(done):
    axes = done.plot_curves(by="units", lang="en")
    assert [other.get_ylabel() for other in axes.figure.axes if other is not axes] == ["units"]
    assert not axes.figure.legends


def test_what_cannot_be_drawn_is_an_error_that_says_what_can(done):
    with pytest.raises(ValueError, match="by must be one of lr, units, kind; got 'size'"):
        done.plot_curves(by="size")
    with pytest.raises(ValueError, match="no trial has a curve of 'accuracy'; they have cost"):
        done.plot_curves("accuracy")
    with pytest.raises(ValueError, match="all 1 trials failed"):
        Study(done.trials[3:], done.space, "cost").plot()


def test_without_matplotlib_the_error_says_what_to_install(done, monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"Study.plot needs matplotlib: pip install 'tinygrad-cn\[plot\]'"):
        done.plot()
