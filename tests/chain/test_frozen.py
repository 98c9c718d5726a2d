"""Chains of nets that are frozen in part: read back to the data, with no gradients where nothing learns."""

import json
import re

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn import data, nn

X, Y = data.flower()


def frozen_net(*patterns):
    return nn.DNN([2, 4, 3, 1], hidden="tanh", seed=1).freeze(*patterns)


def cost(net):
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    return J


def gradients(chain):
    return {name for name in chain if name.startswith("d")}


def test_frozen_layers_in_front_are_read_and_have_no_gradients():
    chain = cost(frozen_net("?1", "?2")).chain(lang="en")
    assert [step.id for step in chain.steps if step.layer] == ["1", "2", "3"]
    assert [step.frozen for step in chain.steps if step.layer] == [True, True, False]
    assert gradients(chain) == {"dA3", "dZ3", "dW3", "db3", "dA2"}
    assert chain.layers[0].dW is None
    np.testing.assert_array_equal(chain["A1"], np.tanh(chain["W1"] @ X + chain["b1"]))
    assert chain.steps[1].cache == ()
    assert chain.convention == "course"


def test_a_frozen_layer_in_between_hands_gradients_on():
    frozen, free = frozen_net("?2"), frozen_net("?2").unfreeze()
    chain, whole = cost(frozen).chain(), cost(free).chain()
    assert gradients(whole) - gradients(chain) == {"dW2", "db2"}
    for name in ("dZ2", "dA1", "dW1", "db1"):
        np.testing.assert_array_equal(chain[name], whole[name])


def test_the_table_names_what_is_frozen():
    lines = str(cost(frozen_net("?1", "b2")).chain(lang="zh")).splitlines()
    marked = [line.split()[0] for line in lines if line.endswith("冻结")]
    assert marked == ["W[1]", "b[1]", "b[2]"]


@pytest.mark.parametrize("patterns", [("?1",), ("?2",), ("?3",), ("?1", "?2"), ("b*",)])
def test_the_program_runs_the_frozen_layers_and_gives_the_same_gradients(patterns):
    net = frozen_net(*patterns)
    chain = cost(net).chain()
    scope = {"X": X, "Y": Y, "learning_rate": 0.1, **net.state_dict()}
    exec(compile(chain.numpy(update=True), "program", "exec"), scope)
    assert scope["J"] == pytest.approx(chain["J"], rel=1e-14)
    for name, p in net.named_parameters():
        assert (f"d{name}" in scope) == p.requires_grad
        step = 0.1 * p.grad if p.requires_grad else 0
        np.testing.assert_allclose(scope[name], p.numpy() - step, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_form_of_the_chain_can_be_written(lang, tmp_path):
    net = nn.Sequential(nn.Dense(2, 4, seed=1), nn.BatchNorm(4), nn.Tanh(), nn.Dense(4, 1, "sigmoid", seed=2))
    net[:2].freeze()
    chain = cost(net).chain(lang=lang)
    for view in ("ladder", "blocks", "ops", "network", "health"):
        chain.draw(tmp_path / f"{view}.svg", view=view)
    marked = {view for view in ("ladder", "blocks", "network") if said(tmp_path / f"{view}.svg", lang)}
    assert marked == {"ladder", "blocks", "network"}
    chain.html(tmp_path / "page.html")
    assert "dW^{[1]}" not in chain.latex()
    assert "dW^{[2]}" in chain.markdown()


def said(path, lang):
    return {"zh": "冻结", "en": "frozen"}[lang] in path.read_text(encoding="utf-8")


def test_a_frozen_layer_interrupts_a_run_of_equal_ones(tmp_path):
    net = nn.DNN([2, *[3] * 16, 1], hidden="tanh", seed=1).freeze("?8")
    chain = cost(net).chain(lang="en")
    chain.draw(tmp_path / "deep.dot")
    text = (tmp_path / "deep.dot").read_text(encoding="utf-8")
    assert "Layer 8 · tanh · frozen" in text
    assert "Layers 9–16 × 8 · tanh" in text


# ---- compare ----------------------------------------------------------------------------------------


def by_hand(X, Y, A1, A2, A3, W2, W3, m):
    dZ3 = A3 - Y
    dZ2 = W3.T @ dZ3 * (1 - A2**2)
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    parts = {1: (dZ1, X), 2: (dZ2, A1), 3: (dZ3, A2)}
    products = {f"dW{layer}": dZ @ A.T / m for layer, (dZ, A) in parts.items()}
    return products | {f"db{layer}": np.sum(dZ, axis=1, keepdims=True) / m for layer, (dZ, _) in parts.items()}


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_compare_says_what_is_not_computed_and_checks_the_rest(layer):
    report = tg.compare(cost(frozen_net(f"?{layer}")), by_hand, lang="en")
    frozen = {f"dW{layer}", f"db{layer}"}
    assert {row.name for row in report.rows if row.verdict == "frozen"} == frozen
    assert {row.verdict for row in report.rows if row.name not in frozen} == {"agree"}
    assert report.ok
    assert report.first_wrong is None
    assert re.search(rf"^dW\[{layer}\] +– not computed: frozen$", str(report), re.MULTILINE)
    assert {row["verdict"] for row in json.loads(report.json())["rows"]} == {"agree", "frozen"}


def test_a_mistake_beside_a_frozen_layer_is_still_found(tmp_path):
    chain = cost(frozen_net("?1")).chain(lang="zh")
    hand = {"dW1": np.zeros((4, 2)), "dX": 0 * X, "dZ1": 0, "dQ1": 0, "db2": 400 * chain["db2"], "dW3": chain["dW3"]}
    report = tg.compare(chain, hand)
    verdicts = {row.name: row.verdict for row in report.rows}
    assert verdicts == {
        "dW3": "agree", "db2": "wrong", "dW1": "frozen", "dA0": "frozen", "dZ1": "frozen", "dQ1": "unknown_name",
    }  # fmt: skip
    assert report["db2"].cause == "missing_1_over_m"
    report.draw(tmp_path / "report.svg")
    assert "没有计算：已冻结" in (tmp_path / "report.svg").read_text(encoding="utf-8")


# ---- what is recorded -------------------------------------------------------------------------------


def test_a_net_frozen_as_a_whole_has_a_chain_and_nothing_to_go_back_to():
    J = nn.binary_cross_entropy(frozen_net()(X), Y)
    assert not J.requires_grad
    assert gradients(J.chain()) == set()
    with pytest.raises(tg.errors.GraphError, match="nothing was recorded"):
        J.backward()


def test_data_and_no_grad_record_nothing():
    net = frozen_net("?1")
    with tg.no_grad():
        assert net[:2](X).is_leaf
    assert (tg.tensor(X) * 2).is_leaf
    assert net[:2](X).detach().is_leaf


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (frozen_net("?1"), "the layers before are frozen: optional"),
        (nn.DNN([2, 4, 3, 1], hidden="tanh", seed=1), "the input is not updated: optional"),
    ],
    ids=["frozen", "input"],
)
def test_pictures_say_why_a_gradient_is_not_needed(net, said, tmp_path):
    cost(net).chain(lang="en").draw(tmp_path / "chain.dot")
    text = (tmp_path / "chain.dot").read_text(encoding="utf-8")
    assert text.count(": optional") == text.count(said) == 1
