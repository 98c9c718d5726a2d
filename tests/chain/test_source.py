"""Programs written from chains: run alone, they give the chain's numbers; read, they are what the notes say."""

import keyword
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import nn
from tinygrad_cn.chain.source.rows import ACTIVATIONS, LOSSES
from tinygrad_cn.errors import OpError, ShapeError
from tinygrad_cn.ops.op import REGISTRY

RNG = np.random.default_rng(3)
M = 9
X = RNG.standard_normal((3, M))
ONE = (RNG.random((1, M)) < 0.5).astype(float)
TWO = (RNG.random((2, M)) < 0.5).astype(float)
LABELS = RNG.integers(0, 4, M)
ONE_HOT = np.eye(4)[:, LABELS]
SNAPSHOTS = Path(__file__).parent / "programs"


def leaf(*shape, dtype=float):
    return tg.tensor(RNG.standard_normal(shape).astype(dtype), requires_grad=True)


def inputs(chain):
    """What a learner has before the program starts: data and parameters under their names."""
    found = {}
    for step in chain.steps:
        for q in (*step.parameters, *(step.forward if step.kind == "input" else ())):
            name = "X" if q.name == "A0" else q.name
            found[name + "_" * keyword.iskeyword(name)] = np.array(q.value)
    return found


def run(text, **names):
    """Execute a program where nothing else exists."""
    namespace = dict(names)
    exec(compile(text, "program", "exec"), namespace)
    return namespace


def assert_same(got, want, name, rtol=1e-10):
    scale = np.max(np.abs(want), initial=0.0)
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * scale, err_msg=name)
    assert np.shape(got) == np.shape(want), name


def check(J, names=None, convention="course", rtol=1e-10, **extra):
    """The program of J gives J, every dW, db, dZ and dA that it writes; the parameters' gradients are all there."""
    J.backward()
    chain = J.chain(names=names, convention=convention, lang="en")
    text = chain.numpy()
    result = run(text, **inputs(chain), **extra)
    gradients = {q.name: q for q in chain.quantities.values() if q.role == "gradient" and q.value is not None}
    written = {"dX" if name == "dA0" else name: name for name in gradients}
    for variable, name in written.items():
        if variable in result:
            assert_same(result[variable], gradients[name].value, name, rtol)
    for q in chain.quantities.values():
        if q.role in ("Z", "A", "op", "loss"):
            assert_same(result[q.name], q.value, q.name, rtol)
    needed = {f"d{q.name}" for s in chain.steps for q in s.parameters} | {
        f"d{q.name}" for q in chain.quantities.values() if q.role == "Z"
    }
    assert needed <= set(result), needed - set(result)
    assert max(map(len, text.splitlines())) <= 100
    assert text == J.chain(names=names, convention=convention, lang="en").numpy()
    return text


# ---- nets that run ----------------------------------------------------------------------------------


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
each_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)


@each_net
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_the_program_of_a_net_gives_its_numbers(net, convention):
    check(net(), convention=convention)


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


@pytest.mark.parametrize("loss", OWN.values(), ids=OWN)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_hand_written_losses(loss, convention):
    check(loss(two_layers()[0]), convention=convention)


def test_a_cost_of_shape_1_1():
    A = tg.sigmoid(leaf(1, 3) @ X + leaf(1, 1))
    check((-1 / M) * (np.dot(ONE, np.log(A).T) + np.dot(1 - ONE, np.log(1 - A).T)))
    W = leaf(1, 3)
    check(np.dot(W @ X - ONE, (W @ X - ONE).T) + 0.1 * np.dot(W, W.T))


def test_single_neuron():
    w, b = leaf(3, 1), leaf(1, 1)
    z = w.T @ X + b
    a = 1 / (1 + np.exp(-z))
    J = -(ONE * np.log(a) + (1 - ONE) * np.log(1 - a)).sum() / M
    text = check(J, names=locals())
    assert "dw = X @ dz.T / m  # (3, 9) @ (9, 1) -> (3, 1)\n" in text


def test_penalties_add_to_the_gradients_of_the_weights():
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    J = nn.binary_cross_entropy(net(X), ONE) + nn.l2(net, lambd=0.7, m=M)
    text = check(J)
    assert "dW1 = dZ1 @ X.T / m + 0.0777777777777778 * W1" in text
    assert "dZ2 = A2 - Y" in text


def test_a_penalty_with_its_own_constants():
    A, p = two_layers()
    importance = RNG.random((4, 3))
    J = ((A - TWO) ** 2).sum() / M + 0.1 * (importance * np.abs(p["W1"])).sum()
    text = check(J)
    assert "R1 = 0.1 * np.sum(c1 * np.abs(W1))" in text


def test_dropout_mask_is_a_constant_the_learner_has():
    W1, W2 = leaf(4, 3), leaf(2, 4)
    D1 = (RNG.random((4, M)) < 0.8).astype(float)
    A1 = np.tanh(W1 @ X)
    J = ((W2 @ (A1 * D1 / 0.8) - TWO) ** 2).sum() / M
    text = check(J, names={"D1": D1})
    assert "dA1 = du1 * D1" in text


def test_skip_connection_adds_gradients():
    W1, W2, W3 = leaf(4, 3), leaf(4, 4), leaf(4, 4)
    A1 = np.tanh(W1 @ X)
    A2 = np.tanh(W2 @ A1)
    Z3 = W3 @ A2
    A3 = tg.relu(Z3 + A1)
    J = nn.mse(A3[:2], TWO)
    text = check(J, names=locals())
    assert "dA1 = W2.T @ dZ2 + dH3" in text


def test_shared_weights_sum_their_gradients():
    W1, W2, b = leaf(4, 3), leaf(4, 4), leaf(4, 1)
    A = W1 @ X
    for _ in range(3):
        A = np.tanh(W2 @ A + b)
    text = check((A**2).mean())
    assert "dW2 = dZ2 @ Z1.T / m + dZ3 @ A2.T / m + dZ4 @ A3.T / m" in text


def test_two_losses():
    A, _ = two_layers()
    check(nn.binary_cross_entropy(A, TWO) + nn.mse(A, TWO))
    check(nn.binary_cross_entropy(two_layers()[0], TWO) + 0.3 * nn.mae(two_layers()[0], ONE_HOT[:2]))


def test_float32():
    A, _ = two_layers(np.float32)
    J = nn.binary_cross_entropy(A, TWO)
    check(J, rtol=1e-4)
    chain = J.chain()
    assert run(chain.numpy(), **inputs(chain))["dW1"].dtype == np.float32


def test_ops_that_belong_to_no_layer():
    W, gamma, beta = leaf(4, 3), leaf(4, 1), leaf(4, 1)
    Z = W @ X
    normal = (Z - Z.mean(axis=1, keepdims=True)) / np.sqrt(Z.var(axis=1, keepdims=True) + 1e-5)
    text = check((np.tanh(gamma * normal + beta) ** 2).mean())
    assert "dp1 = np.sum(du7 * u6, axis=1, keepdims=True) / m" in text
    assert "dZ1 = du1 + du2 + " in text


def test_a_graph_without_layers():
    x, y = tg.tensor([1.0, 2.0, 3.0], True, name="x"), tg.tensor(0.5, True, name="lambda")
    text = check((np.exp(x) * x[np.array([0, 2, 0])] * y).sum())
    assert "def scatter(g, index, shape):" in text
    assert "lambda_ " in text


def test_picking_by_label_uses_the_learners_array():
    net = nn.DNN([3, 5, 4], output="softmax", seed=1)
    J = -np.log(net(X)[LABELS, np.arange(M)]).mean()
    text = check(J, names={"labels": LABELS}, labels=LABELS)
    assert "A2[labels, np.arange(m)]" in text


def test_an_op_of_the_learners_own():
    cube = tg.op("cube", lambda x: x**3 + np.sin(x), vjp=lambda g, y, x: g * (3 * x**2 + np.cos(x)))
    W = leaf(2, 3)
    text = check(cube(W @ X).mean())
    assert "u1" not in text
    assert "np.cos(Z1)" in text


@pytest.mark.parametrize("activation", [tg.sigmoid, lambda Z: tg.softmax(Z)])
def test_saturated_outputs_still_give_the_recorded_numbers(activation):
    W = tg.tensor(RNG.standard_normal((4, 3)) * 1e4, requires_grad=True)
    A = activation(W @ X)
    loss = nn.binary_cross_entropy if activation is tg.sigmoid else nn.categorical_cross_entropy
    check(loss(A, ONE_HOT))


def test_relu_written_as_maximum_where_it_ties():
    W, b = leaf(4, 3), tg.tensor(np.zeros((4, 1)), requires_grad=True)
    still = np.where(np.arange(M) < 4, X, 0.0)
    check((np.maximum(W @ still + b, 0) ** 1.0).mean())


LAID_OUT = ("windows2d", "overlap2d", "max_pool2d_input")  # met in second derivatives only


@pytest.mark.parametrize("name", LAID_OUT)
def test_ops_on_images_are_refused_by_name(name):
    op = REGISTRY[name]
    case = op.cases[0]
    x = [tg.tensor(x, requires_grad=True) for x in op.sample(np.random.default_rng(0), case)]
    chain = op(*x, **case.options).sum().chain()
    with pytest.raises(OpError, match=f"the op '{name}' cannot be written as NumPy calls: .* lays out memory"):
        chain.numpy()


@pytest.mark.parametrize("op", [op for op in REGISTRY.values() if op.name not in LAID_OUT], ids=lambda op: op.name)
def test_every_op_can_be_written(op):
    for i, case in enumerate(op.cases):
        rng = np.random.default_rng(i)
        arrays = {f"x{k}": x for k, x in enumerate(op.sample(rng, case))}
        tensors = [tg.tensor(x, requires_grad=x.dtype.kind == "f", name=name) for name, x in arrays.items()]
        y = op(*tensors, **case.options)
        r = rng.standard_normal(y.shape)
        J = (y * r).sum()
        J.backward()
        text = J.chain(names={"r": r}).numpy()
        result = run(text, r=r, **{name: x.copy() for name, x in arrays.items()})
        assert_same(result["J"], J.numpy(), f"case {i}", rtol=1e-9)
        for x in tensors:
            if x.grad is not None:
                assert_same(result[f"d{x.name}"], x.grad, f"case {i}: d{x.name}", rtol=1e-9)
        assert max(map(len, text.splitlines())) <= 100, f"case {i}"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_notes_lines_of_an_activation_agree_with_its_record(name):
    forward, back = ACTIVATIONS[name]
    op, Z, dA = REGISTRY[name], 2 * RNG.standard_normal((4, 5)), RNG.standard_normal((4, 5))
    A = op.forward(Z)
    assert_same(forward(Z), A, name)
    assert_same(back(dA, A, Z), op.gradient(0, dA, A, [Z], {}), name)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("rows", [1, 3])
def test_the_notes_lines_of_a_loss_agree_with_its_record(name, rows):
    forward, derivative = LOSSES[name]
    op, A = REGISTRY[name], RNG.uniform(0.05, 0.95, (rows, 5))
    Y = np.eye(rows)[:, RNG.integers(0, rows, 5)]
    assert_same(forward(A, Y, 5), op.forward(A, Y), name)
    assert_same(derivative(A, Y) / 5, op.gradient(0, 1.0, op.forward(A, Y), [A, Y], {}), name)


# ---- a step, and the notes' functions ---------------------------------------------------------------


@pytest.mark.parametrize("functions", [False, True])
def test_update_is_a_step_of_gradient_descent(functions):
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    J = nn.binary_cross_entropy(net(X), ONE)
    J.backward()
    chain = J.chain(lang="en")
    names = inputs(chain)
    result = run(chain.numpy(update=True, functions=functions), learning_rate=0.5, **names)
    after = result["parameters"] if functions else result
    for name in ("W1", "b1", "W2", "b2"):
        assert_same(after[name], names[name] - 0.5 * net[name].grad, name)


def test_training_by_program_lowers_the_cost_as_optim_does():
    net = nn.DNN([3, 4, 1], hidden="tanh", seed=2)
    text = nn.binary_cross_entropy(net(X), ONE).chain().numpy(update=True)
    names = {"X": X, "Y": ONE, "learning_rate": 0.3} | {k: v.copy() for k, v in net.state_dict().items()}
    for _ in range(5):
        names = run(text, **{k: names[k] for k in ("X", "Y", "W1", "b1", "W2", "b2", "learning_rate")})
        J = nn.binary_cross_entropy(net(X), ONE)
        assert names["J"] == pytest.approx(J.item(), rel=1e-12)
        for p in net.parameters():
            p.grad = None
        J.backward()
        for p in net.parameters():
            p.data -= 0.3 * p.grad


PLAIN = [name for name in NETS if name != "gelu_tanh"]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_functions_give_the_same_gradients(name, convention):
    J = NETS[name]()
    J.backward()
    chain = J.chain(convention=convention)
    text = chain.numpy(functions=True)
    result = run(text, **inputs(chain))
    assert_same(result["J"], J.numpy(), "J")
    for key in result["grads"]:
        if key in chain and key != "dA0":  # a last layer without activation has Z alone
            assert_same(result["grads"][key], chain[key], key)
    assert {f"d{q.name}" for s in chain.steps for q in s.parameters} <= set(result["grads"])
    assert max(map(len, text.splitlines())) <= 100


def test_functions_take_a_hand_written_loss():
    A, p = two_layers()
    J = -np.sum(TWO * np.log(A) + (1 - TWO) * np.log(1 - A)) / M
    J.backward()
    chain = J.chain(names=p)
    result = run(chain.numpy(functions=True), **inputs(chain))
    for name, value in p.items():
        assert_same(result["grads"][f"d{name}"], value.grad, name)


def test_functions_define_the_activations_used_and_no_other():
    net = nn.DNN([3, 4, 4, 4, 1], hidden=[nn.LeakyReLU(0.2), nn.LeakyReLU(0.1), "tanh"], seed=2)
    text = nn.binary_cross_entropy(net(X), ONE).chain().numpy(functions=True)
    defined = [line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")]
    assert (
        defined
        == (
            "leaky_relu leaky_relu_backward leaky_relu_2 leaky_relu_2_backward tanh tanh_backward sigmoid "
            "sigmoid_backward "
            "linear_forward linear_activation_forward L_model_forward compute_cost linear_backward "
            "linear_activation_backward L_model_backward update_parameters"
        ).split()
    )
    assert 'LAYERS = ["leaky_relu", "leaky_relu_2", "tanh", "sigmoid"]' in text
    assert "0.2 * Z" in text
    assert "0.1 * Z" in text


def penalised():
    net = nn.DNN([3, 4, 1], seed=2)
    return nn.binary_cross_entropy(net(X), ONE) + nn.l2(net, 0.7, M)


def skipping():
    W1, b1 = leaf(3, 3), leaf(3, 1)
    return (tg.tanh(tg.tanh(W1 @ X + b1) + X) ** 2).mean()


def sharing():
    W, b = leaf(3, 3), leaf(3, 1)
    return nn.mse(W @ np.tanh(W @ X + b) + b, X)


@pytest.mark.parametrize(
    ("cost", "step"),
    [
        (penalised, r"R1 \(penalty\)"),
        (skipping, r"H1 \(residual\)"),
        (sharing, r"Z2 \(affine\)"),
    ],
    ids=["penalty", "skip", "shared"],
)
def test_functions_refuse_what_is_no_stack(cost, step):
    with pytest.raises(OpError, match=rf"expects a stack of layers, .* the step {step} does not fit"):
        cost().chain().numpy(functions=True)


# ---- the text ---------------------------------------------------------------------------------------


def planar():
    rng = np.random.default_rng(1)
    net = nn.DNN([2, 4, 1], hidden="tanh", seed=1)
    return nn.binary_cross_entropy(net(rng.standard_normal((2, 400))), np.tile([[0.0, 1.0]], 200)).chain(lang="en")


def own_neuron():
    rng = np.random.default_rng(1)
    w, b = tg.tensor(np.zeros((3, 1)), True), tg.tensor(0.0, True)
    X, Y = rng.standard_normal((3, 50)), np.tile([[0.0, 1.0]], 25)
    a = 1 / (1 + np.exp(-(w.T @ X + b)))
    J = -(1 / 50) * np.sum(Y * np.log(a) + (1 - Y) * np.log(1 - a))
    return J.chain(names={"w": w, "b": b, "X": X, "Y": Y, "a": a}, lang="zh")


def classes():
    rng = np.random.default_rng(1)
    net = nn.DNN([4, 6, 5, 3], hidden=nn.LeakyReLU(0.2), output="softmax", seed=1)
    J = nn.categorical_cross_entropy(net(rng.standard_normal((4, 60))), np.arange(60) % 3) + nn.l2(net, 0.7, 60)
    return J.chain(lang="zh")


def residual():
    rng = np.random.default_rng(1)
    W1, W2 = (tg.tensor(rng.standard_normal((4, 4)), True) for _ in range(2))
    A1 = np.tanh(W1 @ rng.standard_normal((4, 30)))
    A2 = tg.relu(W2 @ A1 + A1)
    return nn.mse(A2, rng.standard_normal((4, 30))).chain(lang="en")


def long_loss():
    rng = np.random.default_rng(1)
    W = tg.tensor(rng.standard_normal((2, 3)), True)
    Z = W @ rng.standard_normal((3, 20))
    D = rng.random((2, 20))
    A = tg.gelu(Z) * D / 0.8
    smooth = np.sqrt(np.sum(A**2, axis=0) + 1e-8) + np.logaddexp(A[0], A[1]) * np.exp(-np.max(np.abs(A), axis=0))
    return np.sum(smooth / (1 + smooth**2)).chain(names={"D": D}, convention="autograd", lang="en")


TEXTS = {
    "planar.txt": (planar, {}),
    "planar_functions.txt": (planar, {"update": True, "functions": True}),
    "neuron_zh.txt": (own_neuron, {"update": True}),
    "classes_l2_zh.txt": (classes, {}),
    "residual.txt": (residual, {}),
    "long_loss_autograd.txt": (long_loss, {}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name):
    """To accept a change of text, delete the file and run again."""
    make, options = TEXTS[name]
    chain = make()
    path, text = SNAPSHOTS / name, chain.numpy(**options)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} did not exist and was written; read it")
    assert text == path.read_text(encoding="utf-8")
    chain.root.backward()
    result = run(text, learning_rate=0.1, **inputs(chain))
    gradients = result.get("grads", result)
    for key in {f"d{q.name}" for step in chain.steps for q in step.parameters}:
        assert_same(gradients[key], chain[key], key)


def test_m_is_read_from_the_data():
    """A program written for 400 samples is right for 7: no number of the data is in it."""
    text = planar().numpy()
    X, Y = RNG.standard_normal((2, 7)), (RNG.random((1, 7)) < 0.5).astype(float)
    net = nn.DNN([2, 4, 1], hidden="tanh", seed=5)
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    result = run(text, X=X, Y=Y, **{k: np.array(v) for k, v in net.state_dict().items()})
    for name in ("W1", "b1", "W2", "b2"):
        assert_same(result[f"d{name}"], net[name].grad, name)


@pytest.mark.parametrize(
    "loss", ["mean", "1/m sum", "half squares", "sum over axis 0, then mean", "logsumexp", "a shared intermediate"]
)
def test_hand_written_losses_carry_no_number_of_the_data_either(loss, monkeypatch):
    text = OWN[loss](two_layers()[0]).chain().numpy()
    for name, value in (("M", 4), ("X", X[:, :4]), ("TWO", TWO[:, :4])):
        monkeypatch.setitem(globals(), name, value)
    A, p = two_layers()
    OWN[loss](A).backward()
    result = run(text, X=X, Y=TWO, **{k: v.numpy() for k, v in p.items()})
    for name, value in p.items():
        assert_same(result[f"d{name}"], value.grad, name)


def test_a_layer_of_one_unit_and_one_sample_is_a_layer():
    text = NETS["one sample"]().chain(lang="en").numpy()
    assert [line for line in text.splitlines() if line.startswith("# ") and "(" not in line][2:] == [
        "# Layer 1", "# Layer 2", "# Cost J", "# Layer 2 backward", "# Layer 1 backward",
    ]  # fmt: skip


def test_two_languages():
    chain = planar()
    assert "# Layer 2 backward" in chain.numpy()
    J = chain.root
    assert "# 第 2 层反向" in J.chain(lang="zh").numpy()
    assert "课程约定" in J.chain(lang="zh").numpy()
    assert '"""代价 J，一个数。"""' in J.chain(lang="zh").numpy(functions=True)


def test_a_cost_that_is_no_mean_is_written_as_true_gradients_and_says_so():
    text = OWN["a sum, not a mean"](two_layers()[0]).chain(lang="en").numpy()
    assert "# J is not a mean over the m samples" in text
    assert "dW1 = dZ1 @ X.T  # (4, 9) @ (9, 3) -> (4, 3)" in text


def test_names_become_python_names():
    W, b = tg.tensor(np.ones((2, 3)), True, name="fc.W"), tg.tensor(np.ones((2, 1)), True, name="class")
    J = ((W @ X + b) ** 2).mean()
    J.backward()
    text = J.chain().numpy()
    result = run(text, X=X, fc_W=W.numpy(), class_=b.numpy())
    assert_same(result["dfc_W"], W.grad, "fc.W")
    assert_same(result["dclass_"], b.grad, "class")


def test_a_thousand_layers_and_a_long_hand_written_loss_are_written_without_recursion():
    J = nn.binary_cross_entropy(nn.DNN([3] + [3] * 1000 + [1], hidden="tanh", seed=0)(X), ONE)
    assert J.chain().numpy().count("np.tanh(") == 1000
    loss = np.tanh(leaf(2, 3) @ X)
    for _ in range(1500):
        loss = loss * 1.001 + 0.001
    check(loss.mean())


def test_the_same_parts_are_computed_once():
    x = two_layers()[0]
    for _ in range(30):
        x = np.exp(-x) + x  # 2³⁰ terms if every part were written where it is used
    assert check(x.mean()).count("np.exp(") == 30 + 1  # the last is sigmoid's


# ---- what cannot be written -------------------------------------------------------------------------


def test_several_numbers_are_no_cost():
    with pytest.raises(ShapeError, match=r"expected the chain of a single cost; J has shape \(2, 9\)"):
        two_layers()[0].chain().numpy()


def test_an_op_that_decides_by_value_is_named():
    step = tg.op("leap", lambda x: x * 2.0, vjp=lambda g, y, x: g * 2 if (x > 0).all() else g * 2.0, cases=())
    with pytest.raises(OpError, match=r"the op 'leap' cannot be written as NumPy calls: .*all"):
        step(leaf(2, 3) @ X).mean().chain().numpy()


def test_an_array_without_a_name_asks_for_one():
    index = RNG.permutation(M)
    J = np.mean(np.tanh(leaf(2, 3) @ X)[:, np.repeat(index, 9)])
    with pytest.raises(OpError, match=r"an array of shape \(81,\) has no name .* pass it in names="):
        J.chain().numpy()
