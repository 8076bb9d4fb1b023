"""The report as one HTML file: no scripts, nothing remote, all names escaped."""

import html

from geoself_jax.inspection.report import Report, text


def page(report: Report) -> str:
    """The whole page."""
    return f"<!doctype html><meta charset=utf-8><pre>{html.escape(text(report))}</pre>"
