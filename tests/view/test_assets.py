"""The page's scripts, which are joined into one: a name that two of them declare stops it."""

import re
from collections import Counter
from pathlib import Path

import geoself_jax.view

ASSETS = Path(geoself_jax.view.__file__).parent / "assets"
DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def test_no_two_scripts_declare_one_name():
    names = Counter(
        name for path in ASSETS.glob("*.js") for name in DECLARED.findall(path.read_text())
    )
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []
