"""The commands: geoself, or python -m geoself_jax."""

from collections.abc import Sequence

from geoself_jax import __version__
from geoself_jax.core.errors import nearest_name, usage_error
from geoself_jax.runtime import cli


def main(argv: Sequence[str]) -> int:
    """Lists the commands, or runs the one that is named first; returns the exit code."""
    if argv and argv[0] == "--version":
        print(f"geoself_jax {__version__}")
        return 0
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: geoself VERB [FLAGS]    or: python -m geoself_jax.VERB [FLAGS]\n")
        width = max(map(len, cli.VERBS)) + 2
        for verb, what in cli.VERBS.items():
            print(f"  {verb:<{width}}{what}")
        print(
            "\ngeoself VERB --help lists its flags and two examples; geoself --version the version."
        )
        return 0
    verb = argv[0]
    if verb not in cli.VERBS:
        raise usage_error(f"geoself {verb}", "no such command", nearest_name(verb, cli.VERBS))
    return cli.main_of(verb)(argv[1:])


def run() -> None:
    """The console script `geoself`."""
    cli.run(main)


if __name__ == "__main__":
    run()
