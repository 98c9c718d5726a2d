"""Values on the page: small matrices whole, large ones elided, with their statistics."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from tests.draw.html.chains import dense
from tinygrad_cn.chain.model import Quantity
from tinygrad_cn.draw.html.cards import card, number
from tinygrad_cn.draw.html.steps import Thing, outline


def shown(value: Any, symbols: str = "") -> ET.Element:
    array = None if value is None else np.asarray(value, dtype=float)
    shape = () if array is None else array.shape
    q = Quantity("Z1", "Z[1]", "Z", shape, symbols, None, "", lambda: array)
    return ET.fromstring(card(Thing("Z1", q, (q,), 0), "en"))


def cells(figure: ET.Element) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in figure.iter("tr")]


def statistics(figure: ET.Element) -> dict[str, str]:
    return {"".join(pair[0].itertext()): "".join(pair[1].itertext()) for pair in figure.findall("dl/div")}


def test_a_small_matrix_is_shown_whole_with_one_number_of_decimals() -> None:
    assert cells(shown([[1.0, -2.5], [0.125, 10.0]])) == [["1.00", "−2.50"], ["0.12", "10.00"]]


def test_six_by_six_is_whole_and_more_is_elided() -> None:
    assert len(cells(shown(np.ones((6, 6))))) == 6
    large = cells(shown(np.arange(700.0).reshape(7, 100) + 0.5))
    assert large[0] == ["0.5", "1.5", "2.5", "⋯", "98.5", "99.5"]
    assert large[3] == ["⋮", "⋮", "⋮", "⋱", "⋮", "⋮"]
    assert large[-1][-1] == "699.5"


def test_statistics_are_of_all_entries() -> None:
    assert statistics(shown(np.arange(-3.0, 100.0).reshape(1, -1))) == {
        "‖·‖": number(float(np.linalg.norm(np.arange(-3.0, 100.0))), 3), "min": "−3", "max": "99", "mean": "48",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-7, "1.00e−07"), (123456.0, "1.23e+05"), (0.00123456, "0.001235"), (0.0, "0"), (np.nan, "nan")],
)
def test_very_small_and_very_large_entries(value: float, text: str) -> None:
    assert cells(shown([[value]])) == [[text]]


def test_whole_numbers_have_no_decimals() -> None:
    assert cells(shown([[0.0, 1.0, -12.0]])) == [["0", "1", "−12"]]


def test_what_rounds_to_zero_has_no_sign() -> None:
    assert cells(shown([[1.0, -1e-9]])) == [["1.000", "0.000"]]
    assert number(-0.0) == "0"


def test_an_infinite_entry_leaves_the_others_readable() -> None:
    assert cells(shown([[np.inf, 0.5, -0.25]])) == [["inf", "0.5000", "−0.2500"]]


def test_larger_entries_are_shaded_more() -> None:
    shades = [cell.get("class") for cell in shown([[0.0, 0.1, -0.5, 1.0]]).iter("td")]
    assert shades == [None, "s1", "s5", "s9"]


def test_a_number_a_vector_and_an_array_of_three_axes() -> None:
    assert "0.883612" in "".join(shown(0.8836123).itertext())
    assert cells(shown([1.0, 2.5])) == [["1.000", "2.500"]]
    cube = shown(np.arange(8.0).reshape(2, 2, 2))
    assert "[0, :, :]" in "".join(cube.itertext())
    assert cells(cube) == [["0", "1"], ["2", "3"]]
    assert statistics(cube)["max"] == "7"


def test_what_is_not_computed_is_said_and_not_shown_as_zero() -> None:
    figure = shown(None)
    assert "not computed" in "".join(figure.itertext())
    assert not cells(figure)


def test_the_shape_in_symbols_and_numbers() -> None:
    caption = shown(np.ones((4, 6)), "(n[1], m)").find("figcaption")
    assert caption is not None
    assert re.sub(r"\s", "", "".join(caption.itertext())) == "Z[1](n[1],m)=(4,6)"


def test_of_folded_layers_the_first_and_the_last_have_their_norms() -> None:
    chain = dense((3, *[4] * 12, 1))
    thing = outline(chain).index.home["dW5"]
    rows = cells(ET.fromstring(card(thing, "en")))
    assert [row[0] for row in rows[1:]] == ["dW[2]", "dW[3]", "dW[4]", "⋮", "dW[11]", "dW[12]"]
    assert rows[1][1] == number(float(np.linalg.norm(chain["dW2"])), 3)
    assert "11 equal layers" in "".join(ET.fromstring(card(thing, "en")).itertext())


@pytest.mark.parametrize(
    ("shape", "symbols", "typed", "first_row"),
    [
        ((2, 3, 4, 5), "(m, n_H[1], n_W[1], n_C[1])", "[0, :, :, 0]", [0, 5, 10, 15]),
        ((3, 3, 2, 4), "(f[1], f[1], n_C[0], n_C[1])", "[:, :, 0, 0]", [0, 8, 16]),
        ((1, 1, 1, 4), "(1, 1, 1, n_C[1])", "[0, 0, :, :]", [0, 1, 2, 3]),
    ],
    ids=["images", "filters", "bias"],
)
def test_of_four_axes_a_slice_is_shown_that_means_something(
    shape: tuple[int, ...], symbols: str, typed: str, first_row: list[int]
) -> None:
    figure = shown(np.arange(float(np.prod(shape))).reshape(shape), symbols)
    assert typed in "".join(figure.itertext())
    assert [float(x) for x in cells(figure)[0]] == first_row
