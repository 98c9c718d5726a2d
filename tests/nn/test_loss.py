"""Losses: what they accept, and what they refuse and in which words."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.errors import OpError, ShapeError

A = np.array([[0.2, 0.6, 0.1], [0.8, 0.4, 0.9]])
Z = np.log(A)
PAIRS = [
    nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits, nn.categorical_cross_entropy, nn.cross_entropy,
    nn.mse, nn.mae, nn.huber, nn.hinge,
]  # fmt: skip
each_loss = pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)


@each_loss
def test_is_one_record_of_its_own_name(loss):
    a = tg.tensor(A, requires_grad=True)
    J = loss(a, np.ones((2, 3), int))
    assert (J.shape, J._op.name) == ((), loss.__name__)
    J.backward()
    assert a.grad.shape == (2, 3)


@each_loss
def test_targets_of_any_dtype_leave_float32_alone(loss):
    a = tg.tensor(A.astype(np.float32), requires_grad=True)
    for Y in (np.ones((2, 3)), np.ones((2, 3), bool), tg.tensor(np.ones((2, 3))), tg.tensor(np.ones((2, 3), int))):
        J = loss(a, Y)
        assert J.dtype == np.float32
        assert J.item() == pytest.approx(float(loss(A, np.ones((2, 3)))), rel=1e-6)


@each_loss
def test_shapes_never_broadcast(loss):
    takes_labels = loss in (nn.categorical_cross_entropy, nn.cross_entropy)
    for shape in [(2, 1), (2, 4), (1,), (), *([] if takes_labels else [(1, 3), (3,)])]:
        with pytest.raises(ShapeError) as error:
            loss(A, np.ones(shape))
        wanted = (
            "expected Y one-hot, (2, 3), or integer labels, (3,)"
            if takes_labels
            else "both must be (n, m), outputs in rows and samples in columns"
        )
        assert f"is (2, 3) and Y is {shape}; {wanted}" in str(error.value)


@pytest.mark.parametrize(("shape", "advice"), [((3,), "write Y.reshape(1, 3)"), ((3, 1), "transpose Y with Y.T")])
def test_shape_errors_say_how_to_mend_it(shape, advice):
    with pytest.raises(ShapeError) as error:
        nn.binary_cross_entropy(A[:1], np.ones(shape))
    assert str(error.value) == (
        f"binary_cross_entropy: A is (1, 3) and Y is {shape}; both must be (n, m), outputs in rows and samples in "
        f"columns: {advice}"
    )


@each_loss
def test_no_samples_and_too_many_axes(loss):
    with pytest.raises(ShapeError, match=r"is \(2, 0\), which has no samples to average over"):
        loss(np.ones((2, 0)), np.ones((2, 0)))
    with pytest.raises(ShapeError, match=r"is \(2, 2, 2, 2, 2\); expected \(\w+, m\).*, or "):
        loss(np.ones((2,) * 5), np.ones((2,) * 5))


def test_scores_where_probabilities_belong():
    for loss, hint in [
        (nn.binary_cross_entropy, "binary_cross_entropy_with_logits"),
        (nn.categorical_cross_entropy, "cross_entropy"),
    ]:
        with pytest.raises(ValueError, match="probabilities") as error:
            loss(tg.tensor([[0.5, -0.25], [1.5, 0.5]]), np.ones((2, 2)))
        assert str(error.value) == (
            f"{loss.__name__}: A must be probabilities in [0, 1], got entries from -0.25 to 1.5; "
            f"for raw scores use {hint}(Z, Y)"
        )


@each_loss
def test_targets_out_of_range(loss):
    if loss in (nn.mse, nn.mae, nn.huber):
        assert float(loss(A, np.full((2, 3), -7))) > 6
        return
    with pytest.raises(ValueError, match=f"^{loss.__name__}: Y must be"):
        loss(A, np.full((2, 3), -2))


def test_hinge_tells_what_to_do_with_zeros_and_ones():
    with pytest.raises(ValueError, match=r"Y must be −1 or \+1; for labels 0 and 1 write 2 \* Y - 1"):
        nn.hinge(Z, np.array([[0, 1, 1], [1, 0, 1]]))


@pytest.mark.parametrize("loss", [nn.categorical_cross_entropy, nn.cross_entropy])
def test_integer_labels_are_one_hot_columns(loss):
    labels = np.array([1, 0, 1])
    one_hot = np.array([[0, 1, 0], [1, 0, 1]])
    a = tg.tensor(A if loss is nn.categorical_cross_entropy else Z, requires_grad=True)
    want = loss(a, one_hot)
    want.backward()
    expected, a.grad = a.grad, None
    for Y in (labels, labels.reshape(1, 3), labels.tolist(), tg.tensor(labels)):
        a.grad = None
        J = loss(a, Y)
        J.backward()
        assert J.item() == want.item() == pytest.approx(-np.log(0.8 * 0.6 * 0.9) / 3)
        np.testing.assert_array_equal(a.grad, expected)


@pytest.mark.parametrize("loss", [nn.categorical_cross_entropy, nn.cross_entropy])
def test_sequences_are_added_up_over_time_and_averaged_over_samples(loss, rng):
    a = nn.softmax(rng.normal(size=(3, 4, 5)))
    scores = a if loss is nn.categorical_cross_entropy else np.log(a)
    labels = rng.integers(0, 3, (4, 5))
    by_step = -np.log(np.take_along_axis(a, labels[None], axis=0)[0])
    for Y in (labels, labels[None], (np.arange(3)[:, None, None] == labels).astype(float)):
        assert float(loss(scores, Y)) == pytest.approx(by_step.sum() / 4, rel=1e-13)


@pytest.mark.parametrize("loss", [nn.categorical_cross_entropy, nn.cross_entropy])
def test_masked_steps_have_no_cost_and_no_gradient(loss, rng):
    a = nn.softmax(rng.normal(size=(3, 4, 5)))
    z = tg.tensor(a if loss is nn.categorical_cross_entropy else np.log(a), requires_grad=True)
    mask = nn.padding_mask([5, 1, 0, 3], 5)
    labels = np.where(mask, rng.integers(0, 3, (4, 5)), -1)
    J = loss(z, labels, mask)
    J.backward()
    chosen = -np.log(np.take_along_axis(a, labels[None], axis=0)[0])
    assert J.item() == pytest.approx(chosen[mask].sum() / 4, rel=1e-13)
    assert (np.abs(z.grad).sum(axis=0) > 0).tolist() == mask.tolist()
    one_hot = (np.arange(3)[:, None, None] == labels).astype(float)
    assert one_hot[:, ~mask].sum() == 0
    assert loss(z, one_hot).item() == J.item()


def test_binary_cross_entropy_of_sequences_has_the_same_mean(rng):
    A, Y = rng.uniform(0.1, 0.9, (1, 4, 5)), rng.integers(0, 2, (1, 4, 5))
    whole = -np.sum(np.log(np.where(Y == 1, A, 1 - A)))
    assert float(nn.binary_cross_entropy(A, Y)) == pytest.approx(whole / 4)
    assert float(nn.binary_cross_entropy_with_logits(np.log(A / (1 - A)), Y)) == pytest.approx(whole / 4)
    assert float(nn.mse(A, Y)) == pytest.approx(np.mean((A - Y) ** 2))


def test_masks_and_labels_of_sequences_are_checked():
    scores = np.zeros((2, 3, 4))
    with pytest.raises(ShapeError, match=r"mask is \(3,\); expected \(3, 4\), the shape of Z without classes"):
        nn.cross_entropy(scores, np.zeros((3, 4), int), np.ones(3))
    labels = np.zeros((3, 4), int)
    labels[1, 2] = 2
    with pytest.raises(ValueError, match="labels must be 0 … 1; got 2 at sample 1, time step 2"):
        nn.cross_entropy(scores, labels)


def test_labels_are_checked():
    with pytest.raises(ValueError, match=r"cross_entropy: labels must be 0 … 1; got 2 at sample 1"):
        nn.cross_entropy(Z, [0, 2, 1])
    with pytest.raises(ValueError, match=r"labels must be 0 … 1; got -1 at sample 0"):
        nn.cross_entropy(Z, [-1, 2, 1])
    with pytest.raises(OpError, match=r"labels must be integers, got float64; write Y.astype\(int\)"):
        nn.cross_entropy(Z, [0.0, 1.0, 1.0])
    with pytest.raises(ShapeError, match=r"Z is \(3,\); expected \(classes, m\)"):
        nn.cross_entropy(Z[0], [0, 1, 1])


def test_soft_targets_have_a_gradient_of_their_own():
    y = tg.tensor(A, requires_grad=True)
    nn.cross_entropy(Z, y).backward()
    np.testing.assert_allclose(y.grad, -np.log(A) / 3, rtol=1e-14)


def test_huber_delta():
    assert float(nn.huber([[3.0]], [[0.0]], delta=2)) == 2 * (3 - 1)
    with pytest.raises(ValueError, match="huber: delta must be positive; got 0"):
        nn.huber(A, A, delta=0)


def test_second_derivative_of_the_cost():
    w = tg.tensor([[0.3, -0.2]], requires_grad=True)
    X, Y = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 2.0]]), np.array([[1, 0, 1]])
    (first,) = tg.grad(nn.binary_cross_entropy(tg.sigmoid(w @ X), Y), [w], create_graph=True)
    s = 1 / (1 + np.exp(-(w.numpy() @ X)))
    hessian = (X * (s * (1 - s))) @ X.T / 3
    np.testing.assert_allclose(tg.grad(first.sum(), w), hessian.sum(axis=0, keepdims=True), rtol=1e-10)


@pytest.mark.parametrize("loss", [nn.mse, nn.mae, nn.binary_cross_entropy])
def test_images_are_means_over_samples(loss):
    rng = np.random.default_rng(0)
    A, Y = rng.random((5, 3, 4, 2)), rng.random((5, 3, 4, 2))
    flat = loss(A.reshape(5, -1).T, Y.reshape(5, -1).T)
    assert loss(A, Y) == pytest.approx(float(flat), rel=1e-14)
