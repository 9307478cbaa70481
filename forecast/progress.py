"""Saying what is being done, for those who wait, and letting Ctrl-C end it.

On a terminal a bar shows how far something has come. Elsewhere a line every half minute says what
is at hand, for how long it has been, and what is left by the pace so far.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from crossover.data.printable import printable

BEAT = 30.0
"""Seconds between two lines off a terminal."""


def say(message: str = "") -> None:
    """Print a line for the user to read meanwhile."""
    print(printable(message), file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(words: str, name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Say what is being done, and note how long it took."""
    say(f"{words} ...")
    start = time.perf_counter()
    with beating(words):
        yield
    seconds[name] = round(time.perf_counter() - start, 2)
    say(f"    {seconds[name]:.1f} s")


class Beat:
    """What is at hand: since when, and how far it has come."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.start = self.part = time.perf_counter()
        self.done = self.total = 0.0
        self.at_hand = ""

    def move(self, done: float, total: float, at_hand: str = "") -> None:
        """Note what is done of how much; where that falls back, another part has begun."""
        if done < self.done or total != self.total:
            self.part = time.perf_counter()
        self.done, self.total, self.at_hand = done, total, at_hand

    def line(self) -> str:
        """Return what there is to say now."""
        now = time.perf_counter()
        words = f"    {self.words}: {duration(now - self.start)} so far"
        if not 0 < self.done < self.total:
            return words
        left = (now - self.part) / self.done * (self.total - self.done)
        of = f" of {self.at_hand}" if self.at_hand else ""
        return f"{words}, {100 * self.done // self.total:.0f} %{of}, about {duration(left)} left"


class Tally:
    """How far several things at once have come, each in parts that follow each other.

    Parameters
    ----------
    work
        Of each thing, by name, what each of its parts takes.
    move
        Told the sum of what is done, of how much; nobody is where None.
    """

    def __init__(
        self, work: Mapping[str, Sequence[float]], move: Callable[..., None] | None
    ) -> None:
        self.work, self.move = work, move
        self.done = {name: [0.0] * len(parts) for name, parts in work.items()}
        self.part = dict.fromkeys(work, -1)

    def here(self, name: str) -> None:
        """Have what this thread does be counted as a thing's: each call of `mover` is a part."""
        _mover.set(lambda: self._next(name))

    def _next(self, name: str) -> Callable[..., None]:
        self.part[name] = at = min(self.part[name] + 1, len(self.work[name]) - 1)

        def move(done: int, total: int, at_hand: str = "") -> None:
            self.done[name][at] = done / total * self.work[name][at]
            if self.move is not None:
                self.move(*(sum(map(sum, of.values())) for of in (self.done, self.work)))

        return move


_at_hand: list[Beat] = []
_mover: contextvars.ContextVar[Callable[[], Callable[..., None]] | None] = contextvars.ContextVar(
    "mover", default=None
)


@contextlib.contextmanager
def beating(words: str) -> Iterator[Beat | None]:
    """Print a line every half minute while a block lasts; nothing on a terminal, which has bars.

    Of blocks inside each other the innermost speaks.
    """
    if sys.stderr.isatty():
        yield None
        return
    beat, ended = Beat(words), threading.Event()

    def speak() -> None:
        with contextlib.suppress(OSError):
            while not ended.wait(BEAT):
                if _at_hand[-1:] == [beat]:
                    say(beat.line())

    _at_hand.append(beat)
    threading.Thread(target=speak, daemon=True).start()
    try:
        yield beat
    finally:
        ended.set()
        _at_hand.remove(beat)


def mover() -> Callable[..., None] | None:
    """Return what notes how far the thing at hand has come; None where nobody says it."""
    own = _mover.get()
    if own is not None:
        return own()
    return _at_hand[-1].move if _at_hand else None


def duration(seconds: float) -> str:
    """Return a time in words: seconds up to two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


@contextlib.contextmanager
def progress(words: str) -> Iterator[Callable[..., None] | None]:
    """Show a bar where somebody watches; give the function that says how far it has come.

    The function takes what is done, how much there is, and, if it likes, what is at hand.
    """
    if not sys.stderr.isatty():
        with contextlib.nullcontext() if _at_hand else beating(words):
            yield mover()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(words), total=None)

        def move(done: int, total: int, at_hand: str = "") -> None:
            description = escape(printable(f"{words} {at_hand}".strip()))
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
