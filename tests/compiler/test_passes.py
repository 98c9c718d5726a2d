"""What each pass is for: the calls it takes away, seen in the text of the step; the numbers stay the same."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.compiler.twins import assert_same_numbers, side, twins
from tinygrad_cn import nn, optim

RNG = np.random.default_rng(5)


def compiled(forward, *inputs, shape=(4, 4), **options):
    """The text of a compiled step on one weight, its result and gradient, and those of the plain step."""
    start = RNG.standard_normal(shape)
    sides = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, fast=False)):
        w = tg.tensor(start.copy(), requires_grad=True, name="W1")

        def step(*xs, w=w):
            J = forward(w, *xs)
            w.grad = None
            J.backward(keep="leaves")
            return J.item()

        step = wrap(step)
        results = [step(*inputs) for _ in range(4)]
        sides.append((results, w.grad.copy(), step))
    (plain, gradient, _), (replayed, again, step) = sides
    assert replayed == pytest.approx(plain, rel=1e-12)
    np.testing.assert_allclose(again, gradient, rtol=1e-10, atol=1e-13)
    return step.source


def calls(text, name):
    return sum(line.lstrip().startswith(f"{name}(") for line in text.splitlines())


def test_parts_of_a_concatenation_are_computed_in_their_places():
    text = compiled(lambda w, x: (np.concatenate([np.tanh(w), np.exp(w), x]) ** 2).sum(), RNG.standard_normal((2, 4)))
    assert calls(text, "copyto") == 1  # x, which comes from outside
    assert "concatenate" not in text


def test_a_part_that_is_taken_again_is_not_copied():
    text = compiled(lambda w: (np.stack([np.tanh(w), np.exp(w)], axis=2)[:, :, -1] * 3).sum())
    assert "stack" not in text
    assert calls(text, "copyto") == 0


def test_gradients_with_zeros_in_turn_are_not_added():
    def gates(w):
        return (w[:2] * 3.0).sum() + np.sin(w[2:]).sum()

    assert calls(compiled(gates), "cos") == 1


def test_one_product_for_the_gradient_of_a_weight_used_in_every_step():
    sequence = RNG.standard_normal((4, 3, 6))

    def forward(w, x):
        a = np.zeros((4, 3))
        for t in range(6):
            a = np.tanh(w @ a + x[:, :, t])
        return (a * a).sum()

    text = compiled(forward, sequence)
    assert calls(text, "dot") == 6 + 5 + 1 + 1  # w @ a⟨t⟩, back through them, dW at once, J
    assert calls(text, "add") == 6 + 1  # x⟨t⟩, and 2a = a + a


def test_the_bias_of_a_recurrent_step_is_a_column_of_its_weight():
    X, Y = RNG.standard_normal((3, 8, 6)), RNG.integers(0, 2, 8)

    def make():
        net = nn.Sequential(nn.LSTM(3, 4, output="last", seed=0), nn.Dense(4, 2, seed=1))
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    plain, compiled = twins(make)
    assert_same_numbers(plain, compiled, X, Y)
    text = compiled.step.source
    assert not any(f"add(z_{t}_" in text for t in range(1, 7))
    assert (
        calls(text, "add") == 6 + 6 + 1 + 5
    )  # 1 + exp(-z), c⟨t⟩, the bias of the last layer, and dc⟨t⟩ from two sides


def test_time_steps_of_an_argument_are_put_one_after_the_other_at_once():
    def last_state(w, x):
        a = 0.0
        for t in range(x.shape[2]):
            a = np.tanh(w @ x[:, :, t] + a)
        return (a * a).sum()

    text = compiled(last_state, RNG.standard_normal((4, 3, 5)))
    assert "v1 = xs.transpose((2, 0, 1))" in text
    assert "xs[" not in text


def test_equal_layers_share_calls():
    def make():
        net = nn.DNN([6, *[6] * 12, 1], hidden="tanh", output="linear", seed=0)
        return side(net, nn.mse, optim.SGD(net.parameters(), lr=0.05))

    plain, again = twins(make)
    assert_same_numbers(plain, again, RNG.standard_normal((6, 6)), RNG.standard_normal((1, 6)))
    text = again.step.source
    assert calls(text, "subtract") == 1 + 1 + 1  # the error, 1 − A² of all layers, the update
    assert calls(text, "matmul") == 2  # dW and db of all equal layers
    assert calls(text, "copyto") == 0
    grads = [p.grad for p in again.net.parameters()]
    assert len({id(g.base) for g in grads}) == 1  # parts of one vector


def test_images_stay_in_the_layout_of_rows():
    images, labels = RNG.standard_normal((6, 9, 9, 2)), RNG.integers(0, 3, 6)

    def make():
        net = nn.Sequential(
            nn.Conv2D(2, 3, 2, seed=1), nn.ReLU(), nn.MaxPool2D(2), nn.Conv2D(3, 3, 2, seed=2), nn.ReLU(), nn.Flatten(),
            nn.Dense(27, 3, seed=3),
        )  # fmt: skip
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    plain, again = twins(make)
    assert_same_numbers(plain, again, images, labels)
    text = again.step.source
    assert "sliding_window_view" not in text  # views are made once, not in every step
    assert calls(text, "matmul") == 5  # two forward, two for the filters, one back; none for the images given


def test_the_border_around_images_is_written_once():
    images, labels = RNG.standard_normal((4, 5, 5, 1)), RNG.integers(0, 2, 4)

    def make():
        net = nn.Sequential(nn.Conv2D(1, 2, 3, pad="same", seed=1), nn.Flatten(), nn.Dense(50, 2, seed=2))
        return side(net, nn.cross_entropy, optim.SGD(net.parameters(), lr=0.1))

    plain, again = twins(make)
    for shift in (0.0, 1.0, -2.0):
        assert_same_numbers(plain, again, images + shift, labels)
