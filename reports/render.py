"""Templates and named values in, Typst out.

A section of a report is a template, `templates/<section>.typ.j2` (Jinja2, in the markup of Typst),
and what it prints comes from `context/<section>.py`: a frozen dataclass of values on which all
judgement has been passed. Templates see it under the section's own name, and besides it the words
of the pair (`phrases.terms`), the catalogue, the whole payload, and the filters of `FILTERS`. What
a template prints is escaped, so that no value is read as markup; what a macro made is markup
already and is left alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from crossover.data.countries import the
from crossover.data.errors import InputError, fault
from crossover.reports import catalogue, event_figures, figures, numerals, phrases, reading
from crossover.reports.context import SECTIONS, likelihood

ENUMERATION = re.compile(r"^([ \t]*\d+)\.(?=\s)", re.MULTILINE)
"""A number that ends a sentence at the beginning of a line, which Typst takes for a list."""
TEMPLATES = Path(__file__).with_name("templates")
SUFFIX = ".typ.j2"
LAYOUT = "layout.typ"
SPECIAL = re.compile(r"([\\*_#$@<>\[\]`~\"'=+/-])")
"""What Typst may read as markup."""


def escape(value: object) -> Markup:
    """Write a value so that Typst prints it as it is; markup is left as markup."""
    if isinstance(value, Markup):
        return Markup(value.strip())
    if value is None:
        raise TypeError("a template prints a value that is not there")
    return Markup(SPECIAL.sub(r"\\\1", str(value)))


def literal(value: Any) -> Markup:
    """Write a string, number, list or mapping as a value of Typst's language."""
    if isinstance(value, Markup):
        return Markup(f"[{value.strip()}]")
    if value is None or isinstance(value, bool):
        return Markup({None: "none", True: "true", False: "false"}[value])
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return Markup(f'"{text}"')
    if isinstance(value, Mapping):
        inner = "".join(f"{literal(str(k))}: {literal(v)}, " for k, v in value.items())
        return Markup(f"({inner or ':'})")
    if isinstance(value, Sequence):
        return Markup(f"({''.join(f'{literal(item)}, ' for item in value)})")
    return Markup(repr(value))


def listing(items: Sequence[str]) -> Markup:
    """Join words with commas and a last 'and'."""
    return Markup(phrases.listing([escape(item) for item in items]))


FILTERS: dict[str, Callable[..., Any]] = {
    "prob": numerals.prob,
    "chance": numerals.chance,
    "complement": numerals.complement,
    "likelihood": lambda p: catalogue.load()["likelihood"][likelihood.word(p)].title,
    "error": numerals.error,
    "figure": numerals.figure,
    "number": numerals.number,
    "span": lambda pair, decimals=None: numerals.span(*pair, decimals),
    "count": phrases.count,
    "date": phrases.date,
    "sentence": phrases.sentence,
    "possessive": phrases.possessive,
    "curly": phrases.curly,
    "the": the,
    "uncapital": phrases.uncapital,
    "listing": listing,
    "spans": phrases.spans,
    "typ": literal,
    "at": lambda entry, year, kind=None: (
        reading.at_year(entry, year, kind) if entry["defined"] else None
    ),
    "year": lambda value: str(round(value)),
    "signed": numerals.signed,
    "minus": numerals.minus,
    "points": numerals.points,
    "points_error": numerals.points_error,
    "percent": lambda share: f"{100 * share:.0f}",
    "said": lambda markup: literal(seen_text(markup)),
}


@functools.cache
def environment(overlay: Path | None = None) -> jinja2.Environment:
    """Return the templates, those of the folder `overlay` before the shipped ones."""
    folders = [*([overlay] if overlay else []), TEMPLATES]
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    return made


def check_overlay(folder: Path) -> Path:
    """Return the folder of a reader's own templates.

    Raises
    ------
    InputError
        If there is no such folder, or a file in it has no namesake among the shipped templates.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(fault("no folder of templates there", file=folder))
    known = {path.name for path in TEMPLATES.iterdir() if path.name.endswith((SUFFIX, LAYOUT))}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in known:
            rule = f"is no template of the report; there are {', '.join(sorted(known))}"
            raise InputError(fault(rule, file=path))
    return folder.resolve()


def values(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what templates see: the words of the pair, every section's values, the payload."""
    return {
        **phrases.terms(payload),
        **{section: make(payload) for section, make in SECTIONS.items()},
        "payload": payload,
        "catalogue": catalogue.load(),
        "fill": functools.partial(_fill, payload),
        "likelihood_row": likelihood.word,
        "has": functools.partial(figures.has, payload),
        "one_scale": functools.partial(event_figures.one_scale, payload),
        "rule": functools.partial(phrases.rule, payload),
        "year_of": functools.partial(phrases.year_of, payload),
        "years_of": functools.partial(phrases.years_of, payload),
    }


def _fill(payload: Mapping[str, Any], text: str, **more: str) -> str:
    """Fill a text of the catalogue with the words of the pair."""
    return phrases.say(text, payload, **more)


def template(name: str, payload: Mapping[str, Any], overlay: Path | None = None) -> str:
    """Render a template of a payload.

    Raises
    ------
    InputError
        If it is not a template, or asks for a value that does not exist.
    """
    try:
        made = environment(overlay).get_template(name).render(values(payload))
    except jinja2.TemplateSyntaxError as error:
        raise InputError(fault(error.message, file=error.filename, line=error.lineno)) from None
    except (jinja2.UndefinedError, TypeError) as error:
        file, line = _place(error)
        raise InputError(fault(str(error), file=file, line=line)) from error
    return keep_together(made)


def source(name: str, overlay: Path | None = None) -> bytes:
    """Return a file of the templates as it stands."""
    env = environment(overlay)
    return env.loader.get_source(env, name)[0].encode()


def _place(error: BaseException) -> tuple[str | None, int | None]:
    """Return the file and line of the innermost template that an error went through."""
    trace, found = error.__traceback__, (None, None)
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(SUFFIX):
            found = (file, trace.tb_lineno)
        trace = trace.tb_next
    return found


def say(name: str, macro: str, payload: Mapping[str, Any], *given: Any) -> str:
    """Return what a macro of a template says of a payload, as a reader sees it."""
    module = environment().get_template(f"{name}{SUFFIX}").make_module(values(payload))
    return seen_text(getattr(module, macro)(*given))


def seen_text(markup: str) -> str:
    """Return the words of markup that has no more of it than escapes and white space."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"\s+", " ", markup.strip()))


def keep_together(text: str) -> str:
    """Tie a per-cent sign to its number, and keep a line from beginning an enumeration."""
    return ENUMERATION.sub(r"\1\.", text.replace(" %", "\u00a0%"))
