#!/usr/bin/env bash
# One would guess that sleap_io.Skeleton(names) reads a list of names. In fact it keeps the very list
# and replaces its strings, in place, by Node objects: afterwards `"nose" in names` is False, and two
# skeletons made from one list share their nodes, so renaming a node of one renames it in the other.
# sleap-io 0.9.5, seen on 2026-11-29. The way out is Skeleton(list(names)).
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
venv/bin/pip install -qq --disable-pip-version-check sleap-io==0.9.5 numpy==2.4.6

venv/bin/python - <<'PY'
import sys

import sleap_io as sio

names = ["nose", "tail"]
mouse, rat = sio.Skeleton(names), sio.Skeleton(names)
print("sleap-io", sio.__version__)
print("the caller's list: expected ['nose', 'tail'], seen", names)
same = "nose" not in names and [type(name).__name__ for name in names] == ["Node", "Node"]
mouse.rename_node("tail", "tip")
print("renamed in mouse: expected rat's nodes ['nose', 'tail'], seen", [n.name for n in rat.nodes])
same &= [n.name for n in rat.nodes] == ["nose", "tip"]
print("as stated" if same else "NO LONGER as stated")
sys.exit(not same)
PY
