"""Code and docs speak the field's language: words of no field are not in them."""

import functools
import re
import subprocess

import pytest
from pages import ROOT

# Word, and the term for it. Pieces in brackets, so that this file does not hold what it looks for.
TERMS = {
    r"[m]end(s|ed|ing)?": "fix, correct",
    r"[t]old|[f]oretold|[f]oretell\w*": "passed, reported, predicted",
    r"[t]aught|[t]each\w*": "supervision, labels, training signal",
    r"[l]ets? go of|[h]as a say": "down-weights, weight",
    r"[p]ut back": "re-applied",
    r"[p]eople held out": "held-out subjects",
    r"[p]lace of the root": "root position",
    r"[a]new": "again",
    r"[f]or long": "full schedule",
    r"[a]t hand": "available",
    r"[b]ut for": "except",
    r"[s]o many": "N",
    r"[d]oubts?": "warnings",
    r"[s]traight\w*": "undistorted",
    r"(?<!\")[p]anels?": "axes",  # CMU Panoptic's files have a key "panel"
    r"[b]eside": "next to, comparison",
}
SUFFIXES = (".py", ".md", ".rst", ".sh", ".ipynb", ".yaml", ".sbatch", ".js", ".toml", ".cff")
LISTED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
WHERE = [ROOT / name for name in LISTED.stdout.splitlines() if name.endswith(SUFFIXES)]


@functools.cache
def texts():
    return {path: path.read_text() for path in WHERE}


@pytest.mark.parametrize("word", TERMS)
def test_the_code_has_no_word_of_another_language(word):
    pattern = re.compile(rf"(?<![a-z])(?:{word})(?![a-z])", re.IGNORECASE)
    assert len(WHERE) > 200
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"write {TERMS[word]!r}\n" + "\n".join(found)


def test_what_is_looked_for_would_be_found():
    for word in TERMS:
        plain = word.replace("[", "").replace("]", "").split("|")[0]
        sample = re.sub(r"\(.*?\)\??|\\w\*|\w\?", "", plain)
        assert re.search(rf"(?<![a-z])(?:{word})(?![a-z])", sample, re.IGNORECASE), word
