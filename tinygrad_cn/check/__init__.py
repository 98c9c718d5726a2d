"""Checking gradients: against numbers (`gradcheck`) and against hand derivations (`compare`)."""

from .compare import compare
from .numeric import GradcheckReport, gradcheck
from .report import Report
from .row import Row
from .update import UpdateReport, UpdateRow, compare_update

__all__ = [
    "GradcheckReport",
    "Report",
    "Row",
    "UpdateReport",
    "UpdateRow",
    "compare",
    "compare_update",
    "gradcheck",
]
