"""What a compiled step costs, said in the reader's language."""

from tinygrad_cn.compiler import Report
from tinygrad_cn.compiler.passes import PASSES
from tinygrad_cn.language import CATALOGUE

REPORT = Report(34, 8, 35430, 26_800, {"sums": -4, "algebra": 0, "dead code": 17})


def test_the_report_speaks_both_languages(monkeypatch):
    assert REPORT.text("zh").splitlines() == [
        "34 次调用，8 个缓冲区共 34.6 KiB，矩阵乘法 0.027 百万次运算", "  求和：+4 个值", "  无用代码：-17 个值",
    ]  # fmt: skip
    monkeypatch.setenv("TINYGRAD_CN_LANG", "zh")
    assert str(REPORT) == REPORT.text("zh") != REPORT.text("en")


def test_every_pass_has_a_name_in_both_languages():
    assert [name for name in PASSES if set(CATALOGUE.get(f"step.{name}", {})) != {"zh", "en"}] == []
