"""The command line: `recomind`, or `python -m recomind`."""

import sys


def main() -> None:
    """Run the command line, or say what to install where only the client is."""
    try:
        from recomind.cli import main as run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit("the recomind command is not part of the base install: pip install 'recomind[worker]'")
    run()


if __name__ == "__main__":
    main()
