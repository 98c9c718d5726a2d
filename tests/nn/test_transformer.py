"""Transformer blocks: what they compute, their gradients, and ten steps as torch makes them.

Outputs are compared with torch's in tests/interop, also with numbers stored from it.
"""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import interop, nn, optim

N, HEADS, HIDDEN, M, T = 4, 2, 6, 3, 5


@pytest.fixture
def X(rng):
    return rng.normal(size=(N, M, T))


def randomised(net, rng):
    net.load_state_dict({name: rng.normal(size=value.shape) * 0.5 for name, value in net.state_dict().items()})
    return net


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_the_encoder_block_written_out(norm, X, rng):
    block = randomised(nn.TransformerEncoderBlock(N, HEADS, HIDDEN, norm=norm), rng)
    dense = lambda x: block.linear2(block.linear1(x))  # noqa: E731
    if norm == "pre":
        H = X + block.attention(block.norm1(X))
        want = H + dense(block.norm2(H))
    else:
        H = block.norm1(X + block.attention(X))
        want = block.norm2(H + dense(H))
    np.testing.assert_allclose(block(X).numpy(), want.numpy(), rtol=1e-12)
    assert block.linear1.W.shape == (HIDDEN, N)
    assert nn.TransformerEncoderBlock(N, HEADS).linear1.W.shape == (4 * N, N)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_gradients(norm, rng):
    X, memory = (tg.tensor(rng.normal(size=s), requires_grad=True) for s in ((N, 2, 3), (3, 2, 4)))
    r = rng.normal(size=(N, 2, 3))
    encoder = randomised(nn.TransformerEncoderBlock(N, HEADS, 3, activation="tanh", norm=norm), rng)
    report = tg.gradcheck(lambda *_: np.sum(encoder(X, lengths=[3, 2]) * r), [X, *encoder.parameters()])
    assert report.ok, str(report)
    decoder = randomised(nn.TransformerDecoderBlock(N, HEADS, 3, n_memory=3, activation="tanh", norm=norm), rng)
    cost = lambda *_: np.sum(decoder(X, memory, memory_lengths=[4, 1]) * r)  # noqa: E731
    report = tg.gradcheck(cost, [X, memory, *decoder.parameters()])
    assert report.ok, str(report)


def test_the_decoder_does_not_see_what_comes_later(X, rng):
    block = randomised(nn.TransformerDecoderBlock(N, HEADS, HIDDEN), rng)
    memory = rng.normal(size=(N, M, 7))
    changed = X.copy()
    changed[:, :, 3:] = rng.normal(size=(N, M, 2))
    before, after = block(X, memory).numpy(), block(changed, memory).numpy()
    np.testing.assert_array_equal(before[:, :, :3], after[:, :, :3])
    assert not np.allclose(before[:, :, 3:], after[:, :, 3:])
    assert not np.allclose(before, block(X, memory[:, :, ::-1] * 2).numpy())


def test_the_encoder_does_not_know_the_order_of_steps(X, rng):
    """Why positions must be added."""
    block = randomised(nn.TransformerEncoderBlock(N, HEADS, HIDDEN), rng)
    order = rng.permutation(T)
    np.testing.assert_allclose(block(X[:, :, order]).numpy(), block(X).numpy()[:, :, order], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_ten_steps_are_torchs(norm, X, rng):
    torch = pytest.importorskip("torch")
    ours = randomised(nn.TransformerEncoderBlock(N, HEADS, HIDDEN, norm=norm), rng)
    theirs = torch.nn.TransformerEncoderLayer(N, HEADS, HIDDEN, dropout=0, norm_first=norm == "pre").double()
    theirs.load_state_dict(interop.to_torch(ours))
    optimizers = optim.Adam(ours.parameters(), lr=0.01), torch.optim.Adam(theirs.parameters(), lr=0.01)
    target = rng.normal(size=X.shape)
    x, y = (torch.tensor(a.transpose(2, 1, 0).copy()) for a in (X, target))
    for _ in range(10):
        costs = nn.mse(ours(X), target), torch.nn.functional.mse_loss(theirs(x), y)
        for optimizer, cost in zip(optimizers, costs, strict=True):
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        assert costs[0].item() == pytest.approx(costs[1].item(), rel=1e-10)
    for name, value in interop.to_torch(ours).items():
        np.testing.assert_allclose(value, theirs.state_dict()[name], rtol=1e-6, atol=1e-9, err_msg=name)


def test_the_costs_of_torchs_steps_are_stored():
    """Without torch: the costs of ten steps of SGD that torch 2.13 makes from the same weights."""
    block = nn.TransformerEncoderBlock(N, HEADS, HIDDEN)
    values = sorted(block.state_dict().items())
    made_up = {k: np.sin(i + 1.7 * np.arange(v.size)).reshape(v.shape) for i, (k, v) in enumerate(values)}
    block.load_state_dict(made_up)
    X, Y = (np.sin(phase + 1.3 * np.arange(N * M * T)).reshape(N, M, T) for phase in (0.1, 0.2))
    optimizer = optim.SGD(block.parameters(), lr=0.05)
    found = []
    for _ in range(10):
        J = nn.mse(block(X), Y)
        optimizer.zero_grad()
        J.backward()
        optimizer.step()
        found.append(J.item())
    np.testing.assert_allclose(found, TORCH_COSTS, rtol=1e-12)


TORCH_COSTS = [
    3.629551673056235,
    0.9467724436376815,
    0.44154313938331685,
    0.22392935925824364,
    0.13056142090604986,
    0.08455077914484806,
    0.059827098318992356,
    0.045058898424656164,
    0.03535539419125568,
    0.02880986588716396,
]


def test_names_modes_and_blocks_in_a_row(X):
    net = nn.Sequential(
        nn.Dense(N, 8), nn.TransformerEncoderBlock(8, 2, seed=1), nn.TransformerEncoderBlock(8, 2, causal=True, seed=2)
    )
    assert net(X).shape == (8, M, T)
    assert {"2.attention.Wq", "2.norm1.gamma", "3.linear2.b"} <= set(net.state_dict())
    with_dropout = nn.TransformerEncoderBlock(8, 2, keep_prob=0.8, seed=1)
    A = nn.Dense(N, 8, seed=3)(X)
    assert not np.allclose(with_dropout(A).numpy(), with_dropout(A).numpy())
    plain = nn.TransformerEncoderBlock(8, 2, seed=1)
    np.testing.assert_array_equal(with_dropout.eval()(A).numpy(), plain(A).numpy())
    small = nn.TransformerEncoderBlock(8, 2, dtype=np.float32, seed=1)
    assert small(A.numpy().astype(np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="norm must be one of pre, post; got 'first'"):
        nn.TransformerEncoderBlock(8, 2, norm="first")
