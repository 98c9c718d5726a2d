"""Run the code of every page and put what it prints below it: python docs/make_outputs.py."""

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", DOCS.parent / "README.zh-CN.md", *sorted(DOCS.glob("??/*.md"))]
CODE_AND_OUTPUT = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n.*?^```\n)?", re.MULTILINE | re.DOTALL)


def language(page: Path) -> str:
    """The language a page is written in."""
    return "zh" if page.parent.name == "zh" or ".zh" in page.name else "en"


def refreshed(page: Path) -> str:
    """The page's text with fresh outputs; its blocks run in one namespace, in the current directory."""
    source = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__"}

    def run(block: re.Match[str]) -> str:
        printed = io.StringIO()
        above = "\n" * source.count("\n", 0, block.start(1))  # errors then name the line of the page
        with contextlib.redirect_stdout(printed):
            exec(compile(above + block[1], page, "exec"), namespace)
        shown = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        return f"```python\n{block[1]}```\n" + (f"\n```text\n{shown}```\n" if shown else "")

    return CODE_AND_OUTPUT.sub(run, source)


def main() -> None:
    """Rewrite all pages, each in its own language."""
    for page in PAGES:
        os.environ["TINYGRAD_CN_LANG"] = language(page)
        with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
            text = refreshed(page)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
