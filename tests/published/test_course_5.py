"""Course 5, "Sequence models", exercise "Building your recurrent neural network": values and gradients as printed.

Inputs and parameters are drawn in the notebook's order after np.random.seed(1).
"""

import numpy as np

from tests.published.exercise import leaves, normal, printed
from tinygrad_cn import nn

N_X, N_A, N_Y, M = 3, 5, 2, 10
GATES = [(N_A, N_A + N_X), (N_A, 1)]


def rnn(kind, *parameters, names=("Waa", "Wax", "ba")):
    net = kind(N_X, N_A)
    net.load_state_dict(dict(zip(names, parameters, strict=True)))
    return net


def lstm(kind, *parameters):
    return rnn(kind, *parameters, names=("Wf", "bf", "Wi", "bi", "Wo", "bo", "Wc", "bc"))


def predicted(W, a, b):
    """The softmax of Wya a⟨t⟩ + by."""
    layer = nn.Dense(N_A, N_Y, "softmax")
    layer.load_state_dict({"W": W, "b": b})
    return layer(a).numpy()


def test_rnn_cell_forward():
    x, a, Waa, Wax, Wya, ba, by = normal(1, (N_X, M), (N_A, M), (N_A, N_A), (N_A, N_X), (N_Y, N_A), (N_A, 1), (N_Y, 1))
    a_next = rnn(nn.RNNCell, Waa, Wax, ba)(x, a)
    printed(
        a_next.numpy()[4],
        [0.59584544, 0.18141802, 0.61311866, 0.99808218, 0.85016201, 0.99980978, -0.18887155, 0.99815551, 0.6531151,
         0.82872037],
    )  # fmt: skip
    printed(
        predicted(Wya, a_next, by)[1],
        [0.9888161, 0.01682021, 0.21140899, 0.36817467, 0.98988387, 0.88945212, 0.36920224, 0.9966312, 0.9982559,
         0.17746526],
    )  # fmt: skip


def test_rnn_forward():
    x, a0, Waa, Wax, Wya, ba, by = normal(
        1, (N_X, M, 4), (N_A, M), (N_A, N_A), (N_A, N_X), (N_Y, N_A), (N_A, 1), (N_Y, 1)
    )
    A = rnn(nn.RNN, Waa, Wax, ba)(x, a0)
    printed(A.numpy()[4][1], [-0.99999375, 0.77911235, -0.99861469, -0.99833267])
    printed(predicted(Wya, A, by)[1][3], [0.79560373, 0.86224861, 0.11118257, 0.81515947])


def test_lstm_cell_forward():
    x, a, c, *parameters = normal(1, (N_X, M), (N_A, M), (N_A, M), *GATES * 4, (N_Y, N_A), (N_Y, 1))
    *parameters, Wy, by = parameters
    a_next, c_next = lstm(nn.LSTMCell, *parameters)(x, a, c)
    printed(
        a_next.numpy()[4],
        [-0.66408471, 0.0036921, 0.02088357, 0.22834167, -0.85575339, 0.00138482, 0.76566531, 0.34631421, -0.00215674,
         0.43827275],
    )  # fmt: skip
    printed(
        c_next.numpy()[2],
        [0.63267805, 1.00570849, 0.35504474, 0.20690913, -1.64566718, 0.11832942, 0.76449811, -0.0981561, -0.74348425,
         -0.26810932],
    )  # fmt: skip
    printed(
        predicted(Wy, a_next, by)[1],
        [0.79913913, 0.15986619, 0.22412122, 0.15606108, 0.97057211, 0.31146381, 0.00943007, 0.12666353, 0.39380172,
         0.07828381],
    )  # fmt: skip


def test_lstm_forward():
    x, a0, *parameters = normal(1, (N_X, M, 7), (N_A, M), *GATES * 4, (N_Y, N_A), (N_Y, 1))
    *parameters, Wy, by = parameters
    A = lstm(nn.LSTM, *parameters)(x, (a0, None))
    printed(A.numpy()[4][3][6], 0.172117767533, 12)
    printed(predicted(Wy, A, by)[1][4][3], 0.95087346185, 11)


def test_rnn_cell_backward():
    x, a, Wax, Waa, _, ba, _, da_next = normal(
        1, (N_X, M), (N_A, M), (N_A, N_X), (N_A, N_A), (N_Y, N_A), (N_A, 1), (N_Y, 1), (N_A, M)
    )
    x, a = leaves(x, a)
    cell = rnn(nn.RNNCell, Waa, Wax, ba)
    cell(x, a).backward(da_next)
    printed(x.grad[1][2], -1.3872130506020925, 14)
    printed(a.grad[2][3], -0.15239949377395495, 14)
    printed(cell.Wax.grad[3][1], 0.41077282493545836, 14)
    printed(cell.Waa.grad[1][2], 1.1503450668497135, 14)
    printed(cell.ba.grad[4], 0.20023491)


def test_rnn_backward():
    x, a0, Wax, Waa, _, ba, _, da = normal(
        1, (N_X, M, 4), (N_A, M), (N_A, N_X), (N_A, N_A), (N_Y, N_A), (N_A, 1), (N_Y, 1), (N_A, M, 4)
    )
    x, a0 = leaves(x, a0)
    net = rnn(nn.RNN, Waa, Wax, ba)
    net(x, a0).backward(da)
    printed(x.grad[1][2], [-2.07101689, -0.59255627, 0.02466855, 0.01483317])
    printed(a0.grad[2][3], -0.314942375127, 12)
    printed(net.Wax.grad[3][1], 11.2641044965, 10)
    printed(net.Waa.grad[1][2], 2.30333312658, 11)
    printed(net.ba.grad[4], -0.74747722)


def test_lstm_cell_backward():
    x, a, c, *parameters = normal(1, (N_X, M), (N_A, M), (N_A, M), *GATES * 4, (N_Y, N_A), (N_Y, 1), (N_A, M), (N_A, M))
    *parameters, _, _, da_next, dc_next = parameters
    x, a, c = leaves(x, a, c)
    cell = lstm(nn.LSTMCell, *parameters)
    a_next, c_next = cell(x, a, c)
    J = np.sum(a_next * da_next) + np.sum(c_next * dc_next)
    J.backward()
    printed(x.grad[1][2], 3.23055911511, 11)
    printed(a.grad[2][3], -0.0639621419711, 13)
    printed(c.grad[2][3], 0.797522038797, 12)
    for name, at, value in [("Wf", (3, 1), -0.147954838164), ("Wi", (1, 2), 1.05749805523),
                            ("Wc", (3, 1), 2.30456216369), ("Wo", (1, 2), 0.331311595289)]:  # fmt: skip
        printed(cell[name].grad[at], value, 11)
    for name, value in [("bf", 0.18864637), ("bi", -0.40142491), ("bc", 0.25587763), ("bo", 0.13893342)]:
        printed(cell[name].grad[4], value)


def test_lstm_backward():
    """The notebook runs over seven steps and sends gradients back through the first four."""
    x, a0, *parameters = normal(1, (N_X, M, 7), (N_A, M), *GATES * 4, (N_A, M, 4))
    *parameters, da = parameters
    x, a0 = leaves(x[:, :, :4], a0)
    net = lstm(nn.LSTM, *parameters)
    net(x, (a0, None)).backward(da)
    printed(x.grad[1][2], [0.00218254, 0.28205375, -0.48292508, -0.43281115])
    printed(a0.grad[2][3], 0.312770310257, 12)
    for name, at, value in [("Wf", (3, 1), -0.0809802310938), ("Wi", (1, 2), 0.40512433093),
                            ("Wc", (3, 1), -0.0793746735512), ("Wo", (1, 2), 0.038948775763)]:  # fmt: skip
        printed(net[name].grad[at], value, 11)
    for name, value in [("bf", -0.15745657), ("bi", -0.50848333), ("bc", -0.42510818), ("bo", -0.17958196)]:
        printed(net[name].grad[4], value)
