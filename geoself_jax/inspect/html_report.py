"""The report as one HTML file: no scripts, nothing remote, all names escaped."""

from html import escape
from typing import Any

from geoself_jax.core.shown_lengths import ShownUnit
from geoself_jax.inspect import charts
from geoself_jax.inspect.report import Report
from geoself_jax.inspect.statistics import units_of
from geoself_jax.inspect.verdicts import ORDER, Verdict

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MOST_RIGS = 4  # with figures
_STYLE = """
:root{--ink:#2b303a;--soft:#6b7280;--line:#e3e6ea;--error:#b3261e;--warning:#b45309;
--note:#0072b2;--ok:#2e7d4f}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:62rem;margin:2rem auto;
padding:0 1.2rem}
h1{font-size:1.45rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
p.soft,figcaption,summary{color:var(--soft)}
ul{list-style:none;padding:0;margin:0}
li{border-left:4px solid var(--line);padding:.45rem .8rem;margin:.45rem 0;background:#fafbfc;
overflow-wrap:anywhere}
li b{display:block;font-weight:600}li span{color:var(--soft)}li em{display:block;font-style:normal}
li.error{border-color:var(--error)}li.warning{border-color:var(--warning)}
li.note{border-color:var(--note)}li.ok{border-color:var(--ok)}
.badge{font-weight:600;border-radius:1rem;padding:.1rem .7rem;margin-right:.4rem;color:#fff}
.badge.error{background:var(--error)}.badge.warning{background:var(--warning)}
.badge.note{background:var(--note)}.badge.ok{background:var(--ok)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right}
th{color:var(--soft);font-weight:500}th:first-child,td:first-child{text-align:left}
div.wide{overflow-x:auto}figure{margin:1rem 0}img{max-width:100%;height:auto}
"""


def page(report: Report) -> str:
    """The whole page: verdicts, tables, figures."""
    recording, used = report.recording, sum(len(s.frames) for s in report.samples)
    head = (
        f"{recording.frames} frames, {recording.views} cameras, {recording.skeleton.joints} joints,"
        f" {len(recording.subject_names)} subjects, {len(recording.clip_names)} clips, "
        f"{recording.fps:g} frames per second; geometry checked on {used} frames"
    )
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.source)}</title><style>{_STYLE}</style></head><body>",
        f'<h1>{escape(report.source)}</h1><p class="soft">{escape(head)}</p>',
        _badges(report),
        *_verdicts(report),
        *_tables(report),
        *_figures(report),
        "</body></html>",
    ]
    return "\n".join(parts)


def _badges(report: Report) -> str:
    counts = [(s, sum(v.severity == s for v in report.verdicts)) for s in ORDER]
    shown = [f'<span class="badge {s}">{n} {s}</span>' for s, n in counts if n]
    return f"<p>{''.join(shown)}</p>"


def _verdicts(report: Report) -> list[str]:
    found = [_verdict(v) for v in report.verdicts if v.severity != "ok"]
    good = [_verdict(v) for v in report.verdicts if v.severity == "ok"]
    return [
        f"<h2>Verdicts</h2><ul>{''.join(found)}</ul>",
        f"<details><summary>{len(good)} checks found nothing wrong</summary>",
        f"<ul>{''.join(good)}</ul></details>",
    ]


def _verdict(verdict: Verdict) -> str:
    do = f"<em>{escape(verdict.do)}</em>" if verdict.do else ""
    what, evidence = escape(verdict.what), escape(verdict.evidence)
    return f'<li class="{verdict.severity}"><b>{what}</b><span>{evidence}</span>{do}</li>'


def _tables(report: Report) -> list[str]:
    shown, units = report.figures, units_of(report.figures)
    cameras = [
        [f"{r['rig']} {r['camera']}", r["seen_percent"], r["residual_px"], r["residual_p95_px"]]
        + [_length(units.error, r["residual_mm"], 1000), _length(units.rig, r["depth_m"])]
        for r in shown["cameras"]
    ]
    pairs = [
        [f"{r['rig']} {' - '.join(r['cameras'])}", r["epipolar_px"], r["epipolar_p95_px"]]
        + [_length(units.rig, r["baseline_m"]), r["ray_angle_degrees"]]
        for r in shown["pairs"]
    ]
    bones = [
        [f"{s['subject']} {b['bone']}"]
        + [_length(units.bone, b["length_m"])]
        + [b["spread_percent"], b["to_its_twin"]]
        for s in shown["subjects"]
        for b in s["bones"]
    ]
    subjects = [[s["subject"], _length(units.size, s["size_m"])] for s in shown["subjects"]]
    rig, error = units.rig.symbol, units.error.symbol
    seen = ("camera", "seen %", "residual px", "95 %", f"{error} there", f"depth {rig}")
    missing = sorted(shown["missing_percent"].items(), key=lambda item: -item[1])
    return [
        "<h2>Cameras</h2>",
        _table(seen, cameras),
        "<h2>Pairs</h2>",
        _table(("pair", "epipolar px", "95 %", f"baseline {rig}", "angle °"), pairs),
        "<h2>Subjects</h2>",
        _table(("subject", f"size {units.size.symbol}"), subjects),
        "<details><summary>Bones</summary>",
        _table(("bone", f"length {units.bone.symbol}", "spread %", "to its twin"), bones),
        "</details><details><summary>Missing joints</summary>",
        _table(("joint", "missing %"), [list(item) for item in missing]),
        "</details>",
    ]


def _table(heads: tuple[str, ...], rows: list[list[Any]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(c)}</td>' for c in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _length(unit: ShownUnit, value: float | None, per_metre: float = 1) -> str | float | None:
    """A length in a unit; as text where the unit has a number of digits of its own."""
    if value is None:
        return None
    metres = value / per_metre
    return unit.text(metres) if unit.significant else unit.per_metre * metres


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def _figures(report: Report) -> list[str]:
    shown = [("Confidences of the joints that are seen", charts.confidences(report.recording))]
    samples = [s for s in report.samples[:_MOST_RIGS] if report.recording.views > 1]
    if samples:
        shown.insert(0, ("Triangulation residual", charts.residuals(samples)))
    for sample in samples:
        name = report.recording.rig_names[sample.rig]
        above = f"{name}: cameras, what they see, and the body's path"
        over = f"{name}: detections in colour, what all views say of them in grey"
        shown += [(above, charts.rig_from_above(sample)), (over, charts.overlays(sample))]
    return ["<h2>Figures</h2>"] + [
        f'<figure><img alt="{escape(caption)}" src="{charts.png(figure)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, figure in shown
    ]
