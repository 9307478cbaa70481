"""`crossover runs reproduce ID`: make a run again from its record, and compare."""

from pathlib import Path
from typing import Annotated

import typer

DONE, FAILED = 0, 1


def reproduce(
    run: Annotated[str | None, typer.Argument(help="run folder, or beginning of an id")] = None,
    out: Annotated[Path | None, typer.Option(help="folder of the new run; in the store")] = None,
    panel: Annotated[Path | None, typer.Option(help="folder of a panel; the shipped one")] = None,
    store: Annotated[Path | None, typer.Option(help="folder of runs, additions and ledger")] = None,
) -> int:
    """Fit a run again from its record alone, and say whether every event agrees.

    Day, additions, priors, seed and draws are those on record; what of the code and the packages
    has changed is listed. Probabilities agree within Monte-Carlo error, by a limit that a sound run
    exceeds once in a thousand times. Exit 1 if one does not.
    """
    import shlex
    import sys

    from crossover.forecast import reproduce, runs

    place = runs.store(store)
    folder = runs.find(run, place)
    line = shlex.join(["crossover", *sys.argv[1:]])
    found = reproduce.reproduce(folder, place, panel, line, out)
    for each in found.changed:
        typer.echo(f"changed since: {each}", err=True)
    typer.echo(f"run made again: {found.run}")
    for row in reproduce.worst(found.rows):
        typer.echo(
            f"{row.event} {row.domain} {row.kind} {row.year}: {row.then:.4f} then, {row.now:.4f} "
            f"now, {row.errors:.1f} errors apart"
        )
    apart = sum(not row.agrees for row in found.rows)
    typer.echo(
        f"{len(found.rows)} probabilities, {apart} further apart than {found.limit:.1f} "
        f"Monte-Carlo errors: {'REPRODUCED' if found.agrees else 'NOT reproduced'}"
    )
    return DONE if found.agrees else FAILED
