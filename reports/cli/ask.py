"""The command that answers any inequality of published quantities."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from crossover.reports.cli import console, options

QUESTION = "as in 'deliveries RUS->CHN < 50 in 2028'"


def ask(
    question: Annotated[str, Argument(metavar="QUESTION", help=QUESTION)],
    asked: options.OfRun,
    json: Annotated[bool, Option("--json", help="print JSON instead of text")] = False,
) -> int:
    """Answer a question from the stored draws, with its Monte-Carlo error and past skill.

    Any inequality, sum, difference or ratio of published quantities ('exports CHN > exports RUS',
    'deliveries RUS->CHN / imports CHN < 10 %'), or a published event ('independence'), 'in 2030',
    'in every year 2030-2035', 'in some year up to 2035' or by 'mean 2028-2030'; at the end 'under
    SCENARIO'. A technology domain stands before the years: 'capacity CHN > RUS in aircraft by
    2030'. A figure's own year stands in brackets: 'exports CHN[2030] > exports CHN[2025]'.
    Where a question names no country, the pair of the run is meant, or the one that is given.
    """
    from crossover.forecast import ask as asking

    of = asked.meant(asked.run)
    answer = asking.ask(of.run, question, of.pair)
    console.show(answer.to_json() if json else str(answer))
    return console.DONE
