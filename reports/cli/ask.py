"""`crossover ask`: any inequality of published quantities, from a run's draws."""

from __future__ import annotations

from typing import Annotated

import typer

from crossover.reports.cli import console
from crossover.reports.cli.stored import LATEST, JsonOption, RunOption, StoreOption, found

QUESTION = "as in 'deliveries RUS->CHN < 50 in 2028'"


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help=QUESTION)],
    run: RunOption = LATEST,
    store: StoreOption = None,
    json: JsonOption = False,
) -> int:
    """Answer a question from the stored draws, with its Monte-Carlo error and past skill.

    Any inequality, sum, difference or ratio of published quantities ('exports CHN > exports RUS',
    'deliveries RUS->CHN / imports CHN < 10 %'), or a published event ('independence'), 'in 2030',
    'in every year 2030-2035', 'in some year up to 2035' or by 'mean 2028-2030'; at the end 'under
    SCENARIO'. A figure's own year stands in brackets: 'exports CHN[2030] > exports CHN[2025]'.
    """
    from crossover.forecast import ask as asking

    answer = asking.ask(found(run, store), question)
    console.show(answer.to_json() if json else answer)
    return 0
