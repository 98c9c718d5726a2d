"""The example notebook: its cells run, and what is stored in it is what they give now."""

import contextlib
import io
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "examples" / "backpropagation.ipynb"
CELLS = [c for c in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]


def stored(kind: str) -> list[str]:
    return ["".join(o["data"][kind]) for c in CELLS for o in c["outputs"] if kind in o.get("data", {})]


def test_cells_run_and_print_what_is_stored():
    names: dict[str, object] = {}
    for cell in CELLS:
        source = "".join(cell["source"])
        if "IPython" in source:
            pytest.importorskip("IPython", reason="the last cell shows Markdown through IPython")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(source, names)
        assert printed.getvalue() == "".join(
            "".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream"
        )


def test_stored_outputs_are_rich():
    assert "第 2 层反向" in stored("image/svg+xml")[0]
    tensor, report = stored("text/html")
    assert "<figcaption>J" in tensor or "<figcaption>Tensor" in tensor
    assert "dW[2] 漏了 1/m" in report
    assert "dZ[1] 用错了激活函数的导数" in report
    assert "## " in stored("text/markdown")[0]
