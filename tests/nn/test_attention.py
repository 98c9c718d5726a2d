"""Attention: against loops over samples, heads and queries; gradients; masks; ten steps as torch makes them."""

import copy

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import interop, nn, optim
from tinygrad_cn.errors import OpError, ShapeError

N, HEADS, M, T = 6, 2, 3, 5
RTOL = 1e-10  # sums of a few dozen products in float64


@pytest.fixture
def X(rng):
    return rng.normal(size=(N, M, T))


def randomised(net, rng):
    """Every parameter away from 0, biases too."""
    net.load_state_dict({name: rng.normal(size=value.shape) * 0.5 for name, value in net.state_dict().items()})
    return net


def by_loops(p, X, memory, heads, may_look=lambda sample, query, key: True):
    """The definition, one number at a time: the output, and α."""
    Q, K, V = (
        np.einsum("ij,jmt->imt", p[f"W{k}"], S) + p[f"b{k}"][:, :, None]
        for k, S in (("q", X), ("k", memory), ("v", memory))
    )
    (n, m, T_q), T_k, d = Q.shape, K.shape[2], len(Q) // heads
    C, alpha = np.zeros((n, m, T_q)), np.zeros((m, heads, T_q, T_k))
    for i, h, t in np.ndindex(m, heads, T_q):
        rows = slice(h * d, (h + 1) * d)
        keys = [s for s in range(T_k) if may_look(i, t, s)]
        e = {s: np.exp(Q[rows, i, t] @ K[rows, i, s] / np.sqrt(d)) for s in keys}
        for s in keys:
            alpha[i, h, t, s] = e[s] / sum(e.values())
            C[rows, i, t] += alpha[i, h, t, s] * V[rows, i, s]
    return np.einsum("ij,jmt->imt", p["Wo"], C) + p["bo"][:, :, None], alpha


LENGTHS = [5, 2, 3]
MASKS = {
    "none": ({}, {}, lambda i, t, s: True),
    "causal": ({"causal": True}, {}, lambda i, t, s: s <= t),
    "lengths": ({}, {"lengths": LENGTHS}, lambda i, t, s: s < LENGTHS[i]),
    "mask": ({}, {"mask": np.abs(np.subtract.outer(np.arange(T), np.arange(T))) < 2}, lambda i, t, s: abs(t - s) < 2),
    "all": ({"causal": True}, {"lengths": LENGTHS, "mask": np.eye(T) == 0}, lambda i, t, s: s < min(t, LENGTHS[i])),
}


@pytest.mark.parametrize(("built", "called", "may_look"), MASKS.values(), ids=MASKS)
def test_the_definition_one_number_at_a_time(built, called, may_look, X, rng):
    layer = randomised(nn.MultiHeadAttention(N, HEADS, **built), rng)
    output, alpha = by_loops(layer.state_dict(), X, X, HEADS, may_look)
    found = layer.attend(X, **called)
    np.testing.assert_allclose(found.output.numpy(), output, rtol=RTOL, atol=1e-14)
    np.testing.assert_allclose(found.weights.numpy(), alpha, rtol=RTOL, atol=1e-14)
    np.testing.assert_array_equal(layer(X, **called).numpy(), found.output.numpy())


def test_a_memory_of_other_width_and_length(X, rng):
    layer = randomised(nn.MultiHeadAttention(N, HEADS, n_memory=4), rng)
    memory = rng.normal(size=(4, M, 7))
    output, alpha = by_loops(layer.state_dict(), X, memory, HEADS)
    found = layer.attend(X, memory)
    np.testing.assert_allclose(found.output.numpy(), output, rtol=RTOL)
    assert found.weights.shape == alpha.shape == (M, HEADS, T, 7)


def test_functions_are_what_the_layer_does(X, rng):
    Q, K, V = rng.normal(size=(3, N, M, T))
    weights = nn.attention_weights(Q, K, HEADS, nn.causal_mask(T))
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones((M, HEADS, T)), rtol=RTOL)
    context = nn.scaled_dot_product_attention(Q, K, V, HEADS, nn.causal_mask(T))
    np.testing.assert_allclose(context[:3, 0], V[:3, 0] @ weights[0, 0].T, rtol=RTOL)
    np.testing.assert_allclose(context[:, :, 0], V[:, :, 0], rtol=RTOL)  # the first step sees itself only


# ---- gradients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"bias": False}], ids=["plain", "causal", "no bias"])
def test_gradients_of_parameters_and_inputs(options, rng):
    layer = nn.MultiHeadAttention(4, 2, n_memory=3, seed=1, **options)
    X, memory = (tg.tensor(rng.normal(size=s), requires_grad=True) for s in ((4, 2, 3), (3, 2, 5)))
    r = rng.normal(size=(4, 2, 3))
    cost = lambda *_: np.sum(layer(X, memory, lengths=[5, 2]) * r)  # noqa: E731
    report = tg.gradcheck(cost, [X, memory, *layer.parameters()])
    assert report.ok, str(report)


def test_padding_gets_no_gradient_and_changes_nothing(X, rng):
    layer = randomised(nn.MultiHeadAttention(N, HEADS), rng)
    padded = X.copy()
    padded[:, ~nn.padding_mask(LENGTHS, T)] = 1e3
    x = tg.tensor(padded, requires_grad=True)
    output = layer(x, lengths=LENGTHS)
    for i, length in enumerate(LENGTHS):
        alone = layer(X[:, i : i + 1, :length]).numpy()[:, 0]
        np.testing.assert_allclose(output.numpy()[:, i, :length], alone, rtol=RTOL)
    real = nn.padding_mask(LENGTHS, T)
    np.sum(output * real).backward()
    assert (np.abs(x.grad).sum(axis=0) > 0).tolist() == real.tolist()


def test_a_sample_without_steps_has_no_context_and_no_nan(X, rng):
    layer = randomised(nn.MultiHeadAttention(N, HEADS), rng)
    x = tg.tensor(X, requires_grad=True)
    found = layer.attend(x, lengths=[T, 0, T])
    assert not found.weights.numpy()[1].any()
    np.testing.assert_allclose(found.output.numpy()[:, 1], np.repeat(layer.bo.numpy(), T, axis=1), rtol=RTOL)
    found.output.sum().backward()
    assert np.isfinite(x.grad).all()
    assert not x.grad[:, 1].any()


def test_large_scores_stay_finite():
    Q = tg.tensor(np.full((2, 1, 2), 1e200), requires_grad=True)
    weights = nn.attention_weights(Q, np.array([[[1e100, -1e100]], [[1e100, -1e100]]]))
    weights.sum().backward()
    assert weights.numpy().ravel().tolist() == [1, 0, 1, 0]
    assert not Q.grad.any()


def test_second_derivatives(rng):
    Q, K, V = (tg.tensor(rng.normal(size=(2, 1, 3)), requires_grad=True) for _ in range(3))

    def slope(*_):
        J = np.sum(nn.scaled_dot_product_attention(Q, K, V) ** 2)
        return np.sum(tg.grad(J, Q, create_graph=True) ** 2)

    assert tg.gradcheck(slope, [Q, K, V]).ok


def test_ten_steps_are_torchs(X, rng):
    torch = pytest.importorskip("torch")
    ours = randomised(nn.MultiHeadAttention(N, HEADS, causal=True), rng)
    theirs = torch.nn.MultiheadAttention(N, HEADS).double()
    theirs.load_state_dict(interop.to_torch(ours))
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    optimizer, torch_optimizer = optim.SGD(ours.parameters(), lr=0.5), torch.optim.SGD(theirs.parameters(), lr=0.5)
    x, target = torch.tensor(X.transpose(2, 1, 0).copy()), rng.normal(size=X.shape)
    for _ in range(10):
        J = nn.mse(ours(X), target)
        output = theirs(x, x, x, attn_mask=hidden)[0]
        torch_J = torch.nn.functional.mse_loss(output, torch.tensor(target.transpose(2, 1, 0).copy()))
        for optimiser, cost in ((optimizer, J), (torch_optimizer, torch_J)):
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
        assert J.item() == pytest.approx(torch_J.item(), rel=1e-12)
    for name, value in interop.to_torch(ours).items():
        np.testing.assert_allclose(value, theirs.state_dict()[name], rtol=1e-9, atol=1e-12, err_msg=name)


# ---- the layer as a module --------------------------------------------------------------------------


def test_parameters_are_named_and_numbered():
    layer = nn.MultiHeadAttention(4, 2)
    assert [*layer.state_dict()] == ["Wq", "bq", "Wk", "bk", "Wv", "bv", "Wo", "bo"]
    assert [*nn.MultiHeadAttention(4, 2, bias=False).state_dict()] == ["Wq", "Wk", "Wv", "Wo"]
    net = nn.Sequential(nn.Embedding(7, 4), nn.MultiHeadAttention(4, 2), nn.Dense(4, 7))
    assert {"E1", "Wq2", "bo2", "W3"} <= set(net.state_dict())
    A = net[:2](np.array([[1, 2, 3]]))
    assert A.name == "Z2"
    assert {x.name for x in A._inputs} == {"Wo2", "C2", "bo2"}
    assert "MultiHeadAttention" in net.summary(lang="en")
    assert repr(nn.MultiHeadAttention(4, 2, n_memory=3, causal=True)) == (
        "MultiHeadAttention(4, 2, n_memory=3, causal=True)"
    )


def test_dropout_of_weights_in_training_only(X):
    layer = nn.MultiHeadAttention(N, HEADS, keep_prob=0.5, seed=1)
    plain = nn.MultiHeadAttention(N, HEADS, seed=1)
    assert not np.allclose(layer(X).numpy(), layer(X).numpy())
    np.testing.assert_array_equal(layer.eval()(X).numpy(), plain(X).numpy())
    again = nn.MultiHeadAttention(N, HEADS, keep_prob=0.5, seed=1)
    np.testing.assert_array_equal(again(X).numpy(), nn.MultiHeadAttention(N, HEADS, keep_prob=0.5, seed=1)(X).numpy())


def test_seeds_repeat_copies_are_separate_and_float32_stays(X):
    a, b = nn.MultiHeadAttention(N, HEADS, seed=1), nn.MultiHeadAttention(N, HEADS, seed=1)
    np.testing.assert_array_equal(a(X).numpy(), b(X).numpy())
    assert set(copy.deepcopy(a).parameters()).isdisjoint(a.parameters())
    net = nn.MultiHeadAttention(N, HEADS, causal=True, dtype=np.float32, seed=1)
    found = net.attend(X.astype(np.float32), lengths=LENGTHS)
    found.output.sum().backward()
    assert {found.output.dtype, found.weights.dtype, *(p.grad.dtype for p in net.parameters())} == {np.dtype("f4")}


def test_a_compiled_step_gives_the_same_numbers(X, rng):
    target = rng.normal(size=X.shape)
    costs = []
    for make in (lambda f: f, tg.compile):
        layer = nn.MultiHeadAttention(N, HEADS, causal=True, seed=1)
        optimizer = optim.SGD(layer.parameters(), lr=0.5)

        def step(X, Y, layer=layer, optimizer=optimizer):
            J = nn.mse(layer(X), Y)
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
            return J

        run = make(step)
        costs.append([float(run(X, target)) for _ in range(5)])
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-12)
    assert costs[0][-1] < costs[0][0]


CAUSAL = nn.causal_mask(4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda layer, X: layer(X[:, :, 0]), ShapeError, r"X must be a sequence \(6, m, T\); got \(6, 3\)"),
        (lambda layer, X: layer(X[:2]), ShapeError, r"X must be a sequence \(6, m, T\); got \(2, 3, 5\)"),
        (lambda layer, X: layer(X, X[:4]), ShapeError, r"memory must be a sequence \(6, m, T\); got \(4, 3, 5\)"),
        (lambda layer, X: layer(X, X[:, :2]), ShapeError, "X and memory must have as many samples; got 3 and 2"),
        (lambda layer, X: layer(X, lengths=[1, 2]), ShapeError, r"lengths must be \(3,\), one per sample; got \(2,\)"),
        (lambda layer, X: layer(X, lengths=[1, 2, 9]), ValueError, r"whole numbers in 0 … 5; got \[1, 2, 9\]"),
        (lambda layer, X: layer(X, mask=np.eye(5)), OpError, "mask must be boolean, True where a query may look"),
        (
            lambda layer, X: layer(X, mask=CAUSAL),
            ShapeError,
            r"broadcast to \(m, heads, T_q, T_k\) = \(3, 2, 5, 5\); got \(4, 4\)",
        ),
        (lambda layer, X: nn.MultiHeadAttention(6, 2, n_memory=3)(X), OpError, r"call it as layer\(X, memory\)"),
        (lambda layer, X: nn.MultiHeadAttention(6, 4), ValueError, "heads must divide n = 6; got 4"),
        (lambda layer, X: nn.attention_weights(X, X[:4]), ShapeError, r"got \(6, 3, 5\) and \(4, 3, 5\)"),
        (
            lambda layer, X: nn.scaled_dot_product_attention(X, X, X[:, :, :4]),
            ShapeError,
            r"V must be \(n_v, 3, 5\) as K is \(6, 3, 5\)",
        ),
    ],
)
def test_errors_say_what_does_not_fit(call, error, message, X):
    with pytest.raises(error, match=message):
        call(nn.MultiHeadAttention(N, HEADS), X)
