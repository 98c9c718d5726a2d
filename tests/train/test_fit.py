"""fit: the published cost curves, the same numbers after a kill, and a clean end whatever ends it."""

import os
import signal

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim
from tinygrad_cn.errors import DivergenceError, OpError, ShapeError, StateError
from tinygrad_cn.train import EarlyStopping

BCE = nn.binary_cross_entropy


def fit(net, X, Y, loss=BCE, optimizer=0.1, **options):
    return tg.fit(net, X, Y, loss, optimizer, **{"progress": False, **options})


def flower_net(units=4):
    """The start of the notes: np.random.seed(2), normal · 0.01."""
    return nn.DNN([2, units, 1], hidden="tanh", init=nn.init.normal(0.01), seed=np.random.RandomState(2))


def moons_net():
    """The start of the notes' "Optimization methods": np.random.seed(3), He."""
    return nn.DNN([2, 5, 2, 1], hidden="relu", init="he", seed=np.random.RandomState(3))


def same(a, b):
    """Parameters equal bit by bit."""
    return all(np.array_equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.fixture
def moons():
    return data.moons(300, 0.2, np.random.RandomState(3))


# ---- the notes' numbers -----------------------------------------------------------------------------


def test_the_flower_costs_what_the_notes_print():
    """A. Ng, "Planar data classification with one hidden layer": 4 hidden units, lr 1.2, cost every 1000 iterations."""
    X, Y = data.flower()
    history = fit(flower_net(), X, Y, optimizer=1.2, epochs=2001)
    assert [round(history.cost[i], 6) for i in (0, 1000, 2000)] == [0.693048, 0.288083, 0.254385]
    assert history.epochs == list(range(2001))


OPTIMISERS = {
    "gd": (optim.SGD, [0.702405, 0.668101]),
    "momentum": (optim.Momentum, [0.702413, 0.668167]),
    "adam": (optim.Adam, [0.702166, 0.167845]),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_mini_batches_cost_what_the_notes_print_in_epoch_0(moons, name):
    """A. Ng, "Optimization methods", model(): batches of 64, seed 11 in epoch 0, lr 0.0007."""
    make, published = OPTIMISERS[name]
    net = moons_net()
    history = fit(
        net, *moons, optimizer=make(net.parameters(), lr=0.0007), epochs=1, batch_size=64,
        seed=lambda epoch: np.random.RandomState(11 + epoch),
    )  # fmt: skip
    assert round(history.cost[0], 6) == published[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS)
def test_mini_batches_cost_what_the_notes_print_in_epoch_1000(moons, name):
    make, published = OPTIMISERS[name]
    net = moons_net()
    history = fit(
        net, *moons, optimizer=make(net.parameters(), lr=0.0007), epochs=1001, batch_size=64,
        seed=lambda epoch: np.random.RandomState(11 + epoch),
    )  # fmt: skip
    assert round(history.cost[1000], 6) == published[1]


# ---- what a step is ---------------------------------------------------------------------------------


def test_it_does_what_a_hand_written_loop_does(moons):
    ours, by_hand = moons_net(), moons_net()
    history = fit(ours, *moons, optimizer=0.5, epochs=20)
    optimizer = optim.SGD(by_hand.parameters(), lr=0.5)
    costs = []
    for _ in range(20):
        J = BCE(by_hand(moons.X), moons.Y)
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        costs.append(J.item())
    assert history.cost == costs
    assert same(ours, by_hand)


def test_the_cost_of_an_epoch_weighs_batches_by_their_size():
    X = np.arange(5.0).reshape(1, 5)
    net = nn.DNN([1, 1], output=None, init="zeros")
    history = fit(net, X, X, loss=nn.mse, optimizer=0.0, epochs=1, batch_size=2)
    assert history.cost == [pytest.approx(np.mean(X**2))]
    assert history.accuracy == []


def test_the_penalty_is_that_of_the_notes(moons):
    plain, penalised = (fit(moons_net(), *moons, optimizer=0.0, epochs=1, l2=l2) for l2 in (0.0, 0.7))
    squares = sum((value**2).sum() for name, value in moons_net().state_dict().items() if name.startswith("W"))
    assert penalised.cost[0] - plain.cost[0] == pytest.approx(0.7 / (2 * 300) * squares)


def test_the_penalty_shrinks_the_weights(moons):
    nets = moons_net(), moons_net()
    for net, l2 in zip(nets, (0.0, 10.0), strict=True):
        fit(net, *moons, optimizer=0.3, epochs=100, l2=l2)
    plain, penalised = (np.linalg.norm(net.W1.numpy()) for net in nets)
    assert penalised < 0.8 * plain


def test_the_schedule_sets_the_learning_rate_of_each_epoch(moons):
    history = fit(moons_net(), *moons, epochs=4, schedule=optim.ExponentialDecay(0.8, rate=0.5))
    assert history.lr == [0.8, 0.4, 0.2, 0.1]


def test_the_seed_decides_the_batches(moons):
    first, again, other = (fit(moons_net(), *moons, epochs=2, batch_size=32, seed=s).cost for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_images_are_batched_along_their_first_axis():
    class Flat(nn.Module):
        def __init__(self):
            self.dense = nn.Dense(4, 1, activation="sigmoid", seed=0)

        def forward(self, X):
            return self.dense(X.reshape(len(X), 4).T)

    images = np.random.default_rng(0).random((10, 2, 2, 1))
    history = fit(Flat(), images, (images[:, 0, 0, :].T > 0.5).astype(float), optimizer=2.0, epochs=60, batch_size=4)
    assert history.cost[-1] < 0.6 * history.cost[0]


# ---- validation and early stopping ------------------------------------------------------------------


def test_validation_is_looked_at_after_the_epoch_and_without_the_penalty(moons):
    net = moons_net()
    train, test = moons.split(seed=1)
    history = fit(net, *train, epochs=3, optimizer=0.5, validation=test, l2=5.0)
    assert history.val_cost[-1] == BCE(net(test.X), test.Y).item()
    assert history.val_accuracy[-1] == ((net(test.X).numpy() > 0.5) == test.Y).mean()


@pytest.mark.parametrize("batch_size", [None, 7])
def test_validation_sees_the_net_in_evaluation_mode_and_leaves_the_modes_alone(moons, batch_size):
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            self.inner = moons_net()

        def forward(self, X):
            seen.append((self.training, self.inner.training, X.shape[1]))
            return self.inner(X)

    net = Watching()
    net.inner.training = False
    fit(net, *moons, epochs=1, validation=0.1, batch_size=batch_size)
    assert [s for s in seen if s[0]] == [(True, False, s[2]) for s in seen if s[0]]
    assert sum(m for training, _, m in seen if training) == 270
    assert sum(m for training, inner, m in seen if not training and not inner) == 30
    assert (net.training, net.inner.training) == (True, False)


def test_a_share_sets_samples_aside_and_a_pair_or_dataset_is_used_as_it_is(moons):
    train, test = moons.split(0.25, seed=0)
    pair, dataset = (fit(moons_net(), *train, epochs=2, validation=v) for v in (tuple(test), test))
    share = fit(moons_net(), *moons, epochs=2, validation=0.25)
    assert pair.val_cost == dataset.val_cost == share.val_cost
    assert pair.cost == share.cost


def by_heart(**options):
    """A training with nothing to learn but by heart, so the validation cost soon rises."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 30)), (rng.random((1, 30)) < 0.5).astype(float)
    net, held_out = nn.DNN([20, 30, 1], seed=0), (X[:, 20:], Y[:, 20:])
    options = {"validation": held_out, "early_stopping": 5, "compile": False, **options}  # so that bits can be compared
    history = fit(net, X[:, :20], Y[:, :20], epochs=500, **options)
    return net, history, BCE(net(held_out[0]), held_out[1]).item()


def test_early_stopping_ends_with_the_parameters_of_the_best_epoch():
    _, history, cost = by_heart()
    assert history.stopped_early
    assert len(history) == history.best["epochs"] + 6 < 500
    assert cost == history.best["val_cost"] < history.val_cost[-1]


@pytest.mark.parametrize("after", [3, 0])
def test_early_stopping_remembers_its_best_across_a_kill(tmp_path, after):
    """Killed between the best epoch and the end of patience, or after the end."""
    path = tmp_path / "training.safetensors"
    whole, expected, _ = by_heart()

    def kill_late(epoch, history):
        if after and epoch == expected.best["epochs"] + after:
            raise KeyboardInterrupt

    by_heart(checkpoint=path, callback=kill_late)
    net, history, _ = by_heart(checkpoint=path, resume=True)
    assert history.val_cost == expected.val_cost
    assert history.stopped_early
    assert same(net, whole)


# ---- ends ---------------------------------------------------------------------------------------------


def test_ctrl_c_finishes_the_step_and_returns_the_history(moons):
    interrupted, whole = moons_net(), moons_net()

    def ctrl_c(epoch, history):
        if epoch == 4:
            os.kill(os.getpid(), signal.SIGINT)

    history = fit(interrupted, *moons, epochs=10, callback=ctrl_c)
    fit(whole, *moons, epochs=5)
    assert history.interrupted
    assert history.epochs == [0, 1, 2, 3, 4]
    assert same(interrupted, whole)


def test_ctrl_c_within_a_step_never_half_updates(moons):
    interrupted, whole = moons_net(), moons_net()

    class Interrupted(optim.SGD):
        def update(self, w, g, slot, lr):
            if w.shape == (2, 1):
                os.kill(os.getpid(), signal.SIGINT)
            super().update(w, g, slot, lr)

    history = fit(interrupted, *moons, optimizer=Interrupted(interrupted.parameters(), lr=0.1), epochs=10)
    fit(whole, *moons, epochs=1)
    assert history.interrupted
    assert same(interrupted, whole)


def test_a_keyboard_interrupt_from_elsewhere_also_returns_the_history(moons):
    def stop(epoch, history):
        raise KeyboardInterrupt

    history = fit(moons_net(), *moons, epochs=10, callback=stop)
    assert (history.interrupted, len(history)) == (True, 1)


def test_a_cost_that_is_not_finite_stops_with_advice_and_keeps_the_history():
    net = nn.DNN([1, 1], output=None, init="zeros")
    X = np.full((1, 4), 1e200)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(DivergenceError, match="the cost became inf in epoch 1 at learning rate 1e-05") as caught,
    ):
        fit(net, X, np.ones((1, 4)), loss=nn.mse, optimizer=1e-5, epochs=5)
    assert caught.value.history.cost == [1.0]
    assert "Try a smaller one, such as 1e-06; scale the inputs with data.standardize" in str(caught.value)


# ---- checkpoints ----------------------------------------------------------------------------------------


class Noise(nn.Module):
    """Adds noise from its own generator, as dropout has one."""

    def __init__(self, rng):
        self.rng = rng

    def forward(self, X):
        return X + 0.1 * self.rng.normal(size=X.shape)


def noisy_training(moons, rng, **options):
    net = nn.Sequential(nn.Dense(2, 5, seed=0), nn.Tanh(), Noise(rng), nn.Dense(5, 1, seed=1), nn.Sigmoid())
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    history = fit(
        net, *moons, optimizer=optimizer, epochs=8, batch_size=64, validation=0.2, l2=0.1,
        early_stopping=EarlyStopping(patience=100), schedule=optim.CosineDecay(0.02, 8), **options,
    )  # fmt: skip
    return net, history


class KilledError(Exception):
    pass


def kill(epoch, history):
    if epoch == 4:
        raise KilledError


@pytest.mark.parametrize("resume", ["flag", "path"])
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_a_killed_and_resumed_training_gives_the_same_numbers(moons, tmp_path, make, resume):
    path = tmp_path / "training.safetensors"
    whole, expected = noisy_training(moons, make(5), seed=make(7))
    with pytest.raises(KilledError):
        noisy_training(moons, make(5), seed=make(7), checkpoint=path, callback=kill)
    net, history = noisy_training(
        moons, make(5), seed=make(7), checkpoint=path, resume=True if resume == "flag" else path
    )
    for name in ("epochs", "cost", "accuracy", "val_cost", "val_accuracy", "lr"):
        assert getattr(history, name) == getattr(expected, name), name
    assert len(history) == 8
    assert same(net, whole)


def test_resuming_a_finished_training_does_nothing_more(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    first, fresh = moons_net(), moons_net()
    fit(first, *moons, epochs=3, checkpoint=path)
    history = fit(fresh, *moons, epochs=3, resume=path)
    assert len(history) == 3
    assert same(first, fresh)


def test_resume_true_starts_anew_without_a_file_and_a_path_needs_one(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    assert len(fit(moons_net(), *moons, epochs=2, checkpoint=path, resume=True)) == 2
    with pytest.raises(FileNotFoundError):
        fit(moons_net(), *moons, epochs=2, resume=tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="resume=True needs checkpoint="):
        fit(moons_net(), *moons, epochs=2, resume=True)


def test_a_checkpoint_of_another_net_is_refused(moons, tmp_path):
    path = tmp_path / "training.safetensors"
    fit(moons_net(), *moons, epochs=1, checkpoint=path)
    with pytest.raises(StateError, match="nothing was loaded"):
        fit(flower_net(), *moons, epochs=2, resume=path)


# ---- arguments and output -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((300, 2))}, ShapeError, r"X \(300, 2\) has m = 2, Y \(1, 300\) has m = 300. Samples are"),
        ({"X": np.zeros((2, 0)), "Y": np.zeros((1, 0))}, ValueError, r"X has no samples: its shape is \(2, 0\)"),
        ({"X": np.full((2, 300), np.nan)}, ValueError, "X has 600 NaN or Inf entries"),
        ({"Y": np.full((1, 300), "a")}, ValueError, "Y must hold real numbers; got dtype <U1"),
        ({"epochs": -1}, ValueError, "epochs must be a whole number ≥ 0; got -1"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number ≥ 1; got 0"),
        ({"l1": -0.1}, ValueError, r"l1 must be a finite number ≥ 0; got -0\.1"),
        ({"augment": "rotate"}, OpError, "augment must be a function of a batch and a generator.*; got 'rotate'"),
        ({"l2": -0.1}, ValueError, r"l2 must be a finite number ≥ 0; got -0\.1"),
        ({"validation": 1.5}, ValueError, r"validation must be a fraction between 0 and 1; got 1\.5"),
        ({"checkpoint": "no/folder/a.safetensors"}, FileNotFoundError, "checkpoint: the folder no/folder does not"),
        ({"early_stopping": 3}, ValueError, "early_stopping needs validation="),
        ({"validation": 0.001}, ValueError, "validation=0.001 of 300 samples leaves a part empty"),
        ({"validation": np.zeros((2, 9))}, OpError, r"validation must be a share, a pair \(X, Y\) or a Dataset"),
        ({"loss": "mse"}, OpError, "loss must be a function such as nn.binary_cross_entropy; got 'mse'"),
        ({"loss": lambda A, Y: A - Y}, ShapeError, r"loss must return the cost as a scalar Tensor; got .* \(1, 300\)"),
        ({"loss": lambda A, Y: 0.5}, ShapeError, "loss must return the cost as a scalar Tensor; got 0.5"),
        ({"optimizer": optim.Adam}, OpError, r"optimizer must be a learning rate or such as optim.Adam\(net"),
        ({"early_stopping": 0, "validation": 0.2}, ValueError, "patience must be a whole number ≥ 1; got 0"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named_before_the_first_step(moons, change, error, message):
    net = moons_net()
    with pytest.raises(error, match=message):
        fit(net, **{"X": moons.X, "Y": moons.Y, **change})
    assert same(net, moons_net())


def test_what_is_no_module_is_refused(moons):
    with pytest.raises(OpError, match=r"net must be an nn\.Module; got 3"):
        fit(3, *moons)


def test_an_optimiser_of_another_net_is_refused(moons):
    with pytest.raises(ValueError, match="optimizer has none of the net's parameters"):
        fit(moons_net(), *moons, optimizer=optim.SGD(moons_net().parameters(), lr=0.1))


def test_an_optimiser_from_before_a_layer_was_replaced_is_refused(moons):
    net = moons_net()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    net[-2] = nn.Dense(2, 1, seed=1)
    complaint = r"optimizer holds W3 \(1, 2\), b3 \(1, 1\), which the net does not have, and lacks its W3 \(1, 2\), b3"
    with pytest.raises(ValueError, match=complaint):
        fit(net, *moons, optimizer=optimizer)
    fit(net, *moons, optimizer=optim.SGD(net[-2].parameters(), lr=0.1), epochs=1)


@pytest.mark.parametrize(("lang", "cost", "accuracy"), [("en", "cost", "accuracy"), ("zh", "代价", "准确率")])
def test_the_progress_bar_shows_cost_and_accuracy(lang, cost, accuracy, moons, capsys, monkeypatch):
    monkeypatch.setenv("TINYGRAD_CN_LANG", lang)
    history = fit(moons_net(), *moons, epochs=3, progress=True)
    shown = capsys.readouterr().err
    assert f"{cost} {history.cost[-1]:.4f}, {accuracy} {history.accuracy[-1]:.4f}" in shown
    assert "3/3" in shown


def test_without_progress_nothing_is_shown(moons, capsys):
    fit(moons_net(), *moons, epochs=3)
    assert capsys.readouterr() == ("", "")


# ---- it learns ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 4])
def test_parity_is_learned(n):
    X, Y = data.parity(n)
    net = nn.DNN([n, 16, 1], hidden="tanh", seed=0)
    history = fit(net, X, Y, optimizer=optim.Adam(net.parameters(), lr=0.02), epochs=400)
    assert history.accuracy[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_are_learned_to_97_percent_on_a_held_out_fifth(seed):
    train, test = data.digits().split(0.2, seed=seed)
    net = nn.DNN([64, 128, 64, 10], output="softmax", seed=seed)
    history = fit(
        net, *data.shifted(train), nn.categorical_cross_entropy, optim.Adam(net.parameters()), epochs=40,
        batch_size=64, schedule=optim.CosineDecay(0.003, 40), validation=test, seed=seed,
    )  # fmt: skip
    assert history.val_accuracy[-1] >= 0.975
