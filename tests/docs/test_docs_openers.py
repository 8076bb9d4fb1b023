"""What a page of docs/ opens with runs as it stands, in the order of use, and so does Start."""

import glob
import re
import shutil
from itertools import chain

import jaxtyping
import pytest
from pages import PAGES, ROOT, commands, module_of, shell_blocks

from geoself_jax.core.config import as_dict
from geoself_jax.runtime import cli

TEXTS = {page.name: page.read_text() for page in PAGES}


def test_the_commands_of_start_are_those_of_the_pages():
    readme = TEXTS["README.md"]
    start = next(block for block in shell_blocks(readme) if "geoself_jax.train" in block)
    pages = [shell_blocks(text) for text in TEXTS.values() if text != readme]
    opening = "".join(blocks[0] for blocks in pages if blocks)
    named = [module_of(words) for words in commands(opening.replace(" --onnx", ""))]
    ours = [command for command in map(module_of, commands(start)) if command]
    assert len([*filter(lambda command: command[0].startswith("geoself_jax."), ours)]) >= 3
    assert [command for command in ours if command not in [*named, ("venv", [".venv"])]] == []


# The pages in the order of use, and what is appended to a command so that it takes seconds. The
# command itself is run as the page has it.
ORDER = ("train", "evaluate", "export", "data", "inspect", "lift", "view")
QUICK = {
    "evaluate": ["--frames=240"],
    "example": ["--people=2", "--frames=200"],
    "inspect": ["--frames=100"],
    "lift": ["--frames=1200"],
    "view": ["--frames=1200"],
}
BLOCKS = {"data": 2}  # prepare is in the second: it needs something to read
WRITTEN = ("--out", "--workdir", "--html", "--output")


def keys_of(config, prefix="--config"):
    """Every key of a configuration as a flag."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}.{key}")
        else:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else value
            yield f"{prefix}.{key}={text}"


@pytest.fixture(scope="module")
def place(tiny_run, tmp_path_factory):
    """A folder like a checkout after Start, where all pages' commands are run."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "configs", folder / "configs")
    shutil.copytree(tiny_run, folder / "runs/synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # jaxtyping cannot broadcast the free batch size with which an export is traced.
        jaxtyping.config.update("jaxtyping_disable", True)
        yield folder
        jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize("name", ORDER)
def test_the_first_block_of_a_page_runs_and_writes_what_it_says(name, place, tiny_config):
    page = f"{name}.md"
    if page not in TEXTS:
        pytest.skip(f"there is no docs/{page}")
    for words in chain(*map(commands, shell_blocks(TEXTS[page])[: BLOCKS.get(name, 1)])):
        module, arguments = module_of(words)
        verb = module.removeprefix("geoself_jax.")
        if "--onnx" in arguments:
            for optional in ("onnx", "onnxruntime"):
                pytest.importorskip(optional, reason=f"{optional} is not installed")
        # Training has been done, by another test's means: the command finds the same run finished.
        quick = [*keys_of(as_dict(tiny_config))] if verb == "train" else QUICK.get(verb, [])
        files = [sorted(glob.glob(word)) or [word] for word in arguments]
        assert cli.main_of(verb)([*chain(*files), *quick]) == 0, words
        for flag, _, value in (word.partition("=") for word in arguments):
            assert flag not in WRITTEN or glob.glob(re.sub(r"\{\w+\}", "*", value)), flag
