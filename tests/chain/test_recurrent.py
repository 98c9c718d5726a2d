"""Chains of recurrent nets: every step is there, per sample in the course convention, and as a program it runs."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.chain.running import assert_same, run
from tinygrad_cn import nn
from tinygrad_cn.chain.source.loop import entry
from tinygrad_cn.chain.source.variables import identifier

N_X, N_A, M, T = 3, 5, 4, 3
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N_X, M, T))
LABELS = RNG.integers(0, 2, (M, T))
IDS = RNG.integers(0, 7, (M, T))


def tagger(layer, **options):
    """A label for every step."""
    return nn.cross_entropy(
        nn.Sequential(layer(N_X, N_A, seed=1, **options), nn.Dense(*_sizes(options), seed=2))(X), LABELS
    )


def reader(layer, **options):
    """A label for the whole sequence."""
    net = nn.Sequential(layer(N_X, N_A, output="last", seed=1, **options), nn.Dense(*_sizes(options), seed=2))
    return nn.cross_entropy(net(X), LABELS[:, 0])


def _sizes(options):
    return N_A * (1 + options.get("bidirectional", False)), 2


def padded():
    net = nn.LSTM(N_X, N_A, seed=1)
    return np.mean(net(X, lengths=[3, 1, 2, 3]) ** 2) * (N_A * T)


def words():
    net = nn.Sequential(nn.Embedding(7, N_X, seed=1), nn.GRU(N_X, N_A, seed=2), nn.Dense(N_A, 2, seed=3))
    return nn.cross_entropy(net(IDS), LABELS)


def regression():
    net = nn.Sequential(nn.RNN(N_X, N_A, seed=1), nn.Dense(N_A, 2, seed=2))
    return nn.mse(net(X), RNG.normal(size=(2, M, T)))


NETS = {
    "RNN": lambda: tagger(nn.RNN),
    "LSTM": lambda: tagger(nn.LSTM),
    "GRU": lambda: tagger(nn.GRU),
    "GRU, reset after": lambda: tagger(nn.GRU, reset="after"),
    "two layers": lambda: tagger(nn.LSTM, num_layers=2),
    "both directions": lambda: tagger(nn.RNN, bidirectional=True),
    "RNN, last": lambda: reader(nn.RNN),
    "LSTM, last": lambda: reader(nn.LSTM, bidirectional=True),
    "padded": padded,
    "words": words,
    "regression": regression,
}
each_net = pytest.mark.parametrize("build", NETS.values(), ids=NETS)


@each_net
def test_samples_are_scaled_and_parameters_are_not(build):
    """dA and dZ of a step are m times autograd's; those of weights, stacked or not, are equal."""
    J = build()
    J.backward()
    chain = J.chain(lang="en")
    true = J.chain(convention="autograd", lang="en")
    assert (chain.convention, chain.m) == ("course", M)
    scaled = set()
    for name, q in chain.quantities.items():
        if q.role != "gradient" or q.value is None:
            continue
        factor = M if q.shape[1:2] == (M,) else 1  # no weight has as many columns as there are samples
        assert_same(q.value, true[name] * factor, name)
        scaled.add(factor)
    assert scaled == {1, M}


def namespace(values):
    """What a program needs: x[1], x[2], … as a dict, the start a⟨0⟩ as a0, and the rest by its name."""
    given = {}
    for key, value in values.items():
        base, t = entry(key) or (identifier(key, values), None)
        if t is None:
            given[base] = value
        else:
            given.setdefault(base, {})[t] = value
            given[f"{base}{t}"] = value
    return given


@each_net
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_the_program_gives_the_chains_numbers(build, convention):
    J = build()
    J.backward()
    chain = J.chain(convention=convention, lang="en")
    keys = chain.quantities
    given = namespace({k: np.array(q.value) for k, q in keys.items() if q.role != "gradient" and q.formula is None})
    extra = {"ids": IDS} if "ids" in chain.numpy() else {}
    result = run(chain.numpy(), **given, **extra)
    assert result["J"] == pytest.approx(J.item(), rel=1e-12)
    parameters = [k for k, q in keys.items() if q.role == "parameter"]
    assert parameters
    for k in parameters:
        assert_same(result["d" + identifier(k, keys)], keys[f"d{k}"].value, k)


def test_the_gradients_of_the_notes_are_compared_step_by_step():
    """A. Ng, "Building your recurrent neural network", rnn_cell_backward: da⟨t⟩, dz⟨t⟩, then the sums over time."""
    net = nn.RNN(N_X, N_A, seed=1)
    head = nn.Dense(N_A, 2, seed=2)
    J = nn.cross_entropy(head(net(X)), LABELS)
    J.backward()
    chain = J.chain(lang="en")
    p = net.state_dict()
    one_hot = (np.arange(2)[:, None, None] == LABELS).astype(float)
    dZ = nn.softmax(chain["Z"]) - one_hot
    da, hand = np.zeros((N_A, M)), {}
    dWaa, dWax, dba = np.zeros((N_A, N_A)), np.zeros((N_A, N_X)), np.zeros((N_A, 1))
    for t in reversed(range(T)):
        da = head.W.numpy().T @ dZ[:, :, t] + da
        dz = da * (1 - chain[f"a⟨{t + 1}⟩"] ** 2)
        hand |= {f"da⟨{t + 1}⟩": da, f"dz⟨{t + 1}⟩": dz}
        dWaa += dz @ chain[f"a⟨{t}⟩"].T / M
        dWax += dz @ X[:, :, t].T / M
        dba += dz.sum(axis=1, keepdims=True) / M
        da = p["Waa"].T @ dz
    report = tg.compare(chain, {"dZ": dZ, **hand, "dWaa": dWaa, "dWax": dWax, "dba": dba})
    assert report.ok, str(report)
    assert len(report.rows) == 1 + 2 * T + 3
    report = tg.compare(chain, {**hand, "dz⟨2⟩": hand["da⟨2⟩"]})
    assert report.first_wrong == "dz⟨2⟩"
    assert report["dz⟨3⟩"].verdict == "agree"


def test_a_loop_by_hand_is_read_the_same_way():
    Waa, Wax, ba = (tg.tensor(RNG.normal(size=s), requires_grad=True) for s in ((N_A, N_A), (N_A, N_X), (N_A, 1)))
    Wy = tg.tensor(RNG.normal(size=(1, N_A)), requires_grad=True)
    a = np.zeros((N_A, M))
    for t in range(T):
        a = np.tanh(Waa @ a + Wax @ X[:, :, t] + ba)
    J = nn.binary_cross_entropy(nn.sigmoid(Wy @ a), LABELS[:, :1].T)
    J.backward()
    chain = J.chain(names={"Waa": Waa, "Wax": Wax, "ba": ba, "Wy": Wy}, lang="en")
    assert (chain.convention, chain.m) == ("course", M)
    assert_same(chain["dWaa"], Waa.grad, "dWaa")


@pytest.mark.parametrize("kind", ["table", "svg", "html", "latex", "markdown"])
def test_every_form_of_a_recurrent_chain_names_its_steps(kind, tmp_path):
    J = tagger(nn.LSTM)
    J.backward()
    chain = J.chain(lang="en")
    if kind in ("svg", "html"):
        (chain.draw if kind == "svg" else chain.html)(tmp_path / f"chain.{kind}")
        text = (tmp_path / f"chain.{kind}").read_text(encoding="utf-8")
    else:
        text = str(chain) if kind == "table" else getattr(chain, kind)()
    assert text.count({"table": "⟨2⟩", "html": "⟨2⟩", "svg": "&lt;2&gt;"}.get(kind, "2")) > 2
    if kind == "table":
        for line in (
            "c⟨2⟩ (5, 4) (n_a, m) = Γf⟨2⟩ ⊙ c⟨1⟩ + Γi⟨2⟩ ⊙ c̃⟨2⟩",
            "A (5, 4, 3) (5, m, 3) = stack(a⟨1⟩, a⟨2⟩, a⟨3⟩)",
            "dWf (5, 8) (5, 8) = (1/m) Σₜ dzf⟨t⟩ [a⟨t−1⟩; x⟨t⟩]ᵀ",
        ):
            assert line in " ".join(text.split())
