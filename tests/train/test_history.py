"""History: numbers in columns, the best epoch, a table, and curves whose labels have glyphs."""

import builtins
import csv

import matplotlib
import pytest
from matplotlib import font_manager, pyplot

from tinygrad_cn import History
from tinygrad_cn.train import figure

matplotlib.use("Agg")


@pytest.fixture
def history():
    return History(
        epochs=[0, 1, 2], cost=[0.7, 0.5, 0.4], accuracy=[0.5, 0.7, 0.8], val_cost=[0.8, 0.55, 0.6], lr=[0.1] * 3,
        seconds=[0.01] * 3,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def test_best_is_the_lowest_validation_cost_and_without_one_the_lowest_cost(history):
    assert (history.best["epochs"], history.best["val_cost"], history.best["cost"]) == (1, 0.55, 0.5)
    history.val_cost = []
    assert history.best["epochs"] == 2
    assert "val_cost" not in history.best


def test_what_is_no_number_is_never_best():
    nan = float("nan")
    assert History(epochs=[0, 1, 2], cost=[0.1, 0.1, 0.1], val_cost=[nan, 0.5, nan]).best["epochs"] == 1


def test_best_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="the history is empty: no epoch was completed"):
        _ = History().best


def test_repr_has_the_last_numbers_and_how_it_ended(history):
    assert repr(history) == "<History: 3 epochs, cost 0.4, accuracy 0.8, val_cost 0.6>"
    history.interrupted = True
    assert repr(history).endswith("val_cost 0.6, interrupted>")


def test_csv_gives_the_columns_back(history, tmp_path):
    text = history.to_csv(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()))
    assert text.splitlines()[0] == "epochs,cost,accuracy,val_cost,lr,seconds"
    assert [float(row["val_cost"]) for row in rows] == history.val_cost
    assert [int(row["epochs"]) for row in rows] == history.epochs


def test_to_dict_makes_the_same_history_and_shares_nothing(history):
    columns = history.to_dict()
    assert History(**columns).to_dict() == columns
    columns["cost"].append(0.0)
    assert len(history.cost) == 3


def labels(axes):
    return [axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.get_legend().get_texts())]


@pytest.mark.parametrize(
    ("lang", "cost_words", "accuracy_words"),
    [
        ("en", ["Epoch", "Cost J", "training", "validation"], ["Epoch", "Accuracy", "training"]),
        ("zh", ["轮次", "代价 J", "训练", "验证"], ["轮次", "准确率", "训练"]),
    ],
)
def test_plot_draws_every_curve_in_the_language(history, monkeypatch, lang, cost_words, accuracy_words):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans", "SimHei"])
    cost, accuracy = history.plot(lang=lang)
    assert (labels(cost), labels(accuracy)) == (cost_words, accuracy_words)
    assert [line.get_ydata().tolist() for line in cost.lines] == [history.cost, history.val_cost]
    assert [line.get_ydata().tolist() for line in accuracy.lines] == [history.accuracy]


def test_without_a_chinese_font_the_labels_are_english(history, monkeypatch):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])
    assert history.plot(lang="zh")[0].get_xlabel() == "Epoch"


def test_chinese_labels_are_drawn_without_a_missing_glyph(history, tmp_path):
    """A missing glyph is a warning, and warnings are errors here."""
    history.plot(lang="zh")[0].figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_without_accuracy_there_is_one_plot():
    assert len(History(epochs=[0, 1], cost=[2.0, 1.0]).plot(lang="en")) == 1


def test_an_empty_history_has_no_curve():
    with pytest.raises(ValueError, match="no epoch was completed, so there is no curve to draw"):
        History().plot()


def test_without_matplotlib_the_error_says_what_to_install(history, monkeypatch):
    def without(name, *rest, real=builtins.__import__):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad-cn\[plot\]'"):
        figure.curves(history)


def test_a_failed_save_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "history.csv"
    History(epochs=[0], cost=[0.7]).to_csv(path)

    def full(*names):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        History(epochs=[0, 1], cost=[0.7, 0.5]).to_csv(path)
    assert path.read_text() == "epochs,cost\n0,0.7\n"
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]
