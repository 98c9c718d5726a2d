"""Derivations: what they say, that the forms of a line are equal, and that LaTeX takes them."""

import re
import shutil
import string
import subprocess

import numpy as np
import pytest

from tests.chain.derivations import FOLDER, NETS, SNAPSHOTS, deep, inputs, leaf, snapshot
from tinygrad_cn.chain.derivation import derivation
from tinygrad_cn.chain.latex import document
from tinygrad_cn.ops.formula import Formula
from tinygrad_cn.ops.op import REGISTRY
from tinygrad_cn.words.derivation import DERIVATION
from tinygrad_cn.words.derivation_images import DERIVATION_IMAGES

HAN = re.compile("[㐀-鿿]")


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_snapshot(name):
    assert snapshot(name) == (FOLDER / name).read_text(encoding="utf-8")


# ---- what is said -----------------------------------------------------------------------------------


@pytest.mark.parametrize("net", sorted(set(NETS) - {"deep"}))
def test_every_gradient_has_its_line_with_a_rule_and_a_shape(net):
    chain = NETS[net]().chain(lang="en")
    lines = [line for section in derivation(chain).backward for line in section.lines]
    told = [line.left.text for line in lines]
    gradients = [q for q in chain.quantities.values() if q.role == "gradient"]
    assert sorted(set(told) - {"dJ"}) == sorted(q.written.removesuffix(" = A[0]") for q in gradients)
    assert len(told) == len(set(told))
    for line in lines:
        labels = {note.label for note in line.notes}
        assert "rule" in labels
        assert "shape" in labels or line.left.text == "dJ"


@pytest.mark.parametrize("net", NETS)
def test_every_value_has_its_line(net):
    chain = NETS[net]().chain()
    lines = [line.left.text for section in derivation(chain).forward for line in section.lines]
    if net != "deep":
        computed = [q.written for step in chain.steps if step.kind != "input" for q in step.forward]
        assert lines == computed
    assert lines[-1] == "J"


def test_both_languages_say_the_same_with_the_same_formulas():
    for key, texts in (DERIVATION | DERIVATION_IMAGES).items():
        zh, en = ({name for _, name, _, _ in string.Formatter().parse(texts[lang]) if name} for lang in ("zh", "en"))
        assert zh == en, key
        assert HAN.search(texts["zh"]) or key in ("label.mean", "shape.is")
        assert not HAN.search(texts["en"]), key


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("convention", ["course", "autograd"])
def test_english_holds_no_chinese(net, convention):
    chain = NETS[net]().chain(convention=convention, lang="en")
    assert not HAN.search(chain.markdown() + chain.latex(standalone=True))


def test_a_rule_is_explained_once_and_then_referred_to():
    text = snapshot("two_layers.en.md")
    assert text.count("the gradient of the left factor") == 1
    assert "Matrix product, as for $dW^{[2]}$." in text


def test_the_mean_stands_in_the_parameters_or_everywhere():
    J = NETS["two_layers"]()
    course, true = (J.chain(convention=c, lang="en").markdown() for c in ("course", "autograd"))
    assert "\ndW^{[1]} = \\frac{1}{m} dZ^{[1]} X^{\\mathsf{T}}\n" in course
    assert "\ndW^{[1]} = dZ^{[1]} X^{\\mathsf{T}}\n" in true
    assert "&= \\frac{1}{m} (A^{[2]} - Y)\n" in true
    assert "is left out here" in course
    assert "enters here and is handed on" in true


def test_a_sum_is_no_mean_and_says_so():
    text = snapshot("sum_cost.en.md")
    assert "$J$ is no mean over the samples" in text
    assert r"\frac{1}{m} dZ" not in text


def test_a_gradient_of_several_terms_says_why_they_add():
    text = snapshot("penalty.zh.md")
    assert "$W^{[2]}$ 在前向传播里用到 2 处（$Z^{[2]}$、$R_{1}$）" in text
    assert "\n  - $0.116667 W^{[2]}$：正则项 $R_{1}$" in text


def test_equal_layers_share_one_derivation():
    text = deep(200).chain(lang="zh").markdown()
    assert "### 第 200–2 层：tanh（199 层相同，$l = 200, \\ldots, 2$）" in text
    assert "dW^{[l]} = \\frac{1}{m} dZ^{[l]} A^{[l-1]\\mathsf{T}}" in text
    assert len(text.splitlines()) < 250


def test_a_weight_of_a_loss_stays_in_its_gradient():
    text = NETS["half"]().chain(lang="en").markdown()
    assert "dJ = \\frac{\\partial J}{\\partial J} = 1" in text
    assert "= dJ_{1} \\left( -\\frac{Y}" in text


def test_derivatives_of_activations_come_from_their_records():
    text = NETS["activations"]().chain(lang="en").markdown()
    assert (
        r"\operatorname{LeakyReLU}'(z) = \mathbf{1}\lbrace z > 0 \rbrace + 0.1 \cdot \mathbf{1}\lbrace z \le 0 \rbrace"
        in text
    )
    assert r"\operatorname{softplus}'(z) = \sigma(z)" in text
    assert r"\tanh' = 1 - \tanh^{2}" in snapshot("two_layers.en.md")


def test_the_cost_under_a_name_of_its_own():
    loss = np.tanh(leaf(1, 2) @ inputs(2, 4)).mean().named("loss")
    text = loss.chain(lang="en").markdown()
    assert "$J$ is written $\\mathrm{loss}$ here." in text


# ---- the forms of a line are equal --------------------------------------------------------------------


@pytest.mark.parametrize("convention", ["course", "autograd"])
@pytest.mark.parametrize("net", ["two_layers", "neuron", "softmax"])
def test_the_cancellation_holds_number_by_number(net, convention):
    J = NETS[net]()
    J.backward()
    chain = J.chain(convention=convention)
    dZ = chain.quantity(f"dZ{len(chain.layers)}")
    (line,) = [x for s in derivation(chain).backward for x in s.lines if x.left.text == dZ.written]
    assert len(line.right) == (3 if net == "softmax" else 4)
    for form in line.right:
        np.testing.assert_allclose(evaluate(form, chain), dZ.value, rtol=1e-9, atol=1e-12, err_msg=form.text)


def evaluate(form, chain):
    """The number a formula of ⊙, +, −, /, Σ over rows and σ′ stands for."""
    text = re.sub(r"\[(\d)\]", r"\1", form.text).replace("−", "-").replace("⊙", "*")
    text = text.replace("(1/m) (", "(1/m) * (").replace("σ′", "slope")
    text = re.sub(r"Σ (\w+)", r"Σ(\1)", text).replace("Σ", "total")
    names = {q.written.replace("[", "").replace("]", ""): q.value for q in chain.quantities.values()}
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    known = {
        "m": chain.m,
        "total": lambda x: np.sum(x, axis=0, keepdims=True),
        "slope": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    }
    return eval(text, {"__builtins__": {}}, names | known)


# ---- LaTeX and Markdown -----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("net", NETS)
def test_braces_and_environments_pair_up(net, lang):
    chain = NETS[net]().chain(lang=lang)
    for text in (chain.latex(), chain.latex(standalone=True), chain.markdown()):
        assert balanced(text)
        assert sorted(re.findall(r"\\begin\{(\w+)", text)) == sorted(re.findall(r"\\end\{(\w+)", text))
        assert text.count("$") % 2 == 0


def balanced(text):
    depth = 0
    for mark in re.findall(r"\\.|[{}]", text):
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0


def test_a_fragment_is_the_body_of_the_document():
    chain = NETS["softmax"]().chain(lang="zh")
    fragment, whole = chain.latex(), chain.latex(standalone=True)
    assert r"\documentclass" not in fragment
    assert fragment.strip() in whole
    assert whole.startswith(r"\documentclass[11pt, a4paper]{ctexart}")


def test_names_of_any_characters_are_harmless():
    W = leaf(1, 2, name=r"50%_of {$x$} \input{y}")
    chain = np.tanh(W @ inputs(2, 4)).mean().chain(lang="en")
    text = chain.latex()
    assert balanced(text)
    assert r"\text{\textbackslash{}}" in text
    assert r"\input" not in text
    assert not re.search(r"(?<!\\)[%#]", text)


def test_markdown_holds_nothing_that_markdown_would_eat():
    for name in NETS:
        text = NETS[name]().chain(lang="en").markdown()
        assert not re.search(r"\\[{},;!]", text), name  # a backslash before punctuation is lost


# ---- compiled ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("program", "lang"), [("xelatex", "zh"), ("xelatex", "en"), ("pdflatex", "en")])
def test_latex_takes_every_record_and_every_derivation(program, lang, tmp_path):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: texlive-xetex, texlive-lang-chinese)")
    records = [f for op in REGISTRY.values() for f in (Formula(op.text, op.latex), *op.formula)]
    body = "\n\n".join([rf"\[ {f.latex} \]" for f in records] + [NETS[net]().chain(lang=lang).latex() for net in NETS])
    log = compiled(program, document(body, lang), tmp_path)
    assert "Missing character" not in log


@pytest.mark.slow
def test_chinese_and_odd_names_in_an_english_document(tmp_path):
    if shutil.which("xelatex") is None:
        pytest.skip("xelatex is not installed (Debian: texlive-xetex, texlive-lang-chinese)")
    W = leaf(1, 2, name=r"权重 50%_of {$x$} \input{y} ^~ &#")
    chain = np.tanh(W @ inputs(2, 4)).mean().chain(lang="en")
    assert "Missing character" not in compiled("xelatex", chain.latex(standalone=True), tmp_path)


def compiled(program, source, folder):
    """Compile and return the log."""
    (folder / "derivation.tex").write_text(source, encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout[-2000:]
    return (folder / "derivation.log").read_text(encoding="utf-8", errors="replace")
