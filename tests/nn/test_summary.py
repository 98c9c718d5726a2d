"""The table of matrix dimensions."""

import numpy as np
import pytest

from tinygrad_cn import nn
from tinygrad_cn.text import columns


def cells(text):
    return [line.split() for line in text.splitlines()]


def test_deep_net_of_the_notes():
    net = nn.DNN([12288, 20, 7, 5, 1], seed=1)
    text = net.summary(m=209, lang="en")
    assert "for 209 samples" in text.splitlines()[0]
    assert cells(text)[2] == "1 (20, 12288) (20, 1) relu (20, 1) (20, 209) 245,780".split()
    assert cells(text)[5] == "4 (1, 5) (1, 1) sigmoid (1, 1) (1, 209) 6".split()
    assert cells(text)[-1] == ["total", "245,973"]


def test_without_m_the_letter_stands():
    assert "(4, m)" in nn.DNN([2, 4, 1]).summary(lang="en")


def test_chinese_columns_line_up():
    text = nn.DNN([2, 4, 1], hidden="tanh").summary(m=400, lang="zh")
    head, rule, first, *_ = text.splitlines()
    assert "激活函数" in head
    assert "400 个样本" in head
    assert columns(head[: head.index("激活函数")]) == columns(first[: first.index("tanh")])
    assert columns(rule) == columns(head)


def test_language_follows_the_environment(monkeypatch):
    monkeypatch.setenv("TINYGRAD_CN_LANG", "zh")
    assert "参数个数" in nn.DNN([2, 1]).summary()


def test_other_modules_show_their_parameters():
    class Net(nn.Module):
        def __init__(self):
            self.gain = nn.Parameter(np.ones((1, 1)))
            self.fc = nn.Dense(2, 3, "relu", bias=False)
            self.tail = nn.Sequential(nn.Dense(3, 1), nn.Sigmoid())

    rows = cells(Net().summary(lang="en"))
    assert rows[2] == "Net gain (1, 1) 1".split()
    assert rows[3] == "fc (3, 2) relu (3, 1) (3, m) 6".split()
    assert rows[4] == "tail.1 (1, 3) (1, 1) sigmoid (1, 1) (1, m) 4".split()
    assert rows[-1] == ["total", "11"]


def test_images_shrink_by_the_formula_of_the_notes():
    net = nn.Sequential(
        nn.Conv2D(3, 10, 3), nn.ReLU(), nn.Conv2D(10, 20, 5, stride=2), nn.BatchNorm2D(20), nn.ReLU(),
        nn.Conv2D(20, 40, 5, stride=2), nn.ReLU(), nn.Dropout(0.9), nn.Flatten(), nn.Dense(1960, 1, "sigmoid"),
    )  # fmt: skip
    rows = cells(net.summary(m=64, lang="en", image=(39, 39, 3)))
    assert rows[2] == "1 (3, 3, 3, 10) (1, 1, 1, 10) relu (1, 37, 37, 10) (64, 37, 37, 10) 280".split()
    assert rows[3] == "2 (5, 5, 10, 20) (1, 1, 1, 20) (1, 17, 17, 20) (64, 17, 17, 20) 5,020".split()
    assert rows[4] == "BatchNorm2D gamma[2] (1, 1, 1, 20), beta[2] (1, 1, 1, 20) relu 40".split()
    assert rows[5] == "3 (5, 5, 20, 40) (1, 1, 1, 40) relu (1, 7, 7, 40) (64, 7, 7, 40) 20,040".split()
    assert rows[6] == "Flatten() (1960, 1) (1960, 64)".split()
    assert rows[7] == "4 (1, 1960) (1, 1) sigmoid (1, 1) (1, 64) 1,961".split()


def test_the_shapes_are_those_that_come_out():
    net = nn.Sequential(
        nn.Conv2D(2, 4, 3, stride=2, pad=1, dilation=2, groups=2), nn.AvgPool2D(3, stride=1, pad="same"),
        nn.MaxPool2D(2), nn.GlobalMaxPool2D(), nn.Flatten(),
    )  # fmt: skip
    A, shape = np.ones((5, 12, 13, 2)), (5, 12, 13, 2)
    for layer in net:
        A, shape = layer(A), layer.output_shape(shape)
        assert A.shape == shape


def test_without_the_size_of_the_images_their_shapes_stay_open():
    rows = cells(nn.Sequential(nn.Conv2D(1, 6, 5), nn.MaxPool2D(), nn.Flatten(), nn.Dense(864, 10)).summary(lang="en"))
    assert rows[2] == "1 (5, 5, 1, 6) (1, 1, 1, 6) 156".split()
    assert rows[3] == ["MaxPool2D(2)"]
    assert rows[5] == "2 (10, 864) (10, 1) (10, 1) (10, m) 8,650".split()


def test_layers_of_many_weights_have_a_row_for_each_with_its_bias():
    rows = cells(nn.Sequential(nn.MultiHeadAttention(4, 2), nn.GRU(4, 3, reset="after")).summary(lang="en"))
    assert rows[2] == "MultiHeadAttention Wq[1] (4, 4) bq[1] (4, 1) 20".split()
    assert rows[5] == "Wo[1] (4, 4) bo[1] (4, 1) 20".split()
    assert rows[6] == "GRUCell 2.Wu (3, 7) 2.bu (3, 1) 24".split()
    assert rows[9] == "2.bcc (3, 1) 3".split()
    assert rows[-1] == ["total", "155"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"m": (28, 28, 1)}, r"m must be a number of samples; got tuple of shape \(3,\). .* image=\(n_H, n_W, n_C\)"),
        ({"m": np.ones((5, 8, 8, 1))}, r"got ndarray of shape \(5, 8, 8, 1\)"),
        ({"m": 0}, "m must be a positive whole number; got 0"),
        ({"image": (28, 28)}, r"image must be \(n_H, n_W, n_C\), such as \(28, 28, 1\); got tuple of shape \(2,\)"),
        ({"image": (28, 28, 0)}, r"image\[2\] must be a positive whole number; got 0"),
    ],
)
def test_samples_and_sizes_of_images_are_told_apart(options, message):
    with pytest.raises(ValueError, match=message):
        nn.Sequential(nn.Conv2D(1, 6, 5)).summary(**options)
