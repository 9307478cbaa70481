"""The language of `crossover ask`: from a line of text to a question, or a refusal with its place.

    question  = statement [ within ] [ when ] [ "under" SCENARIO ]
    statement = EVENT [ pair ] | sum COMPARE sum
    COMPARE   = "<" | "<=" | ">" | ">="
    sum       = product { ( "+" | "-" ) product }
    product   = factor { ( "*" | "/" ) factor }
    factor    = NUMBER [ "%" ] | "-" factor | "(" sum ")" | figure
    figure    = [ QUANTITY ] [ pair | COUNTRY ] [ within ] [ "[" YEAR "]" ]
    within    = "in" DOMAIN
    pair      = COUNTRY "->" COUNTRY
    when      = "in" YEAR
              | "by" YEAR
              | "in" "every" "year" span
              | "in" "some" "year" span
              | "mean" span
    span      = YEAR "-" YEAR | "up" "to" YEAR

A COUNTRY is a code or a name, of several words too. A figure with a year in brackets is that of the
year, whatever `when` says; `when` may be missing only if every figure has one. `mean` averages each
figure over the span, then compares. `up to` begins with the year after the last data year; `by` is
some year up to one. A DOMAIN at the end of the statement is that of every figure without one; one
without any is of all domains together. A figure without a QUANTITY has that of the one before it.
Words are read in any case.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crossover.data import countries
from crossover.data.errors import InputError
from crossover.data.names import BASELINE, DOMAINS
from crossover.forecast.quantities import IN_A_DOMAIN, PAIR, QUANTITIES, Quantity
from crossover.forecast.tokens import Token, refusal, tokens

IN, EVERY, SOME, MEAN = "in", "every", "some", "mean"
COMPARISONS = ("<=", ">=", "<", ">")
BY = "by"
KEYWORDS = (IN, MEAN, BY, "under", "up")


@dataclass(frozen=True)
class Number:
    """A number; `percent` where it was given in hundredths."""

    value: float
    percent: bool = False


@dataclass(frozen=True)
class Figure:
    """A quantity, whose it is (ISO3 codes; empty where nobody is named), and a year of its own.

    `domain`: the technology domain, empty for all together.
    """

    quantity: Quantity
    of: tuple[str, ...]
    year: int | None
    at: int
    domain: str = ""

    @property
    def drawn(self) -> Quantity:
        """What is looked up: the quantity, or what it is called by domain."""
        return QUANTITIES[IN_A_DOMAIN[self.quantity.name]] if self.domain else self.quantity


@dataclass(frozen=True)
class Operation:
    """Two expressions joined by `+`, `-`, `*` or `/`."""

    sign: str
    left: Expression
    right: Expression
    at: int


Expression = Number | Figure | Operation


@dataclass(frozen=True)
class Comparison:
    """An inequality of two expressions."""

    left: Expression
    sign: str
    right: Expression
    at: int


@dataclass(frozen=True)
class Event:
    """A published event, of which pair (ISO3 codes; empty for the run's own), in which domain."""

    name: str
    of: tuple[str, ...]
    at: int
    domain: str = ""


@dataclass(frozen=True)
class When:
    """In which years: `how` is in, every, some or mean; `first` None: the year after the data."""

    how: str
    first: int | None
    last: int


@dataclass(frozen=True)
class Question:
    """What was asked: a statement, when, in which scenario, and the text."""

    statement: Comparison | Event
    when: When | None
    scenario: str
    text: str


def parse(text: str, events: Sequence[str]) -> Question:
    """Read a question.

    Parameters
    ----------
    text
        As the grammar in the module has it.
    events
        Names of the events that may be asked.

    Raises
    ------
    InputError
        One line with the place of the first word that does not fit, and what is known there.
    """
    return _Parser(text, events).question()


class _Parser:
    """A recursive descent: one method a rule of the grammar."""

    def __init__(self, text: str, events: Sequence[str]) -> None:
        self.text, self.events = text, events
        self.tokens, self.next = tokens(text), 0
        self.before: Quantity | None = None

    # Reading tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.token
        self.next += token.kind != "end"
        return token

    def has(self, *words: str) -> bool:
        return self.token.text.casefold() in words

    def expect(self, word: str, rule: str) -> Token:
        if not self.has(word):
            raise self.refuse(rule)
        return self.take()

    def refuse(self, rule: str, at: int | None = None) -> InputError:
        return refusal(self.text, self.token.at if at is None else at, rule)

    # Rules

    def question(self) -> Question:
        statement = self.event() or self.comparison()
        start = self.token.at
        if domain := self.domain():
            statement = self.within(statement, domain, start)
        when, scenario = self.when(), BASELINE
        if self.has("under"):
            self.take()
            if self.token.kind != "word":
                raise self.refuse("expected the name of a scenario")
            scenario = self.take().text
        if self.token.kind != "end":
            raise self.refuse(
                "expected the years ('in 2030', 'in every year 2030-2035', 'in some year up to "
                "2035', 'mean 2028-2030'), a domain ('in aircraft'), 'under SCENARIO' or the end"
            )
        if when is None and any(figure.year is None for figure in figures(statement)):
            raise self.refuse("expected the years, as in 'in 2030' or 'in some year up to 2035'")
        if when is None and isinstance(statement, Event):
            raise self.refuse("expected the years, as in 'in 2030' or 'in some year up to 2035'")
        if when is not None and when.how == MEAN and isinstance(statement, Event):
            raise self.refuse("an event holds or does not, and has no mean", statement.at)
        return Question(statement, when, scenario, " ".join(self.text.split()))

    def event(self) -> Event | None:
        token = self.token
        name = token.text.casefold()
        if token.kind != "word" or name not in self.events:
            return None
        self.take()
        of = self.owner(pair=True) if self.is_country() else ()
        return Event(name, of, token.at)

    def comparison(self) -> Comparison:
        left = self.sum()
        if not self.has(*COMPARISONS):
            raise self.refuse("expected <, <=, > or >=, as in 'deliveries RUS->CHN < 50 in 2028'")
        sign = self.take()
        return Comparison(left, sign.text, self.sum(), sign.at)

    def sum(self) -> Expression:
        left = self.product()
        while self.has("+", "-"):
            sign = self.take()
            left = Operation(sign.text, left, self.product(), sign.at)
        return left

    def product(self) -> Expression:
        left = self.factor()
        while self.has("*", "/"):
            sign = self.take()
            left = Operation(sign.text, left, self.factor(), sign.at)
        return left

    def factor(self) -> Expression:
        token = self.token
        if token.kind == "number":
            return self.number()
        if self.has("-"):
            self.take()
            return Operation("*", Number(-1.0), self.factor(), token.at)
        if self.has("("):
            self.take()
            inner = self.sum()
            self.expect(")", "expected ')'")
            return inner
        if token.kind != "word" or token.text.casefold() in KEYWORDS:
            raise self.refuse("expected a quantity, a number or '('")
        return self.figure()

    def number(self) -> Number:
        value = float(self.take().text.replace(",", ""))
        if not self.has("%"):
            return Number(value)
        self.take()
        return Number(value / 100.0, percent=True)

    def figure(self) -> Figure:
        token = self.take()
        name = token.text.casefold()
        known = [q for q in QUANTITIES.values() if not q.by_domain]
        quantity = next((q for q in known if q.name == name), None)
        if quantity is None and (of := self.owner_alone(token)):
            quantity = self.before
        elif quantity is not None:
            of = self.owner(pair=quantity.of == PAIR) if self.is_country() else ()
        if quantity is None:
            names = [*(q.name for q in known), *self.events]
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            rule = f"no such quantity; {hint}known are {', '.join(q.name for q in known)}"
            raise self.refuse(f"{rule}; and as events {', '.join(self.events)}", token.at)
        self.before = quantity
        start = self.token.at
        if domain := self.domain(inside=True):
            self.known_in_domains(quantity.name, start)
        year = None
        if self.has("["):
            self.take()
            year = self.year()
            self.expect("]", "expected ']'")
        return Figure(quantity, of, year, token.at, domain)

    def owner_alone(self, token: Token) -> tuple[str, ...]:
        """Read whose the quantity before is meant to be, of a figure that names none."""
        if self.before is None:
            return ()
        after, self.next = self.next, self.next - 1
        try:
            return self.owner(pair=self.before.of == PAIR)
        except InputError:
            self.next = after
            return ()

    def domain(self, *, inside: bool = False) -> str:
        """Read `in DOMAIN`, empty if there is none; `inside` a statement only before more of it."""
        word = self.tokens[self.next + 1] if self.has(IN) else self.token
        if word is self.token or word.kind != "word" or word.text.casefold() in (EVERY, SOME):
            return ""
        start, name = self.next, word.text.casefold()
        self.next += 2
        if name not in DOMAINS and f"{name}_{self.token.text.casefold()}" in DOMAINS:
            name = f"{name}_{self.take().text.casefold()}"
        if name not in DOMAINS:
            near = difflib.get_close_matches(name, DOMAINS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            rule = f"no such technology domain; {hint}known are {', '.join(DOMAINS)}"
            raise self.refuse(rule, word.at)
        if inside and not self.has("[", ")", "+", "-", "*", "/", *COMPARISONS):
            self.next = start
            return ""
        return name

    def known_in_domains(self, name: str, at: int) -> None:
        if name not in IN_A_DOMAIN:
            rule = f"{name} is not known by technology domain; known are {', '.join(IN_A_DOMAIN)}"
            raise self.refuse(rule, at)

    def within(
        self, part: Comparison | Event | Expression, domain: str, at: int
    ) -> Comparison | Event | Expression:
        """Return a statement or a part of it in a domain, where it does not say one itself."""
        if isinstance(part, Comparison | Operation):
            left, right = (self.within(side, domain, at) for side in (part.left, part.right))
            return replace(part, left=left, right=right)
        if isinstance(part, Number) or part.domain:
            return part
        self.known_in_domains(part.name if isinstance(part, Event) else part.quantity.name, at)
        return replace(part, domain=domain)

    def is_country(self) -> bool:
        return self.token.kind == "word" and self.token.text.casefold() not in KEYWORDS

    def owner(self, *, pair: bool) -> tuple[str, ...]:
        """Read a country, or two with an arrow between them where a pair is needed."""
        first = self.country()
        if not pair:
            if self.has("->"):
                raise self.refuse("expected one country: this quantity is of a single one")
            return (first,)
        self.expect("->", "expected '->': this is of a pair, supplier->recipient")
        if not self.is_country():
            raise self.refuse("expected the recipient")
        return first, self.country()

    def country(self) -> str:
        start, words = self.token.at, []
        while self.is_country():
            words.append(self.take().text)
        try:
            return countries.find(" ".join(words))
        except InputError as error:
            rule = str(error).rpartition(": ")[2]
            raise self.refuse(rule, start) from None

    def when(self) -> When | None:
        if self.has(MEAN):
            self.take()
            return When(MEAN, *self.span())
        if self.has(BY):
            self.take()
            return When(SOME, None, self.year())
        if not self.has(IN):
            return None
        self.take()
        if self.has(EVERY, SOME):
            how = self.take().text.casefold()
            self.expect("year", "expected 'year'")
            return When(how, *self.span())
        year = self.year()
        if self.has("-"):
            raise self.refuse("expected one year; of a span say 'in every year', 'in some year' "
                              "or 'mean'")  # fmt: skip
        return When(IN, year, year)

    def span(self) -> tuple[int | None, int]:
        start = self.token.at
        if self.has("up"):
            self.take()
            self.expect("to", "expected 'to', as in 'up to 2035'")
            return None, self.year()
        first = self.year()
        self.expect("-", "expected '-' and the last year, as in 2030-2035")
        last = self.year()
        if first > last:
            raise self.refuse("the first year must not be after the last", start)
        return first, last

    def year(self) -> int:
        if not re.fullmatch(r"\d{4}", self.token.text):
            raise self.refuse("expected a year, as in 2030")
        return int(self.take().text)


def figures(part: Question | Comparison | Event | Expression) -> Iterator[Figure]:
    """Yield every figure of a question or a part of it, in the order of the text."""
    if isinstance(part, Figure):
        yield part
    elif isinstance(part, Question):
        yield from figures(part.statement)
    elif isinstance(part, Comparison | Operation):
        yield from figures(part.left)
        yield from figures(part.right)
