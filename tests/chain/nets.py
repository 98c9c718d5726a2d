"""Nets and hand-written costs whose programs are run and read."""

import numpy as np

import tinygrad_cn as tg
from tinygrad_cn import nn

RNG = np.random.default_rng(3)
M = 9
X = RNG.standard_normal((3, M))
ONE = (RNG.random((1, M)) < 0.5).astype(float)
TWO = (RNG.random((2, M)) < 0.5).astype(float)
LABELS = RNG.integers(0, 4, M)
ONE_HOT = np.eye(4)[:, LABELS]


def leaf(*shape, dtype=float):
    return tg.tensor(RNG.standard_normal(shape).astype(dtype), requires_grad=True)


def dnn(dims, loss, Y, **options):
    return loss(nn.DNN(dims, seed=2, **options)(X), Y)


NETS = {
    "2-4-1 tanh": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="tanh"),
    "deep relu": lambda: dnn([3, 5, 4, 3, 2, 1], nn.binary_cross_entropy, ONE, hidden="relu"),
    "leaky_relu": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden=nn.LeakyReLU(0.2)),
    "elu": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden=nn.ELU(0.7)),
    "elu of alpha 1": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="elu"),
    "gelu": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="gelu"),
    "gelu_tanh": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden=nn.GELU("tanh")),
    "softplus": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="softplus"),
    "silu": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="silu"),
    "softmax inside": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="softmax"),
    "log_softmax inside": lambda: dnn([3, 4, 1], nn.binary_cross_entropy, ONE, hidden="log_softmax"),
    "softmax": lambda: dnn([3, 5, 4], nn.categorical_cross_entropy, ONE_HOT, output="softmax"),
    "softmax, labels": lambda: dnn([3, 5, 4], nn.categorical_cross_entropy, LABELS, output="softmax"),
    "logits": lambda: dnn([3, 4, 1], nn.binary_cross_entropy_with_logits, ONE, output=None),
    "softmax from logits": lambda: dnn([3, 5, 4], nn.cross_entropy, LABELS, output=None),
    "soft targets": lambda: dnn([3, 5, 4], nn.cross_entropy, ONE_HOT * 0.5, output=None),
    "two outputs": lambda: dnn([3, 4, 2], nn.binary_cross_entropy, TWO, hidden="tanh"),
    "mse": lambda: dnn([3, 4, 2], nn.mse, TWO, output=None),
    "mse, one output": lambda: dnn([3, 4, 1], nn.mse, ONE, output="sigmoid"),
    "mae": lambda: dnn([3, 4, 2], nn.mae, TWO, output=None),
    "huber": lambda: dnn([3, 4, 2], lambda A, Y: nn.huber(A, Y, delta=0.4), TWO, output=None),
    "hinge": lambda: dnn([3, 4, 2], nn.hinge, 2 * TWO - 1, output=None),
    "no bias": lambda: nn.mse(nn.Dense(3, 2, bias=False, seed=1)(X), TWO),
    "one sample": lambda: nn.binary_cross_entropy(nn.DNN([3, 4, 1], seed=1)(X[:, :1]), ONE[:, :1]),
}


def two_layers(dtype=float):
    """3-4-2 tanh/sigmoid by hand; its output and parameters."""
    p = {
        "W1": leaf(4, 3, dtype=dtype),
        "b1": leaf(4, 1, dtype=dtype),
        "W2": leaf(2, 4, dtype=dtype),
        "b2": leaf(2, 1, dtype=dtype),
    }
    A1 = np.tanh(p["W1"] @ X.astype(dtype) + p["b1"])
    return tg.sigmoid(p["W2"] @ A1 + p["b2"]), p


OWN = {
    "mean": lambda A: -np.mean(TWO * np.log(A) + (1 - TWO) * np.log(1 - A)),
    "sum / m": lambda A: -np.sum(TWO * np.log(A) + (1 - TWO) * np.log(1 - A)) / M,
    "1/m sum": lambda A: (-1 / M) * (TWO * np.log(A) + (1 - TWO) * np.log(1 - A)).sum(),
    "dot": lambda A: (-1 / M) * np.trace(np.dot(TWO, np.log(A).T) + np.dot(1 - TWO, np.log(1 - A).T)),
    "half squares": lambda A: ((A - TWO) ** 2).sum() / (2 * M),
    "a sum, not a mean": lambda A: ((A - TWO) ** 2).sum(),
    "norm": lambda A: np.linalg.norm(A - TWO),
    "sum over axis 0, then mean": lambda A: np.mean(np.sum((A - TWO) ** 2, axis=0)),
    "log of mean": lambda A: np.log(np.mean(np.exp(A))) + 0.0,
    "max": lambda A: np.max(A * TWO, axis=1).sum() + np.max(A, axis=0).sum() + np.min(A),
    "var": lambda A: A.var() + A.std(axis=0).sum(),
    "pick by index": lambda A: -np.mean(np.log(A[0, 1:])),
    "strange": lambda A: np.sqrt(np.mean(np.where(A > 0.5, A, A**3)) + np.clip(A, 0.2, 0.7).sum() ** 2),
    "sort": lambda A: (np.sort(A, axis=1) * np.arange(M)).sum() / M,
    "cumulated": lambda A: (np.cumsum(A, axis=1) * TWO).mean() + np.prod(A[:, :3]),
    "joined": lambda A: np.concatenate([A, A * TWO], axis=0).reshape(-1).mean() + np.stack([A, TWO]).sum(),
    "einsum": lambda A: np.einsum("ij,ij->", A, TWO) / M,
    "linalg": lambda A: np.linalg.slogdet(A @ A.T + np.eye(2))[1] + np.linalg.inv(A @ A.T).sum(),
    "logsumexp": lambda A: np.logaddexp.reduce(A, axis=0).mean(),
    "a shared intermediate": lambda A: (np.exp(-A * A) * np.exp(-A * A) + 1 / (1 + np.exp(-A * A))).mean(),
}
