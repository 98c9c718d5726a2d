"""The demo: train on the digits, draw the chain, compare with the hand derivation, catch a mistake."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from .. import data, nn, optim
from ..chain import Chain
from ..check import compare
from ..errors import RenderError
from ..language import Lang, language, say
from ..ops.op import Array
from ..train import fit
from . import hand

SIZES = [64, 128, 64, 10]
EPOCHS = 40
BATCH = 64
LEARNING_RATE = 0.003
SHOWN = 8  # samples in the chain that is drawn and compared


def run(out: Path, lang: str | None = None) -> int:
    """Run the demo and put its files into `out`, which is made if it is missing.

    Returns
    -------
    int
        0 if the hand derivation agrees and the deliberate mistake is blamed on the right gradient, else 1.
    """
    tongue = language(lang)
    out.mkdir(parents=True, exist_ok=True)
    train, test = data.digits().split(0.2, seed=0)
    net = _train(train, test, tongue)
    files = [_save_source(out)]

    X, Y = train.X[:, :SHOWN], train.Y[:, :SHOWN]
    J = nn.categorical_cross_entropy(net(X), Y)
    J.backward()
    chain = J.chain(lang=tongue)
    _say("chain", tongue)
    print(chain)
    files += _draw(chain, out, tongue)

    parameters = net.state_dict()
    cache = hand.forward(X, parameters)
    right = compare(chain, hand.backward(Y, parameters, cache))
    _say("compare", tongue)
    print(right)
    wrong = compare(chain, hand.backward(Y, parameters, cache, slope=_forgets_layer_2))
    _say("mistake", tongue)
    print(wrong)
    files.append(_write(out / "report.txt", f"{chain}\n\n{right}\n\n{wrong}\n"))

    _say("files", tongue)
    for file in files:
        print(f"  {file}")
    return 0 if right.ok and wrong.first_wrong == "dZ2" else 1


def _train(train: data.Dataset, test: data.Dataset, lang: Lang) -> nn.DNN:
    """A deep net on the digits, its accuracy on held-out ones printed."""
    net = nn.DNN(SIZES, hidden="relu", output="softmax", init="he", seed=0)
    print(say("demo.data", lang, train=train.X.shape[1], test=test.X.shape[1]))
    print(net.summary(lang=lang))
    start = time.perf_counter()
    X, Y = data.shifted(train)
    history = fit(
        net, X, Y, nn.categorical_cross_entropy, optim.Adam(net.parameters()), EPOCHS, BATCH,
        schedule=optim.CosineDecay(LEARNING_RATE, EPOCHS), validation=test,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    print(
        say("demo.trained", lang, epochs=EPOCHS, seconds=f"{seconds:.1f}", accuracy=f"{history.val_accuracy[-1]:.2%}")
    )
    return net


def _forgets_layer_2(layer: int, Z: Array) -> Array:
    """The deliberate mistake: layer 2 leaves out the derivative of ReLU."""
    return np.ones_like(Z) if layer == 2 else hand.relu_slope(layer, Z)


def _draw(chain: Chain, out: Path, lang: Lang) -> list[Path]:
    """The ladder as SVG, and as PNG if its extra is installed."""
    files = [Path(chain.draw(out / "chain.svg"))]
    try:
        files.append(Path(chain.draw(out / "chain.png")))
    except RenderError as missing:
        print(f"  {missing}")
    return files


def _save_source(out: Path) -> Path:
    """A copy of the hand derivation, to read and to change."""
    return _write(out / "hand.py", Path(hand.__file__).read_text(encoding="utf-8"))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _say(key: str, lang: Lang) -> None:
    print(f"\n{say(f'demo.{key}', lang)}\n")
