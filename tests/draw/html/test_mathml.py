"""Formulas as MathML: well-formed for every chain, with the structure a reader expects."""

import xml.etree.ElementTree as ET

import pytest

from tests.draw.html.chains import KINDS
from tinygrad_cn.draw.html.mathml import to_lines, to_mathml

KNOWN = set("math mi mn mo mtext mrow msup msub mover mfrac msqrt mspace".split())
CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "mover": 2}


def spoken(element: ET.Element) -> str:
    """The text alone."""
    return "".join(element.itertext())


@pytest.mark.parametrize("kind", KINDS)
def test_every_formula_of_a_chain_is_well_formed(kind: str) -> None:
    formulas = [(q.written, q.formula.text) for q in KINDS[kind]().quantities.values() if q.formula is not None]
    assert formulas
    for written, text in formulas:
        for line in (to_mathml(text), *to_lines(f"{written} = {text}")):
            root = ET.fromstring(line)
            for element in root.iter():
                assert element.tag in KNOWN
                assert len(element) == CHILDREN.get(element.tag, len(element)), line


def test_a_layer_number_stands_above_and_a_transpose_beside_it() -> None:
    script = ET.fromstring(to_mathml("W[12]ᵀ"))[0]
    assert script.tag == "msup"
    assert [spoken(part) for part in script] == ["W", "[12]T"]


def test_a_power_of_a_layer_is_taken_of_all_of_it() -> None:
    power = ET.fromstring(to_mathml("A[1]²"))[0]
    assert [spoken(part) for part in power] == ["(A[1])", "2"]


@pytest.mark.parametrize(
    ("text", "top", "bottom"),
    [("1/m", "1", "m"), ("(1 − Y) / (1 − A[2])", "1−Y", "1−A[2]"), ("dZ[1] / (2 m)", "dZ[1]", "2m")],
)
def test_fractions_drop_the_brackets_a_bar_makes_superfluous(text: str, top: str, bottom: str) -> None:
    fraction = next(ET.fromstring(to_mathml(text)).iter("mfrac"))
    assert [spoken(part) for part in fraction] == [top, bottom]


def test_signs_of_mathematics_are_operators() -> None:
    root = ET.fromstring(to_mathml("(1/m) Σ dZ[1] ⊙ −x @ y"))
    assert [o.text for o in root.iter("mo") if o.text not in "[]"] == ["∑", "⊙", "−", "×"]


def test_a_derivative_is_two_letters_and_a_function_one_word() -> None:
    root = ET.fromstring(to_mathml("dZ tanh′(Z) lambda"))
    assert [i.text for i in root.iter("mi")] == ["d", "Z", "tanh", "Z", "λ"]
    assert "′" in spoken(root)


def test_brackets_grow_only_around_what_is_tall() -> None:
    low, tall = ET.fromstring(to_mathml("(A[1] + 1)")), ET.fromstring(to_mathml("(1/m + 1)"))
    assert {o.get("stretchy") for o in low.iter("mo") if o.text in "()"} == {"false"}
    assert {o.get("stretchy") for o in tall.iter("mo") if o.text in "()"} == {None}


def test_lines_break_before_operators_and_keep_every_sign() -> None:
    lines = to_lines("J = −(1/m) Σ [Y log A[2] + (1 − Y) log(1 − A[2])]")
    assert [spoken(ET.fromstring(line)) for line in lines] == ["J", "=−1m∑[YlogA[2]", "+(1−Y)log(1−A[2])]"]


def test_text_that_is_no_formula_is_set_as_text() -> None:
    assert to_mathml("a) <b>") == "<math><mtext>a) &lt;b&gt;</mtext></math>"
    assert to_lines("a) <b>") == (to_mathml("a) <b>"),)


def test_markup_in_names_is_escaped() -> None:
    assert "<script" not in to_mathml("<script> + x")
    assert "&lt;" in to_mathml("<script> + x")
