"""What all commands share: flags, `--config.a.b=value`, one-line errors and exit codes."""

import argparse
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from geoself_jax.config import Config, replace_at
from geoself_jax.errors import INPUT_OUTPUT, GeoselfError, missing_error, nearest_name, usage_error


class Parser(argparse.ArgumentParser):
    """argparse whose errors are ours."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raises in place of printing the usage."""
        raise usage_error(message, "", f"see python -m geoself_jax.{self.prog.split('.')[-1]} --help")


def parse(parser: Parser, argv: Sequence[str]) -> tuple[argparse.Namespace, list[tuple[str, str]]]:
    """Flags, and the dotted configuration keys in the order given.

    Raises:
        GeoselfError: Unknown flag (64).
    """
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    flags, overrides, rest = [], [], list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--config."):
            flags.append(word)
            continue
        key, equals, value = word.removeprefix("--config.").partition("=")
        if not equals:
            if not rest:
                raise usage_error(word, "no value", f"write {word}=VALUE")
            value = rest.pop(0)
        overrides.append((key, value))
    known, unknown = parser.parse_known_args(flags)
    if unknown:
        options = [o for action in parser._actions for o in action.option_strings]
        raise usage_error(unknown[0], "no such flag", nearest_name(unknown[0].split("=")[0], options))
    return known, overrides


def load_config(path: str, overrides: Sequence[tuple[str, str]]) -> Config:
    """The configuration of a file's `get_config()`, with keys replaced.

    Raises:
        GeoselfError: No such file (66); no `get_config`, an unknown key or a wrong value (64).
    """
    if not Path(path).is_file():
        near = nearest_name(path, [str(p) for p in sorted(Path("configs").glob("*.py"))] or ["none"])
        raise missing_error(f"--config={path}", "no such file", near)
    get_config = runpy.run_path(path).get("get_config")
    config = get_config() if callable(get_config) else None
    if not isinstance(config, Config):
        raise usage_error(
            f"--config={path}",
            "wanted a file with get_config() that returns a geoself_jax.config.Config",
            "see configs/synthetic.py",
        )
    for key, value in overrides:
        config = replace_at(config, key, value)
    return config


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Runs a command and exits with its code; an error is one line unless --debug is given."""
    argv = sys.argv[1:]
    try:
        code = main(argv)
    except (GeoselfError, OSError) as error:
        if "--debug" in argv:
            raise
        print(f"error: {error}", file=sys.stderr)
        code = error.code if isinstance(error, GeoselfError) else INPUT_OUTPUT
    sys.stdout.flush()
    raise SystemExit(code)
