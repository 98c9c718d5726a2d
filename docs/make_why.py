"""Run the examples that answer a "why", and put what they say and draw into the pages: python docs/make_why.py."""

import contextlib
import io
import re
import runpy
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
PAGES = {lang: DOCS / lang / "why.md" for lang in ("en", "zh")}
COMMAND_AND_SENTENCE = re.compile(r"^(python examples/(\w+)\.py\n```\n\n)> (.*)$", re.MULTILINE)
PICTURE = re.compile(r"\]\(\.\./(images/why/\w+/([\w.]+))\)")


@dataclass
class Run:
    """What the `main` of an example returned, printed and drew."""

    result: Any
    printed: str
    folder: Path

    @property
    def sentence(self) -> str:
        """The last paragraph before the list of files."""
        return self.printed.split("\n\n")[-2]


def run(name: str, lang: str, folder: Path) -> Run:
    """Run an example as `python examples/….py --lang … --out …` would."""
    printed = io.StringIO()
    before = sys.path[:]
    sys.path.insert(0, str(EXAMPLES))
    try:
        with contextlib.redirect_stdout(printed):
            result = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](folder, lang)
    finally:
        sys.path[:] = before
    return Run(result, printed.getvalue(), folder)


def refresh(lang: str, page: Path) -> None:
    """Rewrite the sentences of a page, and replace its pictures."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        said = {name: run(name, lang, Path(scratch)).sentence for _, name, _ in COMMAND_AND_SENTENCE.findall(text)}
        for kept, drawn in PICTURE.findall(text):
            (DOCS / kept).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(scratch) / drawn, DOCS / kept)
    page.write_text(COMMAND_AND_SENTENCE.sub(lambda found: f"{found[1]}> {said[found[2]]}", text), encoding="utf-8")


def main() -> None:
    """Both pages; takes some minutes."""
    for lang, page in PAGES.items():
        refresh(lang, page)


if __name__ == "__main__":
    main()
