"""The report as one HTML file: no scripts, nothing remote, all names escaped."""

import base64
from html import escape
from typing import Any

import numpy as np

from geoself_jax.inspection import pictures
from geoself_jax.inspection.report import Report, counts
from geoself_jax.inspection.verdicts import ORDER, Verdict

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#2b303a;background:#f3f5f7;margin:0}
main{max-width:1080px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:24px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:36px 0 10px}
p.facts{color:#6b7280;margin:0 0 20px}
ul{list-style:none;padding:0;margin:0}
li{background:#fff;border-left:5px solid;border-radius:4px;padding:8px 14px;margin:6px 0;
overflow-wrap:anywhere}
li b{display:block;font-weight:600}li span{color:#6b7280}
.error{border-color:#b3261e}.warning{border-color:#e69f00}.note{border-color:#8a919c}
.ok{border-color:#009e73}
summary{cursor:pointer;color:#6b7280;padding:6px 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;background:#fff;border-radius:4px;width:100%}
th,td{padding:5px 12px;text-align:right;border-bottom:1px solid #e3e6ea;white-space:nowrap}
th{color:#6b7280;font-weight:600}th:first-child,td:first-child{text-align:left}
img{max-width:100%;background:#fff;border-radius:4px;margin:4px 0}
"""
_CAMERAS = {
    "rig": "rig",
    "camera": "camera",
    "seen_percent": "seen, %",
    "residual_px": "residual, px",
    "residual_p95_px": "95 %, px",
    "residual_mm": "residual, mm",
    "depth_m": "distance, m",
}
_PAIRS = {
    "rig": "rig",
    "cameras": "cameras",
    "epipolar_px": "epipolar, px",
    "epipolar_p95_px": "95 %, px",
    "baseline_m": "apart, m",
    "ray_angle_degrees": "angle, degrees",
}
_BONES = {
    "subject": "subject",
    "bone": "bone",
    "length_m": "length, m",
    "spread_percent": "spread, %",
    "to_its_twin": "to the other side",
}


def page(report: Report) -> str:
    """The whole page: verdicts, pictures, tables."""
    parts = [
        f"<h1>{escape(report.source)}</h1>",
        f'<p class="facts">{escape(_facts(report))}</p>',
        _verdicts(report.verdicts),
        *_pictures(report),
        "<h2>Cameras</h2>",
        _table(report.figures["cameras"], _CAMERAS),
        "<h2>Pairs of cameras</h2>",
        _table([_joined(row) for row in report.figures["pairs"]], _PAIRS),
        "<h2>People</h2>",
        _table(_bones(report.figures["subjects"]), _BONES),
        "<h2>Missing joints</h2>",
        _table(_missing(report.figures["missing_percent"]), {"joint": "joint", "share": "%"}),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(report.source)}</title><style>{_STYLE}</style></head><body><main>"
        + "\n".join(parts)
        + "</main></body></html>\n"
    )


def _facts(report: Report) -> str:
    there, used = report.recording, sum(len(sample.frames) for sample in report.samples)
    return (
        f"{there.frames} frames, {there.views} cameras, {there.skeleton.joints} joints, "
        f"{len(there.subject_names)} subjects, {len(there.clip_names)} clips, {there.fps:g} frames "
        f"per second; geometry on {used} frames. {counts(report)}."
    )


def _verdicts(verdicts: list[Verdict]) -> str:
    """All that is wrong, and what is in order behind a fold."""
    wrong = [_item(verdict) for verdict in verdicts if verdict.severity != "ok"]
    good = [_item(verdict) for verdict in verdicts if verdict.severity == "ok"]
    first = wrong or ['<li class="ok"><b>nothing wrong was found</b></li>']
    fold = f"<details><summary>{len(good)} checks in order</summary><ul>{''.join(good)}</ul>"
    return f"<ul>{''.join(first)}</ul>{fold}</details>"


def _item(verdict: Verdict) -> str:
    assert verdict.severity in ORDER
    why = " - ".join(part for part in (verdict.evidence, verdict.do) if part)
    what = f"{verdict.severity}: {verdict.what}"
    return f'<li class="{verdict.severity}"><b>{escape(what)}</b><span>{escape(why)}</span></li>'


def _pictures(report: Report) -> list[str]:
    found = []
    for title, drawn in pictures.drawn(report):
        data = base64.b64encode(drawn).decode("ascii")
        source = f"data:image/png;base64,{data}"
        found += [
            f"<h2>{escape(title)}</h2>",
            f'<img alt="{escape(title, quote=True)}" src="{source}">',
        ]
    return found


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> str:
    if not rows:
        return "<p>nothing to show</p>"
    head = "".join(f"<th>{escape(title)}</th>" for title in columns.values())
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row[name]))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)


def _joined(pair: dict[str, Any]) -> dict[str, Any]:
    return pair | {"cameras": " - ".join(pair["cameras"])}


def _bones(subjects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [bone | {"subject": row["subject"]} for row in subjects for bone in row["bones"]]


def _missing(shares: dict[str, float]) -> list[dict[str, Any]]:
    order = np.argsort([-share for share in shares.values()], kind="stable")
    rows = list(shares.items())
    return [{"joint": rows[i][0], "share": rows[i][1]} for i in order]
