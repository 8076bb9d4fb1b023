#!/usr/bin/env bash
# One would guess that installing sleap-io adds the package sleap_io. In fact its wheel also has its
# own test suite as a top-level package `tests`, with an __init__.py. A project whose folder tests/
# has none is a namespace package, which gives way to a regular one anywhere on the path: with
# sleap-io installed, `import tests.helpers` of the project, run from its own root, finds sleap-io's
# tests instead and fails. An __init__.py in the project's tests/ is the way out.
# sleap-io 0.9.5, seen on 2026-11-29.
# Exit code 0: as stated here; other: no longer so, or not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv # Python 3.11 or newer
mkdir -p project/tests
echo 'print("the helpers of the project")' >project/tests/helpers.py
cd project

echo "before: $(../venv/bin/python -c 'import tests.helpers' 2>&1 | tail -1)"
../venv/bin/python -c 'import tests.helpers' >before
../venv/bin/pip install -qq --disable-pip-version-check sleap-io==0.9.5
after=$(../venv/bin/python -c 'import tests.helpers' 2>&1 | tail -1) || true
echo "after:  $after"
echo "expected the same; \`tests\` is now $(../venv/bin/python -c 'import tests; print(tests.__file__)')"
touch tests/__init__.py
cured=$(../venv/bin/python -c 'import tests.helpers' 2>&1 | tail -1) || true
echo "with tests/__init__.py: $cured"
if [ "$after" = "ModuleNotFoundError: No module named 'tests.helpers'" ] && [ "$cured" = "$(cat before)" ]; then
    echo "as stated"
else
    echo "NO LONGER as stated"
    exit 1
fi
