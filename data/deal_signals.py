"""How a trade register differs from the one before it, deal by deal, as signals; see `data.bounds`.

Told are the deals that changed and that are gone, and those of which more was delivered than was
ordered, each as a share; each is set beside what every kept register did when it came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from crossover.data import look
from crossover.data.alarms import COVERAGE, DISTANCE, Alarm
from crossover.data.bounds import Pools
from crossover.data.records import Deal, Register
from crossover.data.signals import COMMON, Signal, percent_of


def find(
    registers: Iterable[Register], known: Iterable[Register], deals: Sequence[Deal]
) -> list[Alarm]:
    """Return what about new registers goes beyond what known ones have shown.

    Parameters
    ----------
    registers : new ones.
    known : those kept before.
    deals : all deals, in every form that they had in one of the registers.
    """
    signals = _signals(deals)
    pools = Pools()
    for register in known:
        pools.add(signals.get(register.vintage, []), changes=True)
    return [
        Alarm(
            COVERAGE if signal.name == "gone" else DISTANCE,
            *(look.ORDERS, register.vintage, register.file, (), 0),
            f"{signal.words} (kept registers: at most {signal.shown(limit)})",
            limit,
        )
        for register in registers
        for signal, limit in pools.too_much(signals.get(register.vintage, []))
    ]


def _signals(deals: Sequence[Deal]) -> dict[str, list[Signal]]:
    """Return release → its signals; of the first register, which had none before, none."""
    begun: dict[str, list[Deal]] = defaultdict(list)
    ended: dict[str, set[int]] = defaultdict(set)
    for deal in deals:
        begun[deal.valid_from].append(deal)
        if deal.valid_to:
            ended[deal.valid_to].add(deal.deal)
    found, standing = {}, 0
    for vintage in sorted(begun.keys() | ended.keys()):
        now = begun[vintage]
        changed = len(ended[vintage] & {deal.deal for deal in now})
        gone = len(ended[vintage]) - changed
        over = [deal for deal in now if _over(deal)]
        before, standing = standing, standing + len(now) - len(ended[vintage])
        if before:
            words = f"{len(over):,} new or changed deals of {standing:,} have more delivered than "
            words += f"ordered{_as(over)}"
            found[vintage] = [
                _signal("changed", changed / before, f"{changed:,} of {before:,} deals changed"),
                _signal("gone", gone / before, f"{gone:,} of {before:,} deals are gone"),
                _signal("over", len(over) / max(standing, 1), words),
            ]
    return found


def _over(deal: Deal) -> bool:
    """Say whether more was delivered than was ordered, by number or by volume."""
    by_number = deal.n_ordered is not None and deal.n_delivered > deal.n_ordered
    ordered = deal.tiv_ordered
    return by_number or (ordered is not None and deal.tiv_delivered > ordered * (1 + COMMON))


def _signal(name: str, value: float, words: str) -> Signal:
    return Signal(name, (name, "deals"), value, words, percent_of)


def _as(over: Sequence[Deal]) -> str:
    if not over:
        return ""
    worst = max(over, key=lambda deal: (deal.tiv_delivered - (deal.tiv_ordered or 0), deal.deal))
    return (
        f", as one of {worst.order_year} from {worst.supplier} to {worst.recipient}: "
        f"{worst.n_ordered or 0:,} ordered and {worst.n_delivered:,} delivered, or TIV million "
        f"{worst.tiv_ordered or 0:,.4g} and {worst.tiv_delivered:,.4g}"
    )
