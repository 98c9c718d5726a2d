"""The table of matrix dimensions."""

import numpy as np

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
