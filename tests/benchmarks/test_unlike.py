import json

import pytest
from pages import ROOT

from benchmarks import unlike
from geoself_jax.core.errors import GeoselfError

RESULTS = ROOT / "docs/accuracy/unlike-explored.json"


def test_the_page_has_the_figures_of_the_results():
    rows = json.loads(RESULTS.read_text())["rows"]
    page = (ROOT / "docs/accuracy.md").read_text()
    for name, result in rows.items():
        for table in ("by_tilt", "by_novelty"):
            cells = [
                f"{row['mpjpe_mm']:.1f} / {row['triangulation_mm']:.1f}"
                for row in result[table]["classes"]
            ]
            assert f"| {name} | {' | '.join(cells)} |" in page


def test_seeds_are_put_together_as_mean_and_spread():
    rows = json.loads(RESULTS.read_text())["rows"]
    one, other = rows["tumble 0"], rows["tumble 0.1"]
    both = unlike.together([one, other])
    first = both["by_tilt"]["classes"][3]
    a, b = (result["by_tilt"]["classes"][3]["mpjpe_mm"] for result in (one, other))
    assert first["mpjpe_mm"] == pytest.approx((a + b) / 2)
    assert first["mpjpe_mm_std"] == pytest.approx(abs(a - b) / 2**0.5)
    assert first["poses"] == 264
    text = unlike.markdown({"both": both, "one": unlike.together([one])})
    assert f"{(a + b) / 2:.1f} ± {abs(a - b) / 2**0.5:.1f}" in text
    assert "over 90 degrees (264)" in text and f"| {a:.1f} |" in text


def test_the_recipe_is_changed_in_what_is_compared_alone():
    before = unlike.settings("x.npz", "01,05", 0, 0.0, 1)
    after = unlike.settings("x.npz", "01,05", 300, 0.2, 1)
    assert before.augmentation.tumble == 0 and after.augmentation.tumble == 0.2
    assert before.schedule.length == 8000 and after.schedule.length == 300
    assert (before.model, before.optimizer, before.seed) == (after.model, after.optimizer, 1)


def test_no_seeds_are_refused(tmp_path):
    with pytest.raises(GeoselfError, match="--seeds=0"):
        unlike.main([f"--data={tmp_path}", "--seeds=0"])
