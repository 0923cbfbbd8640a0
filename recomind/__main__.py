"""The command line: `recomind`, or `python -m recomind`."""

from recomind.commands import main

if __name__ == "__main__":
    main()
