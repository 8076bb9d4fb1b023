"""Every command, option and key that README and docs/*.md name exists and works as they say."""

import pytest
from pages import PAGES, ROOT, commands, inline_code, module_of, shell_blocks

from geoself_jax.core.config import Config, replace_at
from geoself_jax.core.errors import GeoselfError
from geoself_jax.runtime import cli as command_lines

VERBS = sorted(command_lines.VERBS)
OTHERS = {
    "--keypoint_scale",  # OpenPose's; OpenPifPaf's
    *("--json-output", "--long-edge", "--start-msec", "--force-complete-pose"),
    *("--scale", "--crop", "--rotate", "--horizontal-flip"),
}
TEXTS = {page.name: page.read_text() for page in PAGES}


class Parsed(Exception):
    """Carries what a command's own parser was given, in place of the command's work."""


def parser_of(verb):
    """The parser that `python -m geoself_jax.VERB` makes."""

    def leave(parser, argv):
        raise Parsed(parser)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Parsed) as parsed:
        patch.setattr(command_lines, "parse", leave)
        command_lines.main_of(verb)([])
    return parsed.value.args[0]


def options_of(verb):
    return {option for action in parser_of(verb)._actions for option in action.option_strings}


def check_keys(flags, overrides):
    """Raises GeoselfError for a configuration key that does not exist or a value that cannot be."""
    config = str(flags.get("config"))
    if (ROOT / config).is_file() or config in command_lines.configurations():
        path = ROOT / config
        command_lines.load_config(path if path.is_file() else config, overrides)
    for key, value in overrides:
        replace_at(Config(), key, value)


def check_whole(module, arguments):
    """Parses a whole command as the command itself does; a benchmark's flags are looked up."""
    package, _, name = module.partition(".")
    if package == "benchmarks":
        one = ROOT / f"benchmarks/{name}.py"
        source = (one if one.is_file() else ROOT / f"benchmarks/{name}/__main__.py").read_text()
        for word in arguments:
            flag = word.split("=")[0]
            assert not flag.startswith("--") or f'"{flag}"' in source, f"{module} {flag}"
    if package != "geoself_jax":
        return
    assert name in VERBS, f"no command {module}"
    if "--help" in arguments:
        return
    before, after = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        before, after = arguments[:cut], ["--workdir=x", *arguments[cut + 1 :]]
    for verb, words in ((name, before), *([("train", after)] if after else [])):
        flags, overrides = command_lines.parse(parser_of(verb), words)
        check_keys(vars(flags), overrides)


def whole_commands(text):
    found = (module_of(words) for block in shell_blocks(text) for words in commands(block))
    return [command for command in found if command]


def mentioned(text):
    """`VERB --flags`, `python -m MODULE --flags`, `--flag` amid the text: (verb or None, flags)."""
    for code in inline_code(text):
        words = next(commands(code), [])
        module, arguments = module_of(words) or (None, words)
        verb = module.removeprefix("geoself_jax.") if module else None
        if words and words[0] in VERBS:
            verb, arguments = words[0], words[1:]
        if (verb is None and code.startswith("--")) or verb in VERBS:
            yield verb, [word for word in arguments if word.startswith("--") and word != "--"]


def check_mention(verb, flags):
    """A flag with its verb must be that command's; one by itself any command's."""
    verbs = [verb] if verb else VERBS
    known = {"--debug", "--help", "--quiet", "--version", *OTHERS}.union(*map(options_of, verbs))
    for flag in flags:
        name, _, value = flag.partition("=")
        if name.startswith("--config."):
            key = name.removeprefix("--config.")
            if value.isupper():  # stands for a value
                value = None
            replace_or_find(key, value)
        else:
            assert name in known, f"{verb or 'no command'} {name}"


def replace_or_find(key, value):
    """The key is there, and the value can be, where one is given."""
    if value:
        replace_at(Config(), key, value)
        return
    found = Config()
    for part in key.split("."):
        found = getattr(found, part)


@pytest.mark.parametrize("name", TEXTS)
def test_the_commands_of_a_page_are_taken_by_their_parsers(name):
    for module, arguments in whole_commands(TEXTS[name]):
        check_whole(module, arguments)


@pytest.mark.parametrize("name", [n for n in TEXTS if n not in ("launch.md", "wrong_inputs.md")])
def test_flags_and_keys_amid_the_text_exist(name):
    for verb, flags in mentioned(TEXTS[name]):
        check_mention(verb, flags)
    # launch.md names flags of Docker, Slurm and gcloud too, wrong_inputs.md those that do not exist


@pytest.mark.parametrize(
    "command",
    [
        "python -m geoself_jax.train --config=configs/paper.py --workdri=x",
        "python -m geoself_jax.train --config=configs/paper.py --workdir=x --config.data.trian=y",
        "python -m geoself_jax.train --config=configs/paper.py --workdir=x --config.seed=many",
        "python -m geoself_jax.train --config=configs/paper.py",
        "python -m geoself_jax.trian",
        "python -m geoself_jax.keep --store=a --workdir=b -- --config=configs/paper.py --wrong",
        "python -m benchmarks.lift --no-such-flag",
    ],
)
def test_a_command_that_does_not_exist_so_would_be_found(command):
    (found,) = whole_commands(f"```\npip install x &&\n  .venv/bin/{command}\n```\n")
    with pytest.raises((AssertionError, GeoselfError)):
        check_whole(*found)


@pytest.mark.parametrize("code", ["`lift --no-such`", "`--no-such=3`", "`--config.modle.width=3`"])
def test_a_flag_that_does_not_exist_would_be_found_amid_the_text(code):
    (found,) = mentioned(f"Say {code} or `numpy --flags`.")
    with pytest.raises((AssertionError, AttributeError, GeoselfError)):
        check_mention(*found)
