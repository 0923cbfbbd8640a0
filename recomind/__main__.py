"""The command line: `recomind`, or `python -m recomind`."""

from recomind.cli import main

if __name__ == "__main__":
    main()
