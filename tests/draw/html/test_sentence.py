"""Sentences of the derivation as HTML."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.draw.html.chains import KINDS
from tinygrad_cn.chain.derivation import derivation
from tinygrad_cn.chain.note import Note, formula
from tinygrad_cn.draw.html.mathml import to_mathml
from tinygrad_cn.draw.html.sentence import read_back, sentence
from tinygrad_cn.language import CATALOGUE, Lang


def test_formulas_the_catalogue_writes_in_latex_are_read_back_whole() -> None:
    texts = [text for key, row in CATALOGUE.items() if key.startswith("derive.") for text in row.values()]
    snippets = {s for text in texts for s in re.findall(r"\$([^$]*)\$", text.replace("{{", "{").replace("}}", "}"))}
    assert len(snippets) > 15
    for snippet in snippets:
        read = read_back(snippet)
        assert "\\" not in read
        assert "<mtext>" not in to_mathml(re.sub("[{}]", "", read)).replace("<mtext>…</mtext>", ""), snippet


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_note_of_a_chain_becomes_well_formed_html(kind: str, lang: Lang) -> None:
    told = derivation(KINDS[kind]())
    notes = [n for section in (*told.forward, *told.backward) for line in section.lines for n in line.notes]
    assert notes
    for note in notes:
        text = sentence(note, lang)
        ET.fromstring(f"<p>{text}</p>")
        assert "\\" not in text
        assert "$" not in text.replace("<mi>$</mi>", "")  # of a user's own name


def test_a_sentence_keeps_its_words_and_sets_its_formulas() -> None:
    note = Note("mean.here", {}, "mean")
    assert "<math><mfrac><mn>1</mn><mi>m</mi></mfrac></math>" in sentence(note, "en")
    assert sentence(note, "en").startswith("The contributions of all samples meet here")


def test_formulas_put_in_are_set_from_their_own_text() -> None:
    values = {"upstream": (formula("dZ[2]"),), "cache": (formula("A[1]"),)}
    text = sentence(Note("uses.upstream.cache", values, "uses"), "en")
    assert text == f"{to_mathml('dZ[2]')} from upstream, {to_mathml('A[1]')} from the cache."
