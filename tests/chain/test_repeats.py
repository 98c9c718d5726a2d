"""Equal blocks of several steps, such as those of a Transformer, become one, with a row for each step."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.chain.fold import fold
from tinygrad_cn.chain.numbering import Numbering
from tinygrad_cn.draw import VIEWS, parts

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 3, 5))
Y = RNG.normal(size=(2, 3, 5))


def read(net, *inputs, lang="zh", target=Y):
    J = nn.mse(net(*inputs), target)
    J.backward()
    return J.chain(lang=lang)


def encoder(n, **options):
    blocks = [nn.TransformerEncoderBlock(4, 2, 8, seed=k, **options) for k in range(n)]
    return read(nn.Sequential(*blocks, nn.Dense(4, 2, seed=9)), X)


class Translator(nn.Module):
    """Encoder blocks, and decoder blocks that all look at what these have made."""

    def __init__(self, n):
        self.encoder = nn.Sequential(*(nn.TransformerEncoderBlock(4, 2, 8, seed=k) for k in range(n)))
        self.blocks = [nn.TransformerDecoderBlock(4, 2, 8, seed=k) for k in range(n)]
        for k, block in enumerate(self.blocks):
            setattr(self, f"decoder{k}", block)
        self.head = nn.Dense(4, 2, seed=9)

    def forward(self, X, Y):
        memory = self.encoder(X)
        for block in self.blocks:
            Y = block(Y, memory)
        return self.head(Y)


def titles(chain):
    return [parts.title(row, chain.lang) for row in fold(chain.steps) if row.repeat is not None]


def test_six_encoder_blocks_are_the_first_four_equal_ones_and_the_last():
    chain = encoder(6)
    assert titles(chain) == [
        "第 2–5 块 × 4 · 层归一化", "× 4 · 第 l 层 · 注意力", "× 4 · 残差连接", "× 4 · 层归一化",
        "× 4 · 第 l+1 层 · relu", "× 4 · 第 l+2 层", "× 4 · 残差连接",
    ]  # fmt: skip
    rows = fold(chain.steps)
    stood_for = [step.id for row in rows for step in row.steps]
    assert sorted(stood_for) == sorted(step.id for step in chain.steps if step.kind != "input" or step.id == "X")


def test_the_formulas_hold_in_every_block():
    chain = encoder(6, keep_prob=0.9)
    rows = [row for row in fold(chain.steps) if row.repeat is not None]
    assert len(rows) == 8
    for row in rows:
        for pattern, members in row.columns:
            assert len(members) == 4
            for step, q in zip(row.steps, members, strict=True):
                assert row.of_step(pattern.written, step) == q.written
                if q.formula is not None:
                    assert row.of_step(pattern.formula.text, step) == q.formula.text


def test_residual_sums_take_the_block_before_and_the_norm():
    rows = [row for row in fold(encoder(6).steps) if row.repeat is not None]
    assert [q.formula.text for row in rows if row.step.kind == "residual" for q in row.step.forward] == [
        "H[l−1] + Z[l]",
        "H[l] + Z[l+2]",
    ]
    assert [source.quantity.written for source in rows[1].sources] == ["N[l−1]"]
    assert [source.quantity.written for source in rows[0].sources] == ["H[3]"]


def test_decoder_blocks_keep_the_number_of_the_memory():
    memory, text = RNG.normal(size=(4, 3, 5)), RNG.normal(size=(4, 3, 4))
    chain = read(Translator(6), memory, text, lang="en", target=RNG.normal(size=(2, 3, 4)))
    found = titles(chain)
    assert [title for title in found if "Blocks" in title] == ["Blocks 2–5 × 4 · layer norm"] * 2
    assert len(found) == 7 + 10
    looking = next(row for row in fold(chain.steps) if row.repeat and "Wk[l+1]" in str(row.step.parameters))
    keys = {q.written: q.formula.text for q in (*looking.step.forward, *looking.step.backward)}
    assert keys["K[l+1]"] == "Wk[l+1] H[18] + bk[l+1]"
    assert keys["dH[18]"] == "… + Wk[l+1]ᵀ dK[l+1] + Wv[l+1]ᵀ dV[l+1]"


def test_residual_layers_in_a_row():
    layers = [nn.Residual(nn.Dense(4, 4, "tanh", seed=k)) for k in range(9)]
    chain = read(nn.Sequential(nn.Dense(4, 4, seed=10), *layers), X[:, :, 0], lang="en", target=X[:, :, 1])
    assert titles(chain) == ["Blocks 2–8 × 7 · Layer l · tanh", "× 7 · residual connection"]


@pytest.mark.parametrize("blocks", [2, 3, 4])
def test_a_few_blocks_are_drawn_one_by_one(blocks):
    assert titles(encoder(blocks)) == []


def test_a_block_that_differs_interrupts():
    blocks = [nn.TransformerEncoderBlock(4, 2, 8, "gelu" if k == 4 else "relu", seed=k) for k in range(9)]
    chain = read(nn.Sequential(*blocks, nn.Dense(4, 2, seed=9)), X)
    assert [title for title in titles(chain) if "块" in title] == [
        "第 2–4 块 × 3 · 层归一化",
        "第 6–8 块 × 3 · 层归一化",
    ]


def test_time_steps_and_long_graphs_of_ops_have_no_blocks():
    w = nn.module.Parameter(np.ones(3))
    value = w
    for _ in range(60):
        value = np.sin(value) * np.cos(value)
    assert titles(np.sum(value).chain(lang="zh")) == []


@pytest.mark.parametrize("view", ["ladder", "blocks"])
def test_both_views_draw_them_with_thick_borders_and_the_rest_of_the_views_draws_them_all(view, tmp_path):
    chain = encoder(6)
    source = VIEWS[view](chain).source
    assert "第 2–5 块 × 4 · 层归一化" in source
    assert "Wq[4] … Wq[13]" in source
    assert source.count('BORDER="3"') >= 14
    chain.draw(tmp_path / "all.svg", view=view)
    chain.draw(tmp_path / "ops.svg", view="ops")
    chain.draw(tmp_path / "network.svg", view="network")


def test_wide_residual_pictures_lose_no_edge(tmp_path):
    """Graphviz drops edges that end at a corner far to the right, and then fails."""
    blocks = [nn.Residual(nn.Dense(4, 4, "tanh" if k % 2 else "relu", seed=k)) for k in range(13)]
    chain = read(nn.Sequential(nn.Dense(4, 4, seed=20), *blocks), X[:, :, 0], target=X[:, :, 1])
    assert chain.draw(tmp_path / "wide.svg", view="blocks") is not None
    assert (tmp_path / "wide.svg").stat().st_size > 10_000


def test_the_derivation_says_what_l_is():
    text = encoder(6).markdown()
    assert "第 $l + 1$ 层：ReLU（第 2–5 块相同，共 4 块，$l = 4, 7, \\ldots, 13$）" in text
    assert "第 $l$ 层：注意力（第 2–5 块相同" in text
    assert "残差连接（第 2–5 块相同，共 4 块" in text
    assert "dW_{q}^{[l]}" in text


def test_the_page_has_one_step_for_the_four(tmp_path):
    chain = encoder(6)
    chain.html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Q[l] = Wq[l] N[l−1] + bq[l]" in text
    assert "第 2–5 块 × 4" in text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("W[4] N[3] + b[6]", "W[l] N[l−1] + b[l+2]"),
        ("H[18] + K[7]", "H[18] + K[l+3]"),
        ("dM[4] + M[4]", "dM[4] + M[4]"),
        ("A\u0303[5]", "A\u0303[l+1]"),
    ],
)
def test_numbers_are_counted_from_the_first_layer_of_a_block_and_back(text, written):
    numbering = Numbering(4, below=3, above=5, fixed={"M[4]", "dM[4]"})
    assert numbering.write(text) == written
    assert numbering.read(written) == text
