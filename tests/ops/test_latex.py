"""LaTeX of formulas: the spellings a reader sees, and balance for every record."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tinygrad_cn.ops.formula import Formula
from tinygrad_cn.ops.latex import to_latex
from tinygrad_cn.ops.op import REGISTRY

SPELLINGS = {
    "(1/m) dZ[2] A[1]ᵀ": r"\frac{1}{m} dZ^{[2]} A^{[1]\mathsf{T}}",
    "dA[1] ⊙ (1 − (A[1])²)": r"dA^{[1]} \odot (1 - (A^{[1]})^{2})",
    "A[1]²": r"(A^{[1]})^{2}",
    "W[l+1]ᵀ dZ[l+1]": r"W^{[l+1]\mathsf{T}} dZ^{[l+1]}",
    "−Y / A[2] + (1 − Y) / (1 − A[2])": r"-\frac{Y}{A^{[2]}} + \frac{1 - Y}{1 - A^{[2]}}",
    "(1/m) (a / b − c)": r"\frac{1}{m} \left( \frac{a}{b} - c \right)",
    "(1/3m) Σ (Z[3] − Y)²": r"\frac{1}{3 m} \sum (Z^{[3]} - Y)^{2}",
    "−(1/m) Σ [Y log A + log(1 − A)]": r"-\frac{1}{m} \sum [Y \log A + \log(1 - A)]",
    "dA ⊙ 1{Z[1] > 0}": r"dA \odot \mathbf{1}\lbrace Z^{[1]} > 0 \rbrace",
    "exp(x) / Σ exp(x)": r"\frac{\exp(x)}{\sum \exp(x)}",
    "(a / b)²": r"\left( \frac{a}{b} \right)^{2}",
    "floor(a / b)": r"\operatorname{floor}\left( \frac{a}{b} \right)",
    "a / (b / c)": r"\frac{a}{b / c}",
    "√(1 − x²)": r"\sqrt{1 - x^{2}}",
    "√(var(x))": r"\sqrt{\operatorname{var}(x)}",
    "a^(b − 1) ⊙ 2^x": r"a^{b - 1} \odot 2^{x}",
    "(Σ |x|^p)^(1/p)": r"\left( \sum \lvert x \rvert^{p} \right)^{1 / p}",
    "‖W[1]‖²": r"\lVert W^{[1]} \rVert^{2}",
    "dA[2] ⊙ σ′(Z[2])": r"dA^{[2]} \odot \sigma'(Z^{[2]})",
    "softmax′(z)": r"\operatorname{softmax}'(z)",
    "∂J₁/∂A[2]": r"\frac{\partial J_{1}}{\partial A^{[2]}}",
    "y[k − 1] + xⱼ": r"y_{k - 1} + x_{j}",
    "x[0, 1:3]": r"x [0, 1\colon 3]",
    "1e−05 W[1]": r"1 \times 10^{-5} W^{[1]}",
    "a⁻ᵀ g": r"a^{-\mathsf{T}} g",
    "a mod b": r"a \bmod b",
    "g in the shape of x": r"g \text{ in the shape of } x",
    "slope · min(x, 0)": r"\mathrm{slope} \cdot \min(x, 0)",
    "Z_hat − x_1 − hidden_2": r"Z_{\mathrm{hat}} - x_{1} - \mathrm{hidden\_2}",
    "隐层 ⊙ W": r"\text{隐层} \odot W",
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_spelling(text: str) -> None:
    assert to_latex(text) == SPELLINGS[text]


@pytest.mark.parametrize("name", ["f(x", "a ]", "x ⊙ /", r"\input{x} }", "50% & {", "|a"])
def test_what_is_no_formula_becomes_text_without_a_live_command(name: str) -> None:
    latex = to_latex(name)
    assert latex.startswith((r"\text{", r"\mathrm{"))
    assert balanced(latex)
    assert r"\input" not in latex


@pytest.mark.parametrize("name", REGISTRY)
def test_every_record_is_balanced_and_free_of_unicode(name: str) -> None:
    op = REGISTRY[name]
    for latex in (op.latex, *(f.latex for f in op.formula)):
        assert balanced(latex), latex
        assert latex.isascii(), latex


def test_names_put_into_a_formula_reach_its_latex() -> None:
    rule = Formula.of("g ⊙ (1 − y²)").fill({"g": "dA[1]", "y": "A[1]"})
    assert rule.latex == r"dA^{[1]} \odot (1 - (A^{[1]})^{2})"


def test_latex_of_its_own_is_filled_in_place() -> None:
    own = Formula("x⁺ g", r"x^{\dagger} g").fill({"x": "W[1]", "g": "dZ[1]"})
    assert (own.text, own.latex) == ("W[1]⁺ dZ[1]", r"(W^{[1]})^{\dagger} dZ^{[1]}")


def balanced(latex: str) -> bool:
    """Braces pair up, and so do left and right."""
    depth = 0
    for mark in re.findall(r"\\.|[{}]", latex):
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0 and len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex))


def test_importing_the_package_typesets_nothing() -> None:
    code = "import tinygrad_cn; print(tinygrad_cn.ops.latex.to_latex.cache_info().misses)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"
