"""The HTML report: one self-contained file that opens without a network."""

from tarmac.report.publish import write_report
from tarmac.report.render import render_report

__all__ = ["render_report", "write_report"]
