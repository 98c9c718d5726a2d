"""Draw the pictures of the documentation anew: python docs/make_images.py."""

from pathlib import Path

from tinygrad_cn import data, nn
from tinygrad_cn.tensor import Tensor

IMAGES = Path(__file__).parent / "images"


def main(out: Path = IMAGES) -> None:
    """Every picture, in both languages."""
    for lang in ("en", "zh"):
        shallow().chain(lang=lang).draw(out / f"chain_{lang}.svg")
        lenet().chain(lang=lang).draw(out / f"lenet_{lang}.svg", view="network")


def shallow() -> Tensor:
    """The cost of a 2-4-1 net on the flower."""
    X, Y = data.flower()
    net = nn.DNN([2, 4, 1], hidden="tanh", output="sigmoid", seed=1)
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    return J


def lenet() -> Tensor:
    """The cost of the convolutional net of the page on pictures, on eight digits."""
    digits = data.digits()
    net = nn.Sequential(
        nn.Conv2D(1, 6, 3, pad="same", seed=1), nn.BatchNorm2D(6), nn.ReLU(), nn.MaxPool2D(2),
        nn.Conv2D(6, 16, 3, activation="relu", seed=2), nn.Flatten(), nn.Dense(64, 10, seed=3),
    )  # fmt: skip
    J = nn.cross_entropy(net(digits.images[:8]), digits.labels[:8])
    J.backward()
    return J


if __name__ == "__main__":
    main()
