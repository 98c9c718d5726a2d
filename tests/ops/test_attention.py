"""The ops of attention against their definition; their records are checked with all others in test_records."""

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.errors import ShapeError
from tinygrad_cn.ops.attention import ATTENTION_CONTEXT, ATTENTION_SCORES, ATTENTION_WEIGHTS

N, M, HEADS, QUERIES, KEYS = 6, 4, 2, 3, 5
D = N // HEADS


def test_scores_and_context_are_matrix_products_of_each_head(rng):
    q, k, v = rng.normal(size=(N, M, QUERIES)), rng.normal(size=(N, M, KEYS)), rng.normal(size=(N, M, KEYS))
    w = rng.random((M, HEADS, QUERIES, KEYS))
    scores, context = ATTENTION_SCORES(q, k, heads=HEADS), ATTENTION_CONTEXT(v, w)
    for i, h in np.ndindex(M, HEADS):
        rows = slice(h * D, (h + 1) * D)
        np.testing.assert_allclose(scores[i, h], q[rows, i].T @ k[rows, i] / np.sqrt(D), rtol=1e-12)
        np.testing.assert_allclose(context[rows, i], v[rows, i] @ w[i, h].T, rtol=1e-12)


def test_weights_are_softmax_over_the_keys_that_count(rng):
    s = rng.normal(size=(M, HEADS, QUERIES, KEYS)) * 5
    mask = rng.random((M, 1, QUERIES, KEYS)) < 0.6
    mask[..., 0] = True
    mask[0, 0, 0] = False
    w = ATTENTION_WEIGHTS(s, mask)
    e = np.exp(s) * mask
    total = e.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(w, e / np.where(total == 0, 1, total), rtol=1e-12)
    assert not w[0, :, 0].any()
    np.testing.assert_allclose(
        ATTENTION_WEIGHTS(s, None), np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True), rtol=1e-12
    )


def test_masked_scores_have_no_gradient_and_may_be_anything():
    s = tg.tensor([[[[1e308, np.nan, 2.0, 1.0]]]], requires_grad=True)
    w = ATTENTION_WEIGHTS(s, np.array([False, False, True, True]))
    np.sum(w * [3.0, 4.0, 5.0, 6.0]).backward()
    assert w.numpy().ravel()[:2].tolist() == [0, 0]
    assert s.grad.ravel()[:2].tolist() == [0, 0]
    np.testing.assert_allclose(s.grad.sum(), 0, atol=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ATTENTION_SCORES(x(4, 3, 2), x(4, 2, 5), heads=2), r"got \(4, 3, 2\) and \(4, 2, 5\)"),
        (lambda x: ATTENTION_SCORES(x(4, 3, 2), x(4, 3, 5), heads=3), "4 rows of Q and K must be a multiple"),
        (lambda x: ATTENTION_CONTEXT(x(4, 3, 5), x(3, 2, 2, 4)), r"got \(4, 3, 5\) and \(3, 2, 2, 4\)"),
        (lambda x: ATTENTION_CONTEXT(x(4, 3, 5), x(3, 3, 2, 5)), "4 rows of V must be a multiple of the 3 heads"),
    ],
)
def test_shapes_are_explained(call, message):
    with pytest.raises(ShapeError, match=message):
        call(lambda *shape: tg.tensor(np.ones(shape), requires_grad=True))
