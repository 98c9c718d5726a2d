"""The examples: each runs in both languages, and the numbers in its closing sentence are true."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SUFFIXES = {
    "01_single_neuron": ["svg", "png"],
    "02_shallow_net_flower": ["png"],
    "03_deep_net_digits": ["svg"],
    "10_lenet_digits": ["svg", "png"],
    "11_names": ["png"],
    "12_attention": ["png", "svg"],
    "13_transfer": ["svg", "png"],
    "14_autoencoder": ["png"],
    "15_pca_by_gradient": ["png"],
    "16_why_nonlinear": ["png"],
    "17_zero_init": ["png"],
    "18_scale_of_init": ["svg", "png"],
    "19_activations": ["png"],
    "20_leaky_slope": ["png"],
    "21_hidden_units": ["png"],
    "22_depth_or_width": ["svg", "png"],
    "24_learning_rate_study": ["jsonl", "png", "svg"],
    "25_data_size": ["png"],
    "26_matrix_dimensions": ["svg"],
}

Main = Callable[..., Any]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Main]:
    """The `main` of an example, loaded as `python examples/….py` would."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "common", raising=False)

    def main_of(name: str) -> Main:
        main: Main = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
        return main

    return main_of


QUICK: dict[str, dict[str, Any]] = {
    "01_single_neuron": {"steps": 10},
    "02_shallow_net_flower": {"sizes": (1, 4), "steps": 5},
    "03_deep_net_digits": {"epochs": 2},
    "10_lenet_digits": {"epochs": 1, "samples": 100},
    "11_names": {"epochs": 1},
    "12_attention": {"epochs": 1, "m": 100},
    "13_transfer": {"seeds": 1, "epochs": 2, "before": 1},
    "14_autoencoder": {"epochs": 2},
    "15_pca_by_gradient": {"steps": 20},
    "16_why_nonlinear": {"steps": 5},
    "17_zero_init": {"steps": 5},
    "18_scale_of_init": {"epochs": 1},
    "19_activations": {"rates": (0.1, 0.3), "epochs": 1, "seeds": 1},
    "20_leaky_slope": {"epochs": 1, "seeds": 1},
    "21_hidden_units": {"sizes": (1, 3), "epochs": 5, "seeds": 1},
    "22_depth_or_width": {"bits": (2, 4), "seeds": 1, "epochs": 5},
    "24_learning_rate_study": {"rates": (0.1, 1.0), "sizes": (2, 4), "epochs": 1},
    "25_data_size": {"sizes": (10, 20), "steps": 5, "seeds": 1},
    "26_matrix_dimensions": {},
}


def test_every_example_is_tested() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py")) == sorted(QUICK)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", QUICK)
def test_speaks_the_language_and_writes_its_files(
    name: str, lang: str, load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(name)(tmp_path, lang, **QUICK[name])
    text = capsys.readouterr().out
    assert any("\u4e00" <= c <= "\u9fff" for c in text) == (lang == "zh")
    for suffix in SUFFIXES[name]:
        files = list(tmp_path.glob(f"*.{suffix}"))
        assert files
        assert all(str(file) in text for file in files)


def test_without_matplotlib_the_rest_still_runs(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    load("01_single_neuron")(tmp_path, "en", steps=1)
    assert "matplotlib is not installed: cost.png is left out." in capsys.readouterr().out
    assert [file.name for file in tmp_path.iterdir()] == ["neuron.svg"]


def test_the_neuron_learns_and_its_derivation_agrees(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs, accuracy = load("01_single_neuron")(tmp_path, "en")
    text = capsys.readouterr().out
    assert np.isclose(costs[0], np.log(2))
    assert costs == sorted(costs, reverse=True)
    assert accuracy > 0.97
    assert f"on {accuracy:.1%} of those it has never seen" in text
    assert "✓ 3 agree, ✗ 0 wrong" in text


def test_the_flower_starts_at_the_published_cost(load: Callable[[str], Main], tmp_path: Path) -> None:
    (result,) = load("02_shallow_net_flower")(tmp_path, "en", sizes=(4,), steps=1)
    assert f"{result.first_cost:.6f}" == "0.693048"


@pytest.mark.slow
def test_the_flower_needs_three_hidden_units(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = load("02_shallow_net_flower")(tmp_path, "en")
    # The percentages printed in the course's exercise; with many units they hang on rounding, by a point or two of 400.
    published = {1: 0.675, 2: 0.6725, 3: 0.9075, 4: 0.905, 5: 0.9125, 20: 0.9, 50: 0.9025}
    assert {result.n_h: result.accuracy for result in results} == pytest.approx(published, abs=2.5 / 400)
    best = max(result.accuracy for result in results)
    text = capsys.readouterr().out
    assert (
        f"3 hidden units already reach {results[2].accuracy:.2%}; none of these sizes does better than {best:.2%}"
        in text
    )


def test_the_deep_net_reads_unseen_digits(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, report, check = load("03_deep_net_digits")(tmp_path, "en")
    assert history.val_accuracy[-1] > 0.95
    assert f"reads {history.val_accuracy[-1]:.1%} of 359 digits" in capsys.readouterr().out
    assert report.ok
    assert {row.name for row in report.rows} == {f"{d}{layer}" for d in ("dZ", "dW", "db") for layer in (1, 2, 3)}
    assert check.ok
    assert len(check.entries) == 200 + 32


@pytest.mark.slow
def test_the_convolutional_net_reads_more_of_them(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history, chain = load("10_lenet_digits")(tmp_path, "en")
    assert history.val_accuracy[-1] > 0.985
    assert f"reads {history.val_accuracy[-1]:.1%} of 359 digits" in capsys.readouterr().out
    assert [step.kind for step in chain.steps if step.layer] == ["conv", "conv", "conv", "dense", "dense"]
    assert chain["dW1"].shape == (3, 3, 1, 16)


@pytest.mark.slow
def test_the_net_learns_what_names_look_like(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after, made_up = load("11_names")(tmp_path, "en")
    text = capsys.readouterr().out
    assert before > 40  # about twelve letters and an end, each one of 27: 13 log 27 = 42.8
    assert after < 26
    assert f"cost {before:.2f} each before training and {after:.2f} after" in text
    assert len(made_up) == 5
    assert sum(name.endswith(("saurus", "ceratops", "pteryx", "raptor", "mimus")) for name in made_up) >= 2
    assert all(f"  {name}\n" in text for name in made_up)


@pytest.mark.slow
def test_attention_turns_sequences_round(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (attention, small, large), looks = load("12_attention")(tmp_path, "en")
    text = capsys.readouterr().out
    assert attention.size < small.size < large.size
    assert (attention.sequences, attention.digits[-1]) > (0.99, 0.999)
    assert 0.2 < small.digits[-1] < 0.5 < large.digits[-1] < attention.digits[-1]
    assert looks > 0.95
    assert f"with {attention.size:,} parameters turns {attention.sequences:.1%} of the sequences round" in text
    assert f"the LSTM with {small.size:,} gets {small.digits[-1]:.1%} of the digits right" in text
    assert f"at {looks:.1%} of the steps the largest weight is that of step T + 1 − t." in text


@pytest.mark.slow
def test_a_learning_rate_is_wrong_in_two_directions(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, accuracy = load("24_learning_rate_study")(tmp_path, "en")
    text = capsys.readouterr().out
    last = {(t.params["lr"], t.params["units"]): t.curves["val_accuracy"][-1] for t in study.trials}
    best = study.best.params
    assert (best["lr"], best["units"]) == (1.0, 64)
    assert last[1.0, 64] > 0.95
    assert last[0.001, 64] < 0.3
    assert last[10.0, 64] < 0.15
    assert max(last[lr, 2] for lr in study.space["lr"]) < 0.6
    assert accuracy > 0.95
    assert f"a learning rate of 1 reads {last[1.0, 64]:.1%} of the validation set" in text
    assert f"gets to {last[0.001, 64]:.1%} in as many epochs, 10 is too large and gets {last[10.0, 64]:.1%}" in text
    assert f"the net reads {accuracy:.1%} of 359 digits that had no part in it" in text


@pytest.mark.slow
def test_moved_layers_learn_new_digits_sooner(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = load("13_transfer")(tmp_path, "en")
    text = capsys.readouterr().out
    scratch, moved, frozen = (curve.mean(axis=0) for curve in curves.values())
    assert moved[4] > scratch[4] + 0.1
    assert np.argmax(moved > 0.8) < np.argmax(scratch > 0.8) - 2
    assert abs(moved[-1] - scratch[-1]) < 0.02
    assert frozen[-1] < moved[-1] - 0.02
    assert (
        f"reads {moved[4]:.1%} of those it has never seen after 5 epochs, the one from scratch {scratch[4]:.1%}" in text
    )
    assert "✓ matched                  W1, b1, W2, b2" in text


@pytest.mark.slow
def test_the_autoencoder_beats_pca_on_unseen_digits(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = load("14_autoencoder")(tmp_path, "en")
    (linear, apart), (curved, further) = results["pca"], results["autoencoder"]
    assert curved < 0.75 * linear
    assert further > apart + 0.1
    assert (
        f"with {curved / linear:.0%} of PCA's squared error ({curved:.4f} and {linear:.4f})" in capsys.readouterr().out
    )


def test_pca_by_gradient_finds_the_space_of_the_svd(
    load: Callable[[str], Main], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = load("15_pca_by_gradient")(tmp_path, "en")
    assert found["angle"] < 1e-5  # degrees
    assert found["off"] < 1e-7
    assert found["cost"] == pytest.approx(found["least"], rel=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(found["components"] * found["U"], axis=0)), 1, rtol=1e-9)
    assert f"the largest principal angle is {found['angle']:.1e} degrees" in capsys.readouterr().out
