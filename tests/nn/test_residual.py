"""Residual connections and positions."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, ShapeError


def test_the_sum_of_both_ways_and_its_gradient(rng):
    X = tg.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    inner = nn.Sequential(nn.Dense(4, 5, "tanh", seed=1), nn.Dense(5, 4, seed=2))
    block = nn.Residual(*inner)
    np.testing.assert_array_equal(block(X).numpy(), X.numpy() + inner(X).numpy())
    g = rng.normal(size=(4, 3))
    block(X).backward(g)
    direct = X.grad.copy()
    X.grad = None
    inner(X).backward(g)
    np.testing.assert_allclose(direct, g + X.grad, rtol=1e-12)


def test_a_projection_where_the_shape_changes(rng):
    X = rng.normal(size=(4, 3))
    block = nn.Residual(nn.Dense(4, 6, "relu", seed=1), projection=nn.Dense(4, 6, bias=False, seed=2))
    p = block.state_dict()
    assert [*p] == ["W", "b", "projection.W"]
    np.testing.assert_allclose(block(X).numpy(), p["projection.W"] @ X + np.maximum(p["W"] @ X + p["b"], 0), rtol=1e-12)
    images = nn.Residual(
        nn.Conv2D(2, 4, 3, stride=2, pad=1), nn.ReLU(), projection=nn.Conv2D(2, 4, 1, stride=2, bias=False)
    )
    assert images(np.ones((3, 8, 8, 2))).shape == (3, 4, 4, 4)
    assert tg.gradcheck(lambda *_: np.sum(block(X) ** 2), block.parameters()).ok


def test_modes_names_and_values_go_through():
    net = nn.Sequential(
        nn.Dense(2, 4), nn.Residual(nn.Dense(4, 4), nn.Dropout(0.5), nn.Dense(4, 4), nn.LayerNorm(4)), nn.Dense(4, 1)
    )
    assert [*net.state_dict()][2:8] == ["2.W1", "2.b1", "2.W2", "2.b2", "2.gamma2", "2.beta2"]
    assert net[1].inner[0].W.name == "2.W1"
    net.eval()
    assert not net[1].inner[1].training
    assert repr(nn.Residual(nn.Dense(2, 2))) == "Residual(Dense(2, 2))"


def test_depth_without_vanishing_gradients(rng):
    """What residual connections are for: the gradient of the first of 30 layers, with them and without."""
    X = rng.normal(size=(8, 20))
    sizes = {}
    for kind in (nn.Residual, lambda layer: layer):
        layers = [kind(nn.Dense(8, 8, "sigmoid", init="xavier", seed=i)) for i in range(30)]
        net = nn.Sequential(*layers)
        np.mean(net(X) ** 2).backward()
        sizes[kind] = np.abs(net.parameters()[0].grad).max()
    with_sum, without = sizes.values()
    assert without < 1e-12
    assert with_sum > 1e-2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Residual(), OpError, "give the modules of F"),
        (lambda: nn.Residual(nn.ReLU(), projection=np.eye(2)), OpError, "projection must be a Module"),
        (
            lambda: nn.Residual(nn.Dense(4, 6))(np.ones((4, 3))),
            ShapeError,
            r"x is \(4, 3\), F\(x\) is \(6, 3\); a sum needs equal shapes. Give a projection",
        ),
    ],
)
def test_errors_say_what_does_not_fit(make, error, message):
    with pytest.raises(error, match=message):
        make()
