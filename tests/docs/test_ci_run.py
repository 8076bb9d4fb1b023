"""The command of the tests, then the newest Python where there is one: .ci/run in a project."""

import os
import shutil
import subprocess

import pytest
from pages import ROOT

README = "<!-- test command -->\n```\nmkdir -p .venv/bin && cp python{} .venv/bin/python\n```\n"
SAYS = "#!/bin/sh\necho Python {}\n"
WITHOUT = "no Python 3.13 is here: nothing was run on it\n"


def program(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path):
    """Whose tests make an environment of Python 3.11; programs in `bin` come ahead of others."""
    (tmp_path / "README.md").write_text(README.format("3.11"))
    program(tmp_path / ".ci/run", (ROOT / ".ci/run").read_text())
    for version in ("3.11", "3.13"):
        program(tmp_path / f"python{version}", SAYS.format(f"{version}.7"))
    program(tmp_path / "bin/python3.13", "#!/bin/sh\necho no such version >&2\nexit 127\n")
    program(tmp_path / "bin/chromium", "#!/bin/sh\n")
    return tmp_path


def run(project, place=".", **variables):
    return subprocess.run(
        [os.path.join(".", os.path.relpath(project / ".ci/run", project / place))],
        env=os.environ | {"CI": "1", "PATH": f"{project / 'bin'}:/usr/bin:/bin"} | variables,
        cwd=project / place,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("versions", ["echo 3.11.7; echo 3.13.0t; echo 3.13-dev", "exit 1", None])
def test_where_the_newest_python_is_not_installed_nothing_more_is_run(versions, project):
    if versions:
        program(project / "bin/pyenv", f"#!/bin/sh\n{versions}\n")
    done = run(project)
    assert (done.returncode, done.stderr) == (0, WITHOUT)


@pytest.mark.parametrize("place", [".", "bin", ".ci"])
def test_where_the_newest_python_ran_all_tests_they_are_not_run_again(place, project):
    (project / "README.md").write_text(README.format("3.13"))
    program(project / "bin/python3.13", "#!/bin/sh\necho again; exit 9\n")
    done = run(project, place)
    assert (done.returncode, done.stderr) == (0, "") and "again" not in done.stdout


def test_elsewhere_than_in_ci_the_tests_are_all(project):
    program(project / "bin/pyenv", "#!/bin/sh\nexit 1\n")
    done = run(project, CI="")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_test_that_fails_fails_it(project):
    shutil.rmtree(project / "bin")
    (project / "README.md").write_text(README.format("3.9"))  # which is not there to copy
    assert run(project, CI="").returncode == 1


def test_a_failure_on_the_newest_python_fails_it(project):
    program(project / "bin/pyenv", "#!/bin/sh\necho 3.13.9; echo 3.13.10\n")
    program(project / "bin/python3.13", '#!/bin/sh\ntest "$1" = --version || exit 3\n'
            'test "$PYENV_VERSION" = 3.13.10\n')  # fmt: skip
    assert run(project).returncode == 3
