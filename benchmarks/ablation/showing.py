"""What rows have given: as text, JSON and figures, or put into a page."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.ablation import report
from benchmarks.ablation.row import Row
from benchmarks.ablation.running import Bench
from geoself_jax.core.errors import missing_error, usage_error
from geoself_jax.runtime import workdir


def show_table(
    bench: Bench, rows: list[Row], seeds: int, name: str, title: str, page: Path | None
) -> None:
    """Prints a table of what is there of its rows, and writes it.

    Args:
        bench: Where results lie.
        rows: In the table's order.
        seeds: How many, from 0 on.
        name: Of the files, and of the marks in the page.
        title: For people.
        page: Markdown that the table is put into; JSON and figures are written next to it. By
            default all are written next to the results.

    Raises:
        GeoselfError: Nothing is there (66); the page has no place for it (65), or its table is of
            other data or more seeds (64).
    """
    results = {}
    for row in rows:
        found = [bench.result(row.seeded(seed)) for seed in range(seeds)]
        if there := [result for result in found if result is not None]:
            results[row.name] = [report.short(run) for run in there]
    if not results:
        where = f"{bench.out}: nothing of {title}"
        raise missing_error(where, "not run yet", "run it, or check --out")
    found_rows = report.summary(results)
    runs = [result for found in results.values() for result in found]
    notes = {row.name: row.note for row in rows if row.note}
    shown = {
        "data": bench.data,
        "rows": report.rounded(found_rows),
        "notes": notes,
        "correlations": report.rounded(report.correlations(runs)),
        "results": results,
    }
    place = (page.with_suffix("") if page else bench.out) / name
    text = report.table(found_rows, notes)
    if page:
        _refuse_lesser(place.with_suffix(".json"), shown)
        report.put_into_page(page, name, text)
    workdir.write_json(place.with_suffix(".json"), shown)
    if not page:
        place.with_suffix(".md").write_text(text + "\n")
    report.draw_table(place.with_suffix(".png"), found_rows, title)
    report.draw_curves(place.with_name(f"{place.name}-curves.png"), results, title)
    report.draw_cost(place.with_name(f"{place.name}-cost.png"), results, title)
    print(text)
    print(f"rank correlation with the true MPJPE: {shown['correlations']}")


def show_scores(bench: Bench, rows: Iterable[Row], held: str, page: Path | None) -> None:
    """How well scores without labels order all runs: printed, and written as a table is.

    Args:
        bench: Where results lie.
        rows: Of all tables.
        held: Held-out subjects of most of them, separated by commas.
        page: As for a table.
    """
    found = {}  # tables share rows
    for row in rows:
        if (result := bench.result(row)) is not None and "refused" not in result:
            found[row.key(bench.data)] = result
    runs = list(found.values())
    if not runs:
        raise missing_error(str(bench.out), "no row has been run", "run some, or check --out")
    alike = [run for run in runs if run["config"]["data"]["validation_subjects"] == held]
    shown = {
        "all": report.correlations(runs),
        "same held-out people": report.correlations(alike),
        "near the best of these": report.correlations(report.near_the_best(alike)),
    }
    place = page.with_suffix("") if page else bench.out
    text = report.score_table(shown)
    if page:
        report.put_into_page(page, "scores", text)
    workdir.write_json(place / "scores.json", report.rounded(shown))
    report.draw_scores(place / "scores.png", runs)
    print(text)


def _refuse_lesser(path: Path, shown: dict[str, Any]) -> None:
    """Nothing of a page's table may be lost by a slip of the flags."""
    if not path.is_file():
        return
    before = json.loads(path.read_text())
    if before.get("data") != shown["data"]:
        raise usage_error(f"{path} is of other data", "", "check --data, or choose another --page")
    for name, runs in shown["results"].items():
        if len(before["results"].get(name, [])) > len(runs):
            what = f"{path} has more seeds of {name}"
            raise usage_error(what, "", "check --seeds and --out, or choose another --page")
