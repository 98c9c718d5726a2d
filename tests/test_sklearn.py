"""NetClassifier and NetRegressor: scikit-learn's own checks, then what its users build with them."""

import functools
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import tinygrad_cn as tg
from tinygrad_cn import data, nn, optim
from tinygrad_cn.errors import DivergenceError
from tinygrad_cn.sklearn import NetClassifier, NetRegressor
from tinygrad_cn.sklearn.weighted import with_weights

LINE = np.linspace(-1, 1, 60).reshape(-1, 1)


@pytest.fixture
def moons():
    X, Y = data.moons(200, noise=0.15, seed=0)
    return X.T, np.where(Y[0] == 1, "upper", "lower")


@pytest.fixture
def blobs():
    dataset = data.blobs(150, classes=3, seed=0)
    return dataset.X.T, np.array(["c", "a", "b"])[dataset.labels]


def small(**parameters):
    return NetClassifier(**{"hidden": (8,), "lr": 0.05, "epochs": 30, "random_state": 0, **parameters})


@parametrize_with_checks([NetClassifier(epochs=100), NetRegressor(epochs=100)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


# ---- what is learned --------------------------------------------------------------------------------


def test_three_classes_with_text_labels(blobs):
    X, y = blobs
    net = small().fit(X, y)
    assert net.classes_.tolist() == ["a", "b", "c"]
    assert net.score(X, y) > 0.95
    probabilities = net.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(net.predict_log_proba(X)), probabilities)
    assert (net.classes_[probabilities.argmax(axis=1)] == net.predict(X)).all()


def test_the_training_is_that_of_fit(moons):
    X, y = moons
    net = small(batch_size=32, l2=0.5, optimizer="momentum").fit(X, y)
    rng = np.random.RandomState(0)
    same = nn.DNN([2, 8, 2], hidden="relu", output=None, seed=rng)
    Y = np.array([y == "lower", y == "upper"], float)
    optimizer = optim.Momentum(same.parameters(), lr=0.05)
    history = tg.fit(same, X.T, Y, nn.cross_entropy, optimizer, 30, 32, l2=0.5, seed=rng, progress=False)
    assert net.loss_curve_ == pytest.approx(history.cost, rel=1e-12)
    assert net.n_iter_ == 30
    np.testing.assert_allclose(net.net_.W1.data, same.W1.data, rtol=1e-10)


def test_several_targets_and_their_scale_by_the_means_of_scikit_learn():
    y = 1000 + 100 * np.hstack([np.sin(3 * LINE), LINE**2])
    net = NetRegressor(hidden=(30,), activation="tanh", lr=0.02, epochs=300, random_state=0)
    scaled = TransformedTargetRegressor(net, transformer=StandardScaler()).fit(LINE, y)
    assert scaled.predict(LINE).shape == (60, 2)
    assert scaled.score(LINE, y) > 0.99


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 2)])
def test_predictions_have_the_shape_of_the_targets(shape):
    assert NetRegressor(epochs=1).fit(LINE, np.zeros(shape)).predict(LINE).shape == shape


@pytest.mark.parametrize("Estimator", [NetClassifier, NetRegressor])
def test_float32_stays_float32(Estimator):
    X = LINE.astype(np.float32)
    net = Estimator(epochs=2).fit(X, (X[:, 0] > 0).astype(int))
    assert {array.dtype for array in net.net_.state_dict().values()} == {np.dtype(np.float32)}
    assert (net.predict_proba(X) if Estimator is NetClassifier else net.predict(X)).dtype == np.float32


def test_a_weight_of_three_is_the_sample_taken_three_times(moons):
    X, y = moons[0][:40], moons[1][:40]
    weights = np.arange(40) % 4
    weighted = small(batch_size=None).fit(X, y, sample_weight=5 * weights)
    repeated = small(batch_size=None).fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    target = np.where(y == "upper", 1.0, -1.0)
    weighted = NetRegressor(batch_size=None, epochs=20, random_state=0).fit(X, target, sample_weight=weights)
    repeated = NetRegressor(batch_size=None, epochs=20, random_state=0)
    repeated.fit(X.repeat(weights, axis=0), target.repeat(weights))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)


# ---- parameters -------------------------------------------------------------------------------------


def test_any_net_may_be_built():
    dataset = data.digits().take(range(300))

    class Images(nn.Module):
        def __init__(self, n_out, rng):
            self.conv = nn.Conv2D(1, 4, 3, seed=rng)
            self.flatten = nn.Flatten()
            self.dense = nn.Dense(4 * 6 * 6, n_out, seed=rng)

        def forward(self, X):
            return self.dense(self.flatten(nn.relu(self.conv(X.T.reshape(-1, 8, 8, 1)))))

    net = small(build=lambda n_in, n_out, rng: Images(n_out, rng), lr=0.01, epochs=20)
    assert net.fit(dataset.X.T, dataset.labels).score(dataset.X.T, dataset.labels) > 0.95
    assert net.net_.conv.W.shape == (3, 3, 1, 4)


def test_dropout_works_in_training_and_not_in_prediction(moons):
    def build(n_in, n_out, rng):
        return nn.Sequential(
            nn.Dense(n_in, 30, activation="relu", seed=rng), nn.Dropout(0.5, seed=rng), nn.Dense(30, n_out, seed=rng)
        )

    X, y = moons
    net = small(build=build, batch_size=None).fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), net.predict_proba(X))
    whole = log_loss(y, net.predict_proba(X))
    assert net.partial_fit(X, y).loss_curve_[-1] > 1.1 * whole, "half of the units are missing"
    np.testing.assert_array_equal(net.predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "nesterov", "adagrad", "rmsprop", "adamw", optim.Adam, functools.partial(optim.Momentum, beta=0.5)],
    ids=str,
)
def test_every_optimizer_brings_the_cost_down(optimizer, moons):
    curve = small(optimizer=optimizer, lr=0.01).fit(*moons).loss_curve_
    assert curve[-1] < curve[0] - 0.05


def test_early_stopping_keeps_the_best_epoch(moons):
    X, y = moons
    net = small(early_stopping=3, epochs=500, lr=0.3, validation_fraction=0.25).fit(X, y)
    history = net.history_
    assert history.stopped_early
    assert net.n_iter_ == history.best["epochs"] + 1 + 3
    assert len(small(early_stopping=tg.EarlyStopping(patience=500), epochs=20).fit(X, y).loss_curve_) == 20
    rare = np.where(np.arange(200) < 20, "rare", "common")
    held_out = small(early_stopping=True, epochs=1, lr=0.0, init="zeros", validation_fraction=0.1).fit(X, rare)
    assert held_out.history_.val_accuracy == [0.9], "each class has its share of the validation set"


def test_warm_start_and_partial_fit_go_on(moons):
    whole = small(epochs=20).fit(*moons)
    warm = small(epochs=10, warm_start=True).fit(*moons).fit(*moons)
    assert warm.loss_curve_ == whole.loss_curve_
    pieces = small()
    for _ in range(20):
        pieces.partial_fit(*moons)
    assert pieces.loss_curve_ == whole.loss_curve_
    assert small(epochs=10).fit(*moons).fit(*moons).n_iter_ == 10


def test_partial_fit_is_told_the_classes_it_has_not_seen(blobs):
    X, y = blobs
    net = small().partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b", "c"])
    assert net.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match=r"y has labels that are not in classes_: \['d'\]; got \['a', 'b', 'c'\]"):
        net.partial_fit(X[:1], ["d"])


def test_compiled_training_gives_the_same_curve(moons):
    eager = small(optimizer="sgd", epochs=5).fit(*moons)
    compiled = small(optimizer="sgd", epochs=5, compile=True).fit(*moons)
    np.testing.assert_allclose(compiled.loss_curve_, eager.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"hidden": (8, 0)}, "hidden must be a whole number ≥ 1; got 0"),
        ({"hidden": "8"}, "hidden must be a number of units, or one for each hidden layer; got '8'"),
        ({"optimizer": "adamant"}, r"optimizer must be one of sgd, .*, or a class such as optim.Adam; got 'adamant'"),
        ({"epochs": 0}, "epochs must be a whole number ≥ 1; got 0"),
        ({"early_stopping": 0.5}, "early_stopping must be a whole number ≥ 1; got 0.5"),
        ({"early_stopping": True, "validation_fraction": 1}, "validation_fraction must be a fraction between 0 and 1"),
        ({"activation": "rely"}, "activation must be one of .*; got 'rely'"),
        ({"batch_size": 0}, "batch_size must be a whole number ≥ 1; got 0"),
        ({"activation": ["relu", "tanh"]}, "activation must be one, or 1 for the 1 hidden layers; got"),
        ({"build": 3}, "build must be a function of n_in, n_out and rng that returns an nn.Module; got 3"),
        ({"warm_start": "no"}, "warm_start must be True or False; got 'no'"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, complaint, moons):
    with pytest.raises((ValueError, TypeError), match=complaint):
        small(**parameters).fit(*moons)


def test_what_build_returns_must_be_a_module(moons):
    with pytest.raises(TypeError, match=r"build must return an nn\.Module; got 3"):
        small(build=lambda n_in, n_out, rng: 3).fit(*moons)


def test_weights_that_are_all_zero_are_refused(moons):
    with pytest.raises(ValueError, match="sample_weight must not be zero for all samples"):
        with_weights(np.zeros((1, 2)), np.zeros(2))
    net = small()
    with pytest.raises(ValueError, match="zero"):  # newer scikit-learns say it before
        net.fit(*moons, sample_weight=np.zeros(200))
    assert not hasattr(net, "net_"), "a net that was not trained"


def test_class_weights_are_weights_of_samples(moons):
    X, _ = moons
    rare = np.where(np.arange(200) < 20, "rare", "common")
    by_hand = np.where(rare == "rare", 5.0, 200 / 360)  # m / (classes · samples of the class)
    balanced = small(class_weight="balanced").fit(X, rare)
    assert balanced.loss_curve_ == pytest.approx(small().fit(X, rare, by_hand).loss_curve_, rel=1e-9)
    doubled = small(class_weight={"rare": 2.0}).fit(X, rare, sample_weight=np.arange(200))
    assert doubled.loss_curve_ == small().fit(X, rare, np.arange(200) * np.where(rare == "rare", 2.0, 1)).loss_curve_


def test_class_weights_of_parts_are_those_of_all_classes(blobs):
    X, y = blobs
    net = small(class_weight={"b": 3.0}).partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b", "c"])
    assert net.partial_fit(X, y).n_iter_ == 2
    with pytest.raises(ValueError, match=r"class_weight must be a dict in partial_fit, .*; got 'balanced'"):
        small(class_weight="balanced").partial_fit(X, y)


def test_a_learning_rate_set_later_is_used(moons):
    net = small(warm_start=True, optimizer="sgd").fit(*moons).set_params(lr=0.5).fit(*moons)
    assert net.history_.lr == [0.5] * 30


def test_targets_have_as_many_columns_as_before():
    net = NetRegressor(epochs=1, warm_start=True).fit(LINE, LINE)
    for learn in (net.fit, net.partial_fit):
        with pytest.raises(ValueError, match="y must have as many columns as before, 1; got 2"):
            learn(LINE, np.hstack([LINE, LINE]))


def test_sparse_samples_are_refused(moons):
    with pytest.raises(TypeError, match="dense data is required"):
        small().fit(sparse.csr_array(moons[0]), moons[1])


def test_a_cost_that_is_no_number_is_an_error():
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="at learning rate 1000"):
        NetRegressor(hidden=(), optimizer="sgd", lr=1000).fit(LINE, LINE[:, 0])


def test_ctrl_c_comes_through_and_what_was_learned_is_kept(moons):
    class Interrupted(optim.SGD):
        steps = 0

        def step(self):
            self.steps += 1
            if self.steps > 3:
                raise KeyboardInterrupt
            super().step()

    net = small(optimizer=Interrupted)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*moons)
    assert net.n_iter_ == 3
    assert net.loss_curve_ == small(optimizer="sgd", epochs=3).fit(*moons).loss_curve_
    assert net.predict(moons[0]).shape == (200,)


# ---- with the rest of scikit-learn ------------------------------------------------------------------


def test_pipeline_grid_search_and_cross_validation(moons):
    X, y = moons
    pipeline = make_pipeline(StandardScaler(), small(epochs=40))
    search = GridSearchCV(pipeline, {"netclassifier__hidden": [(), (16,)]}, cv=3).fit(X, y)
    assert search.best_params_ == {"netclassifier__hidden": (16,)}
    assert search.best_score_ > 0.9
    assert cross_val_score(search.best_estimator_, X, y, cv=3).mean() == pytest.approx(search.best_score_)


def test_clones_and_pickles(moons):
    X, y = moons
    net = small(early_stopping=tg.EarlyStopping(patience=2), build=None).fit(X, y)
    assert clone(net).get_params() == net.get_params()
    assert not hasattr(clone(net), "net_")
    copy = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(copy.predict_proba(X), net.predict_proba(X))
    assert copy.partial_fit(X, y).loss_curve_ == net.partial_fit(X, y).loss_curve_


def test_column_names_are_kept(moons):
    frame = pd.DataFrame(moons[0], columns=["height", "width"])
    net = small(epochs=1).fit(frame, moons[1])
    assert net.feature_names_in_.tolist() == ["height", "width"]
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[["width", "height"]])


def test_without_scikit_learn_the_error_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import tinygrad_cn; tinygrad_cn.sklearn"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ImportError: tinygrad_cn.sklearn needs scikit-learn: pip install 'tinygrad-cn[sklearn]'" in run.stderr
