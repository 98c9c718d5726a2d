"""Checking homework files: each runs in a process of its own, and only numbers come back from it."""

from .check import EXIT, Outcome, check_file
from .find import Options
from .folder import as_csv, as_json, check_folder

__all__ = ["EXIT", "Options", "Outcome", "as_csv", "as_json", "check_file", "check_folder"]
