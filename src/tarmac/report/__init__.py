"""The HTML report: one self-contained file that opens without a network."""

from tarmac.report.publish import write_report
from tarmac.report.render import Tables, render_report

__all__ = ["Tables", "render_report", "write_report"]
