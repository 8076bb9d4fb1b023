"""The report as one HTML file: cameras from above, before and after; no scripts, nothing remote."""

from collections.abc import Sequence
from html import escape

import numpy as np

from geoself_jax.calibrate.recording_cameras import RigReport
from geoself_jax.calibrate.rig_report import text
from geoself_jax.data.recording import Recording
from geoself_jax.data.rig import floor_axes

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#2b303a;max-width:56rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}
p,figcaption{color:#6b7280}figure{margin:1rem 0}svg{max-width:100%;height:auto}
pre{overflow-x:auto;background:#fafbfc;border-left:4px solid #e3e6ea;padding:.6rem .8rem}
svg text{font:12px system-ui,sans-serif;fill:#2b303a}
"""
_AFTER, _BEFORE, _LINE = "#D55E00", "#8A919C", "#E3E6EA"
_WIDTH, _HEIGHT, _MARGIN, _ROW = 640.0, 440.0, 60.0, 26.0


def page(rigs: Sequence[RigReport], before: Recording, after: Recording, *, given: bool) -> str:
    """The whole page.

    Args:
        rigs: Reports.
        before, after: The recording as it was read, and with its cameras.
        given: Whether its cameras were a calibration, and are drawn, too.
    """
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>Cameras</title><style>{_STYLE}</style></head><body>",
        f"<h1>Cameras from joints</h1><p>{escape(after.cameras_from)}</p>",
    ]
    for rig in rigs:
        number = before.rig_names.index(rig.name)
        seen = [before.camera_names.index(name) for name in rig.cameras]
        old = before.camera.R[number, seen], before.camera.center[number, seen]
        up = np.array([0.0, 0, 1]) if after.world_up is None else after.world_up
        caption = "Cameras from above, metres" + ("; grey: as they were given" if given else "")
        parts += [
            f"<h2>{escape(rig.name)}</h2><pre>{escape(text([rig], before.camera_names))}</pre>",
            _figure(_from_above(rig, old if given else None, up), caption),
            _figure(_residuals(rig), "Median distance of detections from the joints, pixels"),
        ]
    return "\n".join([*parts, "</body></html>"])


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    inner = "".join(parts)
    return f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img">{inner}</svg>'


def _from_above(rig: RigReport, old: tuple[np.ndarray, np.ndarray] | None, up: np.ndarray) -> str:
    """Centres and views on the floor, a square of which is a metre, or more in a large room."""
    floor = floor_axes(up)
    every = rig.center if old is None else np.concatenate([rig.center, old[1]])
    flat = every @ floor.T
    low, reach = flat.min(0), max(float(np.ptp(flat, axis=0).max()), 1e-9)
    scale = min((_WIDTH - 2 * _MARGIN) / reach, (_HEIGHT - 2 * _MARGIN) / reach)
    middle = np.array([_WIDTH, _HEIGHT]) / 2

    def place(points: np.ndarray) -> np.ndarray:
        centred = (points @ floor.T - low - np.ptp(flat, axis=0) / 2) * scale
        return middle + centred * [1, -1]

    parts = _ruler(scale)
    sets = [(rig.R, rig.center, _AFTER)]
    if old is not None:
        sets.insert(0, (*old, _BEFORE))
    for R, center, color in sets:
        here = place(center)
        ahead = place(center + 0.25 * reach * R[:, 2])
        for a, b in zip(here, ahead, strict=True):
            parts.append(
                f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
                f'stroke="{color}" stroke-width="2"/>'
                f'<circle cx="{a[0]:.1f}" cy="{a[1]:.1f}" r="5" fill="{color}"/>'
            )
    for name, a in zip(rig.cameras, place(rig.center), strict=True):
        parts.append(
            f'<text x="{a[0]:.1f}" y="{a[1] - 10:.1f}" text-anchor="middle">{escape(name)}</text>'
        )
    return _svg(_WIDTH, _HEIGHT, parts)


def _ruler(scale: float) -> list[str]:
    """A line of a round length, of about a fifth of the width."""
    metres = 10 ** np.floor(np.log10(_WIDTH / 5 / scale))
    end, y = 20 + metres * scale, _HEIGHT - 16
    return [
        f'<line x1="20" y1="{y:g}" x2="{end:.1f}" y2="{y:g}" stroke="#2b303a"/>'
        f'<text x="20" y="{y - 6:g}">{metres:g} m</text>'
    ]


def _residuals(rig: RigReport) -> str:
    """A bar a camera; of repaired ones what it was, in grey behind it."""
    old = rig.residual_px if rig.before_px is None else rig.before_px
    most = max(float(np.nanmax([rig.residual_px, old])), 1e-9)
    parts = []
    for row, (name, after, before) in enumerate(
        zip(rig.cameras, rig.residual_px, old, strict=True)
    ):
        y = row * _ROW
        grey, bar = ((_WIDTH - 260) * value / most for value in (before, after))
        parts.append(
            f'<text x="0" y="{y + 16:g}">{escape(name[:24])}</text>'
            f'<rect x="180" y="{y + 3:g}" width="{grey:.1f}" height="16" fill="{_LINE}"/>'
            f'<rect x="180" y="{y + 7:g}" width="{bar:.1f}" height="8" fill="{_AFTER}"/>'
            f'<text x="{186 + max(grey, bar):.1f}" y="{y + 16:g}">{after:.2f}</text>'
        )
    return _svg(_WIDTH, _ROW * len(rig.cameras), parts)
