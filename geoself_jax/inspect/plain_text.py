"""The report in plain text: what is wrong, what is in order, the figures."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geoself_jax.core.errors import one_line
from geoself_jax.core.shown_lengths import ShownUnit, ShownUnits
from geoself_jax.data.recording import Recording
from geoself_jax.inspect.duplicates import LEAK
from geoself_jax.inspect.report import Report
from geoself_jax.inspect.statistics import units_of
from geoself_jax.inspect.verdicts import ORDER, Verdict

_NAMED = 4  # most names of cameras, rigs or people in a line
_ROWS = 8  # most rows of a table, unless all are wanted


def text(report: Report, *, verbose: bool = False) -> str:
    """Verdicts first, then the figures.

    Args:
        report: What inspecting found.
        verbose: Each verdict by itself, what is in order too, and each camera, pair and subject;
            else those that say the same in one line, what is in order by its check, and a row a
            rig.
    """
    recording, used = report.recording, sum(len(s.frames) for s in report.samples)
    head = (
        f"{report.source}: {_several(recording.frames, 'frame')}, "
        f"{_several(recording.views, 'camera')}, {recording.skeleton.joints} joints, "
        f"{_several(len(recording.subject_names), 'subject')}, "
        f"{_several(len(recording.clip_names), 'clip')}, {recording.fps:g} fps; "
        f"geometry on {_several(used, 'frame')}"
    )
    lines = (
        [f"{v.severity:<8}{v.line}" for v in report.verdicts]
        if verbose
        else [*_grouped(report), *_in_order(report.verdicts)]
    )
    return "\n".join([one_line(head), counts(report), "", *lines, "", *_tables(report, verbose)])


def counts(report: Report) -> str:
    """How many verdicts of each severity, in words."""
    found = {s: sum(v.severity == s for v in report.verdicts) for s in ORDER}
    return ", ".join(f"{n} {_plural(s, n)}" for s, n in found.items())


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _plural(severity: str, count: int) -> str:
    return severity if severity == "ok" or count == 1 else severity + "s"


def _grouped(report: Report) -> list[str]:
    """A line for each finding that is not in order, with all that it is said of."""
    leading = _leading(report.recording)
    groups: dict[tuple[str, str, str], list[tuple[str, Verdict]]] = {}
    for verdict in report.verdicts:
        if verdict.severity != "ok":
            who, rest = leading(verdict.what)
            groups.setdefault((verdict.severity, rest, verdict.do), []).append((who, verdict))
    return [_line(list(said)) for said in groups.values()]


def _leading(recording: Recording) -> Callable[[str], tuple[str, str]]:
    """Splits a sentence into the camera, rig or subject that it begins with, and the rest."""

    def some(kind: str, names: Sequence[str]) -> str:
        longest = sorted((re.escape(name) for name in names), key=len, reverse=True)
        return f"{kind} (?:{'|'.join(longest)})"

    rig, camera = some("rig", recording.rig_names), some("camera", recording.camera_names)
    subject = some("subject", recording.subject_names)
    known = re.compile(f"({rig}, {camera}|{rig}|{camera}|{subject})(?=[: ])")

    def split(sentence: str) -> tuple[str, str]:
        found = known.match(sentence)
        return (found[1], sentence[found.end() :]) if found else ("", sentence)

    return split


def _line(said: list[tuple[str, Verdict]]) -> str:
    names, (_, first) = list(dict.fromkeys(who for who, _ in said)), said[0]
    if len(names) == 1:
        return f"{first.severity:<8}{first.line}"
    named = "; ".join(names[:_NAMED])
    if len(names) > _NAMED:
        named += f" and {len(names) - _NAMED} more"
    rest = first.what.removeprefix(names[0])
    same = len({verdict.evidence for _, verdict in said}) == 1
    evidence = first.evidence if same else f"{first.evidence} (the first; -v shows each)"
    merged = Verdict(first.severity, first.check, f"{named}{rest}", evidence, first.do)
    return f"{first.severity:<8}{merged.line}"


def _in_order(verdicts: Sequence[Verdict]) -> list[str]:
    """One line that lists the checks which found nothing wrong; what `--against` asked for too."""
    found = [verdict for verdict in verdicts if verdict.severity == "ok"]
    if not found:
        return []
    asked = [f"{'ok':<8}{verdict.line}" for verdict in found if verdict.check == LEAK]
    checks = ", ".join(dict.fromkeys(verdict.check for verdict in found if verdict.check != LEAK))
    return [*asked, f"{'ok':<8}{checks} (-v shows each of {len(found)})"]


def _tables(report: Report, verbose: bool) -> list[str]:
    shown, units = report.figures, units_of(report.figures)
    cameras = [_camera(row, f"{row['rig']} {row['camera']}", units) for row in shown["cameras"]]
    if len(cameras) > _ROWS and not verbose:
        by_rig = _by_rig(shown["cameras"])
        cameras = [_camera(_worst(rows), rig, units) for rig, rows in by_rig.items()]
        header = "rig, its worst camera"
    else:
        header = "camera"
    error, depth = units.error.symbol, f"depth {units.rig.symbol}"
    lines = [f"{header:<31} seen %  residual px    p95{error:>7} {depth:>7}", *cameras]
    pairs = [_pair(row, units.rig) for row in shown["pairs"]]
    if len(pairs) > _ROWS and not verbose:
        lines += ["", _all_pairs(shown["pairs"], units.rig)]
    else:
        baseline = f"baseline {units.rig.symbol}"
        lines += ["", f"{'pair':<31} epipolar px    p95{baseline:>13}   angle", *pairs]
    subjects = [_subject(row, units.size) for row in shown["subjects"]]
    if len(subjects) > _ROWS and not verbose:
        return [*lines, _all_subjects(shown["subjects"], units.size)]
    size = f"size {units.size.symbol}"
    return [*lines, "", f"{'subject':<31}{size:>7}   bone spread %", *subjects]


def _by_rig(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["rig"], []).append(row)
    return found


def _worst(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return max(rows, key=lambda row: row["residual_px"] or 0)


def _camera(row: dict[str, Any], name: str, units: ShownUnits) -> str:
    one, two = (_cell(row[key]) for key in ("residual_px", "residual_p95_px"))
    residual = row["residual_mm"]
    three = units.error.text(None if residual is None else residual / 1000)
    four = units.rig.text(row["depth_m"])
    return f"{_name(name)}{row['seen_percent']:7.1f}{one:>13}{two:>7}{three:>7}{four:>8}"


def _pair(row: dict[str, Any], unit: ShownUnit) -> str:
    cells = (row[k] for k in ("epipolar_px", "epipolar_p95_px", "ray_angle_degrees"))
    one, two, angle = (_cell(cell) for cell in cells)
    name = _name(f"{row['rig']} {'-'.join(row['cameras'])}")
    return f"{name}{one:>12}{two:>7}{unit.text(row['baseline_m'], 2):>13}{angle:>8}"


def _all_pairs(rows: Sequence[dict[str, Any]], unit: ShownUnit) -> str:
    epipolar, baseline, angle = (
        [row[key] for row in rows] for key in ("epipolar_px", "baseline_m", "ray_angle_degrees")
    )
    return (
        f"{len(rows)} pairs: epipolar {_range(epipolar)} px, baseline "
        f"{_range(baseline, unit.text)} {unit.symbol}, angle {_range(angle)} degrees"
    )


def _subject(row: dict[str, Any], unit: ShownUnit) -> str:
    return f"{_name(row['subject'])}{unit.text(row['size_m'], 2):>7}{_cell(_bone_spread(row)):>16}"


def _bone_spread(row: dict[str, Any]) -> float | None:
    spread = [b["spread_percent"] for b in row["bones"] if b["spread_percent"] is not None]
    return float(np.median(spread)) if spread else None


def _all_subjects(rows: Sequence[dict[str, Any]], unit: ShownUnit) -> str:
    sizes, spreads = [row["size_m"] for row in rows], [_bone_spread(row) for row in rows]
    size = f"{_range(sizes, unit.text)} {unit.symbol}"
    return f"{len(rows)} subjects: size {size}, bone spread {_range(spreads)} %"


def _range(values: Sequence[float | None], text: Callable[[float], str] = "{:.1f}".format) -> str:
    known = [value for value in values if value is not None]
    return f"{text(min(known))} to {text(max(known))}" if known else "-"


def _name(name: str) -> str:
    return f"{one_line(name)[:30]:<31}"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
