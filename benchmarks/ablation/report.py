"""Tables of results: text, JSON, and the figures made of them."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from geoself_jax.core.errors import data_error

SHOWN = {
    "mpjpe_mm": "MPJPE",
    "p_mpjpe_mm": "P-MPJPE",
    "root_error_mm": "root",
}
CAUSES = {
    "exact_joints_mpjpe_mm": "exact joints",
    "half_the_variance_mpjpe_mm": "half the variance",
    "trained_people_mpjpe_mm": "people trained on",
    "without_exchanges_mpjpe_mm": "nobody exchanged",
}
FREE = ("triangulation_mm", "cross_view_px", "agreement_mm", "bones_mm", "reprojection_px")

Results = dict[str, list[dict[str, Any]]]
"""By the name of a row, one result for each seed that has been run."""


def summary(results: Results) -> dict[str, Any]:
    """Mean and spread (standard deviation over seeds) of every row; or why it was refused."""
    rows = {}
    for name, found in results.items():
        if refused := next((r["refused"] for r in found if "refused" in r), None):
            rows[name] = {"refused": refused}
            continue
        row: dict[str, Any] = {"seeds": [r["seed"] for r in found]}
        for key in SHOWN:
            row[key] = _mean_and_spread([r["test"][key] for r in found])
        for key in FREE:
            row[f"held_out_{key}"] = _mean_and_spread([r["held_out"].get(key) for r in found])
        for key in CAUSES:
            row[key] = _mean_and_spread([r.get("analysis", {}).get(key) for r in found])
        row["minutes"] = _mean_and_spread(
            [r["minutes"] if _on_one_core(r) else None for r in found]
        )
        row["cpu_seconds"] = _mean_and_spread(
            [r.get("cpu_seconds") if _on_one_core(r) else None for r in found]
        )
        row["uses_3d"] = any(r["uses_3d"] for r in found)
        rows[name] = row
    return rows


def _on_one_core(run: dict[str, Any]) -> bool:
    """Whether its minutes say something: an accelerator was shared by many programs.

    The first runs do not tell their device or threads, and those that were continued no minutes.
    """
    return run.get("device") == "cpu" and run.get("threads") == 1


def short(run: dict[str, Any]) -> dict[str, Any]:
    """A result without what its name, seed and commit tell already, and without single actions."""
    left_out = {"config", "versions", "name"}
    kept = {key: value for key, value in run.items() if key not in left_out}
    if "test" in kept:
        kept["test"] = {k: v for k, v in run["test"].items() if not isinstance(v, dict)}
    return rounded(kept)


def rounded(value: Any) -> Any:
    """The same with numbers of five digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _mean_and_spread(values: list[float | None]) -> list[float | None] | None:
    """Of one seed there is no spread: None."""
    there = [v for v in values if v is not None]
    if not there:
        return None
    return [float(np.mean(there)), float(np.std(there, ddof=1)) if len(there) > 1 else None]


def table(rows: dict[str, Any], notes: dict[str, str]) -> str:
    """As Markdown: what was found on the test people, and without labels on the held-out ones."""
    causes = [key for key in CAUSES if any(row.get(key) for row in rows.values())]
    heads = [*SHOWN.values(), "held out, no labels: triangulation", "cross-view px"]
    heads += [*(f"MPJPE, {CAUSES[key]}" for key in causes), "minutes, one core"]
    keys = [*SHOWN, "held_out_triangulation_mm", "held_out_cross_view_px", *causes, "minutes"]
    if any(row.get("cpu_seconds") for row in rows.values()):
        heads.append("CPU seconds")
        keys.append("cpu_seconds")
    lines = ["| | " + " | ".join(heads) + " | seeds |", "| --- |" + " --- |" * (len(heads) + 1)]
    for name, row in rows.items():
        if "refused" in row:
            lines.append(f"| {name} | refused: {row['refused']} |" + " |" * len(heads))
            continue
        cells = [_cell(row[key]) for key in keys]
        mark = f" ({notes[name]})" if notes.get(name) else ""
        lines.append(f"| {name}{mark} | " + " | ".join(cells) + f" | {len(row['seeds'])} |")
    return "\n".join(lines)


def _cell(value: list[float | None] | None) -> str:
    if value is None:
        return "-"
    mean, spread = value
    return f"{mean:.1f}" if spread is None else f"{mean:.1f} ± {spread:.1f}"


def scored(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose training was not refused."""
    return [run for run in runs if "refused" not in run]


def correlations(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Spearman's rank correlation of each label-free score with the true MPJPE over runs."""
    runs = scored(runs)
    true = [run["test"]["mpjpe_mm"] for run in runs]
    found: dict[str, Any] = {"runs": len(runs)}
    for key in FREE:
        for where in ("held_out", "test"):
            scores = [run[where].get(key) for run in runs]
            if all(score is not None for score in scores) and len(runs) > 2:
                found[f"{where}_{key}"] = float(spearmanr(scores, true).statistic)
    return found


def score_table(results: dict[str, dict[str, Any]]) -> str:
    """The correlations as Markdown: a row a score, a column a set of runs."""
    heads = [
        f"{which} ({scores['runs']} runs), {people} people"
        for which, scores in results.items()
        for people in ("held-out", "test")
    ]
    lines = ["| | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    for key in FREE:
        cells = [
            scores.get(f"{where}_{key}")
            for scores in results.values()
            for where in ("held_out", "test")
        ]
        shown = ["-" if cell is None else f"{cell:.2f}" for cell in cells]
        lines.append(f"| `{key}` | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def put_into_page(page: Path, name: str, text: str) -> None:
    """Replaces what stands in a page between `<!-- NAME -->` and `<!-- end of NAME -->`."""
    opening, closing = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text().partition(opening)
    _, ended, after = rest.partition(closing)
    if not (found and ended):
        raise data_error(
            f"{page}: no {opening} ... {closing}",
            "the table goes between these",
            "write both lines where it shall stand",
        )
    page.write_text(f"{before}{opening}\n{text}\n{closing}{after}")


def near_the_best(runs: list[dict[str, Any]], within: float = 0.15) -> list[dict[str, Any]]:
    """The runs among which a choice is hard: without labels within a share of the best one."""
    runs = scored(runs)

    def score(run: dict[str, Any]) -> float:
        return float(run["held_out"]["triangulation_mm"])

    best = min((score(run) for run in runs if not run["uses_3d"]), default=0.0)
    return [run for run in runs if score(run) <= (1 + within) * best]


def draw_table(path: Path, rows: dict[str, Any], title: str) -> None:
    """MPJPE of each row, best first, its seeds' spread as a bar through it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = {name: row for name, row in rows.items() if "refused" not in row}
    if not rows:
        path.unlink(missing_ok=True)
        return
    order = sorted(rows, key=lambda name: -rows[name]["mpjpe_mm"][0])
    values = np.array([rows[name]["mpjpe_mm"] for name in order], float)
    figure, axes = plt.subplots(figsize=(8, 0.26 * len(order) + 1))
    most = min(values[:, 0].max() * 1.03, 210)
    for at, name in enumerate(order):
        mean, spread = values[at, 0], np.nan_to_num(values[at, 1])
        color = "tab:gray" if rows[name]["uses_3d"] else "tab:blue"
        axes.errorbar(mean, at, xerr=spread, fmt="o", color=color, ms=4)
        if mean > most:
            axes.annotate(f"{mean:.0f} ->", (most, at), ha="right", va="center", fontsize=7)
    axes.grid(axis="y", lw=0.3)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    axes.set_xlim(0.97 * values[:, 0].min(), most)
    axes.set_xlabel("MPJPE, mm (gray: uses 3D)")
    axes.set_title(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_cost(path: Path, results: Results, title: str) -> None:
    """MPJPE on the test people against the CPU seconds of training, a point a run.

    Nothing is drawn where no two runs know their seconds.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    points = {
        name: [
            (run["cpu_seconds"], run["test"]["mpjpe_mm"])
            for run in scored(found)
            if run.get("cpu_seconds") and _on_one_core(run)
        ]
        for name, found in results.items()
    }
    if sum(len(found) for found in points.values()) < 2:
        return
    figure, axes = plt.subplots(figsize=(9, 4.5))
    for number, (name, found) in enumerate(points.items()):
        if found:
            marker = "osD^vP*X"[number // 10 % 8]
            axes.plot(*zip(*found, strict=True), marker, color=f"C{number % 10}", label=name, ms=5)
    axes.set_xlim(left=0)
    axes.set_xlabel("CPU seconds of training")
    axes.set_ylabel("MPJPE, mm")
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=6, bbox_to_anchor=(1, 1), loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_curves(path: Path, results: Results, title: str) -> None:
    """How each row's label-free score of held-out people fell over the steps, seeds averaged."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    curves = {}
    for name, found in results.items():
        lines = [np.array(run["curve"]) for run in scored(found) if len(run["curve"]) > 2]
        alike = [line for line in lines if np.array_equal(line[:, 0], lines[0][:, 0])]
        if alike:
            curves[name] = np.mean(alike, axis=0)
    if not curves:
        return
    figure, axes = plt.subplots(figsize=(10, max(5.5, 0.17 * len(curves))))
    styles = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
    for number, (name, curve) in enumerate(sorted(curves.items(), key=lambda c: -c[1][-1, 1])):
        style, color = styles[number // 10 % len(styles)], f"C{number % 10}"
        axes.plot(*curve.T, linestyle=style, color=color, label=name, lw=1)
    axes.set_ylim(0.95 * min(c[:, 1].min() for c in curves.values()), 200)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("triangulation_mm, held-out people")
    axes.set_title(title, fontsize=9)
    axes.legend(fontsize=6, bbox_to_anchor=(1, 1), loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_scores(path: Path, runs: list[dict[str, Any]]) -> None:
    """Label-free scores of held-out people against the true MPJPE of others, a point a run."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, columns = plt.subplots(1, 4, figsize=(13, 3.4))
    ranks, runs = correlations(runs), scored(runs)
    for axes, key in zip(columns, FREE, strict=False):
        points = [
            (r["held_out"][key], r["test"]["mpjpe_mm"], r["uses_3d"])
            for r in runs
            if r["held_out"].get(key) is not None
        ]
        x, y, uses = (np.array(column) for column in zip(*points, strict=True))
        axes.scatter(x[~uses.astype(bool)], y[~uses.astype(bool)], s=9)
        axes.scatter(x[uses.astype(bool)], y[uses.astype(bool)], s=9, color="tab:gray")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(f"{key}, held-out people")
        axes.set_title(f"rank correlation {ranks.get(f'held_out_{key}', np.nan):.2f}", fontsize=9)
    columns[0].set_ylabel("true MPJPE, test people, mm")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
