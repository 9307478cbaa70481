"""The start of the command `crossover`: Ctrl-C is answered in one line even while it imports."""

import os
import signal
import sys


def _stop(*_: object) -> None:
    os.write(2, b"crossover: stopped; nothing was kept\n")
    os._exit(130)


def main() -> int:
    """Run the command that the process was started with, and return its exit code."""
    signal.signal(signal.SIGINT, _stop)
    from crossover.reports.cli import app

    code = app.main()
    # All is said: nothing that Python still clears away is worth a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(main())
