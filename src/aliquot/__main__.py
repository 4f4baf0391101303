"""The program ``aliquot``, also as ``python -m aliquot``."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it; Ctrl-C ends it quietly even before it is loaded."""
    try:
        from aliquot.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
