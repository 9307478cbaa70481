"""The start of the command `crossover`: Ctrl-C is answered in one line even while it imports.

What is imported before that is next to nothing: of `signal` its core, since the module itself
imports more than all else here.
"""

import _signal as signal
import os
import sys


def _stop(*_: object) -> None:
    os.write(2, b"crossover: stopped; nothing was kept\n")
    os._exit(130)


signal.signal(signal.SIGINT, _stop)


def main() -> int:
    """Run the command that the process was started with, and return its exit code."""
    from crossover.reports.cli import app

    code = app.main()
    # All is said: nothing that Python still clears away is worth a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(main())
