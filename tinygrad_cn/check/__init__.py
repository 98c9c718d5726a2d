"""Checking gradients: against numbers (`gradcheck`) and against hand derivations (`compare`)."""

from .compare import compare
from .numeric import GradcheckReport, gradcheck
from .report import Report
from .row import Row

__all__ = ["GradcheckReport", "Report", "Row", "compare", "gradcheck"]
