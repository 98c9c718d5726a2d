"""What a compiled step costs, as numbers and as a text in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from ..language import language, say


@dataclass(frozen=True)
class Report:
    """What a compiled step costs; `print` shows it in 中文 or English.

    Attributes
    ----------
    calls : int
        NumPy calls in a step.
    buffers, nbytes : int
        Arrays for values in between, and their size; parameters and what optimisers remember are not counted.
    flops : int
        Multiplications and additions in matrix products.
    saved : dict
        How many values each pass has taken away.

    Examples
    --------
    >>> print(Report(34, 8, 35430, 26_800, {"sums": -4, "dead code": 17, "algebra": 0}).text("en"))
    34 calls, 8 buffers of 34.6 KiB in all, 0.027 million operations in matrix products
      sums: +4 values
      dead code: -17 values
    """

    calls: int
    buffers: int
    nbytes: int
    flops: int
    saved: dict[str, int]

    def text(self, lang: str | None = None) -> str:
        """The numbers, and a line for each pass that changed how many values there are.

        Parameters
        ----------
        lang : {"zh", "en"}, optional
            Default: see `tinygrad_cn.language`.
        """
        words = language(lang)
        size, flops = f"{self.nbytes / 1024:.1f}", f"{self.flops / 1e6:.3f}"
        head = say("step.cost", words, calls=self.calls, buffers=self.buffers, size=size, flops=flops)
        rows = [(say(f"step.{name}", words), f"{-n:+d}") for name, n in self.saved.items() if n]
        return "\n".join([head, *(say("step.saved", words, name=name, n=n) for name, n in rows)])

    def __str__(self) -> str:
        return self.text()
