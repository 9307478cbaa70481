"""What signals a release gives: each view of it set beside what it replaces.

See `data.signals` for what a signal is, and `data.views` for the views.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from crossover.data.comparison import same
from crossover.data.history import LEAST
from crossover.data.names import REST
from crossover.data.revisions import quantile
from crossover.data.signals import (
    Agreed,
    Known,
    Signal,
    agree,
    apart_of,
    common_factor,
    factors_of,
    fit,
    misfit,
    of_year,
    percent,
    percent_of,
    rank,
    rank_correlation,
    times,
    years_of,
)
from crossover.data.views import OPEN, Cells, View, overlap

MOST_CHANGED = 10
"""Of so many labels, those that changed most, it is asked whose figures they have."""
HALF = 0.5
"""Another reading is one where more agrees than not."""
TINY = 1e-3
"""Disagreement below this is none, so that a ratio of two is a number."""


def measure(known: Known, now: Sequence[View]) -> list[Signal]:
    """Return the signals of a release; none where it shares no year with what is known."""
    found: list[Signal] = []
    by_name = {view.name: view for view in now}
    for view in now:
        before = known.before.get(view.name, {})
        if years_of(before) & years_of(view.cells):
            found += _Pair(known, view, before).signals()
    for measure, noun in by_name:
        if noun == "supplier" and (measure, "recipient") in by_name:
            found += _sides(known, by_name, measure)
    return found


class _Pair:
    """A view of a release beside what it replaces."""

    def __init__(self, known: Known, view: View, before: Cells):
        self.known, self.view, self.now = known, view, view.cells
        self.factors = factors_of(before, view.cells) if known.rebased else {}
        self.before = {k: x * self.factors.get(k[0], 1.0) for k, x in before.items()}
        self.years = years_of(self.before) & years_of(self.now)
        self.both = [
            key
            for key in (self.before.keys() | self.now.keys() if view.is_volume else self.now)
            if key[1] in self.years and (view.is_volume or key in self.before)
        ]

    def signals(self) -> list[Signal]:
        """Return all signals of the view."""
        if not self.both:
            return []
        if self.view.measure == OPEN:
            return list(self._level())
        steps = [self._agreement(), self._ratios(), self._newest(), self._zeros()]
        steps += [self._level()] if self.view.is_volume else []
        steps += [self._rewound()] if self.view.noun in ("supplier", "country") else []
        if not self.view.is_fine:
            steps += [self._ranks(), self._moved()]
        if self.known.whole or self.known.rebased:
            steps += [self._coverage()]
        return [signal for step in steps for signal in step]

    def _signal(self, name: str, value: float, words: str, shown: Callable, *more: str) -> Signal:
        view = self.view
        kind = view.measure.split()[0] if view.is_volume or view.is_fine else "countries"
        grain = "fine" if view.is_fine else "coarse"
        return Signal(name, (name, kind, grain, *more), max(value, 0.0), words, shown)

    @property
    def what(self) -> str:
        """What is counted, and by what."""
        return f"{self.view.measure} by {self.view.noun}"

    # How much agrees ------------------------------------------------------------------------

    def _agreement(self) -> Iterator[Signal]:
        of_all, of_year, of_label = Agreed(), defaultdict(Agreed), defaultdict(Agreed)
        volume = self.view.is_volume
        worst, largest = self.both[0], -1.0
        for key in self.both:
            x, z = self.before.get(key, 0.0), self.now.get(key, 0.0)
            if volume:
                shared, whole, far = min(x, z), max(x, z), abs(x - z)
            else:
                shared, whole = overlap(x, z), 1.0
                far = 1.0 - shared
            for agreed in (of_all, of_year[key[1]], of_label[key[0]]):
                agreed.shared += shared
                agreed.whole += whole
                agreed.count += 1
            if far > largest:
                worst, largest = key, far
        example = self._named(worst)
        yield self._signal(
            "agreement",
            of_all.odd,
            f"{self.what} agree in {percent(of_all.odd)} with what was known; farthest {example}",
            percent,
        )
        years = {year: held for year, held in of_year.items() if held.count >= LEAST}
        if years:
            year = max(years, key=lambda y: (years[y].odd, y))
            yield self._signal(
                "year",
                years[year].odd,
                f"{self.what} of {year} agree in {percent(years[year].odd)} with what was known",
                percent,
            )
        if not self.view.is_fine:
            yield from self._by_label(of_all, of_label)

    def _by_label(self, of_all: Agreed, of_label: dict[str, Agreed]) -> Iterator[Signal]:
        held = {label: one for label, one in of_label.items() if one.count >= LEAST}
        if not held:
            return
        if self.view.is_volume and of_all.whole:
            label = max(held, key=lambda n: (held[n].apart, n))
            share = held[label].apart / of_all.whole
            words = f"{100 * share:.1f} % of all {self.what} moved at {label} alone"
            yield self._signal("weight", share, words, percent_of)
        yield self._exchanged(held)
        label = max(held, key=lambda n: (held[n].odd, n))
        words = f"{self.view.measure} of {label} agree in {percent(held[label].odd)} with before"
        yield self._signal("label", held[label].odd, words, percent)

    def _exchanged(self, of_label: dict[str, Agreed]) -> Signal:
        """Say how much better two labels fit with each other's names, at the most."""
        now: dict[str, Cells] = defaultdict(dict)
        before: dict[str, Cells] = defaultdict(dict)
        for split, cells in ((now, self.now), (before, self.before)):
            for (label, year), x in cells.items():
                split[label]["", year] = x
        best = self.reading("", 0.0, 0.0)
        own = {label: misfit(before[label], now[label]) for label in before.keys() & now.keys()}
        most = sorted(own.keys() & of_label, key=lambda n: (-of_label[n].odd, n))[:MOST_CHANGED]
        for one, other in itertools.combinations(most, 2):
            turned = misfit(before[one], now[other]), misfit(before[other], now[one])
            if turned[0] < own[other] and turned[1] < own[one]:
                words = f"{one} and {other} look exchanged"
                straight = (own[one] + own[other]) / 2
                reading = self.reading(words, straight, sum(turned) / 2)
                best = max(best, reading, key=lambda signal: signal.value)
        return best

    def _level(self) -> Iterator[Signal]:
        """Set the sum of all figures of known years beside that before."""
        x = math.fsum(self.before.get(key, 0.0) for key in self.both)
        z = math.fsum(self.now.get(key, 0.0) for key in self.both)
        odd = abs(math.log(max(z, TINY) / max(x, TINY)))
        words = f"{self.view.measure} of known years sum to {z:,.6g}, where {x:,.6g} was known"
        yield self._signal("level", odd, words, times, self.view.measure)

    def _ranks(self) -> Iterator[Signal]:
        """Set the order of the labels by size beside that before."""
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for key in self.both:
            if key in self.before and key in self.now:
                sums[key[0]][0] += self.before[key]
                sums[key[0]][1] += self.now[key]
        if len(sums) >= LEAST:
            order = rank_correlation(list(sums.values()))
            odd = -math.log(max((1.0 + order) / 2, 1e-6))
            words = f"the order of {self.what} has a rank correlation of {order:.2f} with before"
            yield self._signal("ranks", odd, words, rank)

    # By what ratio --------------------------------------------------------------------------

    def _ratios(self) -> Iterator[Signal]:
        """Set the ratios of revised figures to those before beside those of other releases."""
        of_label: dict[str, list[float]] = defaultdict(list)
        for key in self.both:
            x, z = self.before.get(key, 0.0), self.now.get(key, 0.0)
            if x * z > 0:
                of_label[key[0]].append(math.log(z / x))
        logs = [one for held in of_label.values() for one in held if abs(one) > 1e-6]
        if len(logs) >= LEAST**2:
            middle, far = statistics.median(logs), quantile(map(abs, logs), 0.9)
            many = f"{len(logs):,} revised figures ({self.what})"
            words = f"{many} are in the middle × {math.exp(middle):.3g} those before"
            yield self._signal("ratio", abs(middle), words, times)
            words = f"a tenth of {many} moved by more than × {math.exp(far):.3g}"
            yield self._signal("spread", far, words, times)
        if self.view.is_fine:
            return
        if self.factors:
            return
        shifts = {n: held for n, logs in of_label.items() if (held := common_factor(logs))}
        label = max(shifts, key=lambda n: (abs(shifts[n]), n), default="")
        size = shifts.get(label, 0.0)
        words = f"{self.view.measure} of {label} are × {math.exp(size):.3g} in all years"
        yield self._signal("factor", abs(size), words, times)

    def _zeros(self) -> Iterator[Signal]:
        if not self.view.is_volume:
            fallen = [k for k, x in self.now.items() if not x and self.before.get(k, 1.0)]
            example = f", as {self._named(min(fallen))}" if fallen else ""
            words = f"{len(fallen):,} of {len(self.now):,} figures are zero now{example}"
            yield self._signal("zeros", len(fallen) / len(self.now), words, percent_of)

    # What is missing ------------------------------------------------------------------------

    def _coverage(self) -> Iterator[Signal]:
        last: dict[bool, dict[str, int]] = {True: {}, False: {}}
        for is_now, cells in ((True, self.now), (False, self.before)):
            for label, year in cells:
                last[is_now][label] = max(last[is_now].get(label, year), year)
        in_years = [key for key in self.before if key[1] in self.years]
        gone = [key for key in in_years if key not in self.now]
        if not self.view.is_fine:
            yield from self._lost(in_years, last[True])
            yield self._missing_years()
            short = sorted(n for n, y in last[True].items() if y < last[False].get(n, y))
            words = f"{self.what}: {len(short)} end earlier than before, as {', '.join(short[:3])}"
            share = len(short) / len(last[True])
            yield self._signal("ends", share, words, percent_of, *self._origin())
        example = min(gone, key=lambda k: (-abs(self.before[k]), k), default=None)
        what = f", as {self._named(example)}" if example else ""
        words = f"{self.what} lack {len(gone):,} of {len(in_years):,} figures{what}"
        yield self._signal("gone", len(gone) / len(in_years), words, percent_of, *self._origin())
        yield self._count(len(in_years), sum(key[1] in self.years for key in self.now))
        late = [k for k in self.now if k[1] in self.years and k not in self.before]
        example = min(late, key=lambda k: (-abs(self.now[k]), k), default=None)
        what = f", as {self._named(example)}" if example else ""
        words = f"{self.what} have {len(late):,} figures of known years that no one had{what}"
        yield self._signal("late", len(late) / len(self.now), words, percent_of, *self._origin())

    def _count(self, before: int, now: int) -> Signal:
        """Set the number of figures of known years beside that before."""
        odd = abs(math.log(now / before))
        words = f"{self.what}: {now:,} figures of known years, where {before:,} were known"
        kind = "countries" if self.view.noun == "country" else "arms"
        return Signal("count", ("count", kind, *self._origin()), odd, words, times)

    def _lost(self, in_years: list[tuple[str, int]], now: dict[str, int]) -> Iterator[Signal]:
        lost: dict[str, int] = defaultdict(int)
        for label, _ in in_years:
            if label not in now:
                lost[label] += 1
        lost = {label: n for label, n in lost.items() if n >= LEAST}
        label = max(lost, key=lambda n: (lost[n], n), default="")
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        words = f"{self.what} lack {label}{more}: {lost.get(label, 0)} years of it were known"
        share = lost.get(label, 0) / len(in_years)
        yield self._signal("lost", share, words, percent_of, *self._origin())

    def _missing_years(self) -> Signal:
        ours = years_of(self.now)
        known = Counter(year for _, year in self.before)
        missing = sorted(
            year
            for year, n in known.items()
            if n >= LEAST and year not in ours and year > min(ours)
        )
        words = f"{self.what} lack {len(missing)} years that were known: "
        words += ", ".join(map(str, missing[:5]))
        share = len(missing) / len(known)
        return self._signal("years", share, words, percent_of, *self._origin())

    def _origin(self) -> tuple[str, ...]:
        return ("whole",) if self.known.whole else ("extract",)

    # Other readings -------------------------------------------------------------------------

    def _moved(self) -> Iterator[Signal]:
        """Say how much better figures fit when they are read a year later, earlier, backwards."""
        first, last = min(self.years), max(self.years)
        readings = [
            ("figures stand a year too late", lambda y: y - 1),
            ("figures stand a year too early", lambda y: y + 1),
        ]
        if not self.view.is_volume:
            readings.append(("years stand in reverse order", lambda y: first + last - y))
        for words, turn in readings:
            keys = [key for key in self.both if turn(key[1]) in self.years]
            if len(keys) >= LEAST:
                straight = self._disagree(self.before, [(key, key) for key in keys])
                turned = self._disagree(self.before, [((k[0], turn(k[1])), k) for k in keys])
                yield self.reading(words, straight, turned)

    def _disagree(self, cells: Cells, pairs: Sequence[tuple]) -> float:
        """Return what share does not agree, of pairs of a key of some cells and one of now."""
        both = [(cells.get(one), self.now.get(other)) for one, other in pairs]
        if self.view.is_volume:
            shared = math.fsum(min(x or 0.0, z or 0.0) for x, z in both)
            whole = math.fsum(max(x or 0.0, z or 0.0) for x, z in both)
            return 1.0 - shared / whole if whole else 0.0
        held = [overlap(x, z) for x, z in both if x is not None and z is not None]
        return 1.0 - statistics.mean(held) if held else 0.0

    def reading(self, words: str, straight: float, turned: float) -> Signal:
        """Say how much better figures fit another reading, from what does not agree in each."""
        better = math.log((straight + TINY) / (turned + TINY)) if turned < HALF else 0.0
        said = f"{self.what}: {words} ({agree(turned)} agree so, {agree(straight)} as they stand)"
        return self._signal("reading", better, said, fit)

    def _rewound(self) -> Iterator[Signal]:
        """Say how much better figures fit an older release than the newest."""
        for day, cells in self.known.older.items():
            older = cells.get(self.view.name, {})
            keys = [(key, key) for key in self.both if key in older and key in self.before]
            if len(keys) >= LEAST and any(older[key] != self.before[key] for key, _ in keys):
                straight, turned = (self._disagree(of, keys) for of in (self.before, older))
                yield self.reading(f"figures are those of the release of {day}", straight, turned)

    # The newest year ------------------------------------------------------------------------

    def _newest(self) -> Iterator[Signal]:
        """Set each new year beside the one before it."""
        known = max(years_of(self.before))
        for year in sorted(y for y in years_of(self.now) if y > known):
            if self.view.noun != "weapon":
                yield from self._copied(year)
            if not self.view.is_fine:
                yield from self._new_year(self.before if year - 1 == known else self.now, year)

    def _copied(self, year: int) -> Iterator[Signal]:
        x, z = of_year(self.now, year - 1), of_year(self.now, year)
        both = sorted(x.keys() & z.keys())
        if len(both) >= LEAST:
            equal = [n for n in both if x[n] and same(x[n], z[n])]
            words = f"{len(equal)} of {len(both)} {self.what} of {year} are those of {year - 1}"
            words += f", as {', '.join(equal[:3])}" if equal else ""
            yield self._signal("copied", len(equal) / len(both), words, percent_of)

    def _new_year(self, base: Cells, year: int) -> Iterator[Signal]:
        x, z = of_year(base, year - 1), of_year(self.now, year)
        both = sorted(x.keys() & z.keys())
        if len(both) < LEAST or min(x.values()) < 0:
            return
        if self.view.is_volume:
            before, now = sum(x.values()), sum(z.values())
            if before <= 0 or now <= 0:
                return
            level = abs(math.log(now / before))
            agreed = sum(min(x.get(n, 0) / before, z.get(n, 0) / now) for n in x.keys() | z.keys())
        else:
            logs = [math.log(z[n] / x[n]) for n in both if x[n] * z[n] > 0]
            level = abs(statistics.median(logs)) if logs else 0.0
            agreed = statistics.mean(overlap(x[n], z[n]) for n in both)
        words = f"{self.what} of {year} are × {math.exp(level):.3g} those of {year - 1}, or a part"
        yield self._signal("new level", level, words, times)
        odd = -math.log(max(agreed, 1e-6))
        words = f"{self.what} of {year} are spread as in {year - 1} in {percent(odd)}"
        yield self._signal("new shares", odd, words, percent)

    def _named(self, key: tuple[str, int]) -> str:
        x, z = self.before.get(key), self.now.get(key)
        before, now = ("none" if v is None else f"{v:,.4g}" for v in (x, z))
        return f"{key[0]} {key[1]}: {before} → {now}"


def _sides(known: Known, views: dict[tuple[str, str], View], measure: str) -> Iterator[Signal]:
    """Say how much better suppliers fit what recipients had, and the reverse."""
    names = {side: (measure, side) for side in ("supplier", "recipient")}
    before = {side: known.before.get(name, {}) for side, name in names.items()}
    now = {side: views[name].cells for side, name in names.items()}
    labels = set.intersection(*({label for label, _ in cells} for cells in before.values()))
    labels.discard(REST)
    for side, other in (("supplier", "recipient"), ("recipient", "supplier")):
        pair = _Pair(known, views[names[side]], before[side])
        if pair.both:
            newest = {y for y in years_of(now[side]) if y - 1 in pair.years and y not in pair.years}
            spans = [(pair.years, 0), *(({year}, 0) for year in pair.years)]
            readings = []
            for years, back in (*spans, *(({year}, 1) for year in newest)):
                keys = [(label, year) for label in labels for year in years]
                if sum(1 for key in keys if now[side].get(key)) < LEAST:
                    continue
                when = f" of {min(years)}" if len(years) == 1 else ""
                words = f"{side}s{when} are those that were {other}s: the sides look exchanged"
                apart = (apart_of(before[of], now[side], keys, back) for of in (side, other))
                readings.append(pair.reading(words, *apart))
            yield from sorted(readings, key=lambda signal: signal.value)[-1:]
