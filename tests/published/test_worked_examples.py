"""Numbers of two worked examples that learners meet elsewhere.

M. Mazur, "A step by step backpropagation example" (2015); M. Nielsen, "Neural Networks and Deep Learning", chapter 3.
"""

import math

import numpy as np
import pytest

import tinygrad_cn as tg
from tests.published.exercise import leaves, printed
from tinygrad_cn import nn, optim


def test_mazur():
    net = nn.DNN([2, 2, 2], hidden="sigmoid", output="sigmoid")
    net.load_state_dict(
        {"W1": [[0.15, 0.20], [0.25, 0.30]], "b1": [[0.35]] * 2, "W2": [[0.40, 0.45], [0.50, 0.55]], "b2": [[0.60]] * 2}
    )
    x, target = np.array([[0.05], [0.10]]), np.array([[0.01], [0.99]])
    optimizer = optim.SGD([net.W1, net.W2], lr=0.5)  # the example leaves the biases alone
    E = nn.mse(net(x), target)  # its ½ Σ over two outputs is the mean over them
    E.backward()
    printed(net[:2](x).numpy(), [0.593269992, 0.596884378], digits=9)
    printed(net(x).numpy(), [0.75136507, 0.772928465], digits=8)
    printed(E.item(), 0.298371109, digits=9)
    printed(net.W2.grad[0, 0], 0.082167041, digits=9)
    optimizer.step()
    printed(net.W2.numpy(), [[0.35891648, 0.408666186], [0.511301270, 0.561370121]], digits=8)
    printed(net.W1.numpy(), [[0.149780716, 0.19956143], [0.24975114, 0.29950229]], digits=8)


@pytest.mark.parametrize(("start", "first", "last"), [((0.6, 0.9), 0.82, 0.09), ((2.0, 2.0), 0.98, 0.20)])
def test_nielsen_neuron_that_learns_slowly_when_badly_wrong(start, first, last):
    w, b = leaves(*start)
    optimizer = optim.SGD([w, b], lr=0.15)
    printed(tg.sigmoid(w + b).item(), first, digits=2)
    for _ in range(300):
        optimizer.zero_grad()
        (0.5 * nn.mse(tg.sigmoid(w + b), 0.0)).backward()
        optimizer.step()
    printed(tg.sigmoid(w + b).item(), last, digits=2)


def test_a_guess_among_k_classes_costs_log_k():
    for k in (2, 10):
        assert float(nn.cross_entropy(np.zeros((k, 5)), np.arange(5) % k)) == pytest.approx(math.log(k))
