"""Draw the pictures of the documentation anew: python docs/make_images.py."""

from pathlib import Path

from tinygrad_cn import data, nn

IMAGES = Path(__file__).parent / "images"


def main(out: Path = IMAGES) -> None:
    """The chain of a 2-4-1 net on the flower, in both languages."""
    X, Y = data.flower()
    net = nn.DNN([2, 4, 1], hidden="tanh", output="sigmoid", seed=1)
    J = nn.binary_cross_entropy(net(X), Y)
    J.backward()
    for lang in ("en", "zh"):
        J.chain(lang=lang).draw(out / f"chain_{lang}.svg")


if __name__ == "__main__":
    main()
