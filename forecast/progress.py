"""Saying what is being done, for those who wait, and letting Ctrl-C end it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

from crossover.data.printable import printable


def say(message: str = "") -> None:
    """Print a line for the user to read meanwhile."""
    print(printable(message), file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(words: str, name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say what is being done, and note how long it took."""
    say(f"{words} ...")
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 2)
    say(f"    {seconds[name]:.1f} s")


@contextlib.contextmanager
def progress(words: str) -> Iterator[Callable[..., None] | None]:
    """Show a bar where somebody watches; give the function that moves it, or None.

    The function takes what is done, how much there is, and, if it likes, what is at hand.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)

        def move(done: int, total: int, at_hand: str = "") -> None:
            description = f"{words} {at_hand}".strip()
            bar.update(task, completed=done, total=total, description=description)

        yield move


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C end a block even where a library swallows the exception, as compilers do.

    The interrupt is repeated every two seconds until it comes through.
    """
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        yield
        return

    def stop(*_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 2.0, 2.0)
        raise KeyboardInterrupt

    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {kind: signal.signal(kind, stop) for kind in kinds}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for kind, handler in before.items():
            signal.signal(kind, handler)
