"""The parameters of commands, and their values, read from what was typed.

typer reads them with pydantic, whose import alone takes as long as a listing; the few kinds that
commands have are read here, and a value that cannot be is named with its option and the rule.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from typer.core import TyperCommand

from crossover.data.errors import InputError, fault
from crossover.reports.cli.console import check_current_folder

if TYPE_CHECKING:
    from typer import Context

PLAIN: dict[Any, Callable[[Any], Any]] = {str: str, Path: Path, bool: bool}
KINDS = {int: "a whole number", float: "a number"}


class Light:
    """A command or group whose values are read here, where the kind is known."""

    def get_params(self, ctx: Context) -> list[Any]:
        """Return the parameters, --help included, each with its reader."""
        found = super().get_params(ctx)
        for param in found:
            read = _reader(param)
            if param.param_type_name == "argument":
                param.display_type_rich = lambda ctx: ""
            if read is not None:
                param.process_value = functools.partial(_process, param, read)
        return found


class Command(Light, TyperCommand):
    """A command, run in a folder that is there."""

    def invoke(self, ctx: Context) -> Any:
        """Run the command; raise InputError if the current folder is gone."""
        check_current_folder()
        return super().invoke(ctx)


def _reader(param: Any) -> Callable[[Any], Any] | None:
    """Return what reads one value of an option or argument; None for a kind not known here."""
    kind = param.type_descriptor.annotation
    if param.type_descriptor.parameter_info.parser is not None:
        return param.type_descriptor.parameter_info.parser
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    if kind in KINDS:
        low, high = (-float("inf") if param.min is None else param.min, param.max)
        return number(_name(param), kind, low, float("inf") if high is None else high)
    return PLAIN.get(kind)


def _process(param: Any, read: Callable[[Any], Any], ctx: Context, value: Any) -> Any:
    """Return the value of a parameter from what was typed, or its default."""
    if isinstance(value, list | tuple):
        value = tuple(read(_given(param, ctx, one)) for one in value)
    elif value is not None:
        value = read(_given(param, ctx, value))
    if param.required and param.value_is_missing(value):
        required = (_name(one) for one in ctx.command.params if one.required)
        raise InputError(f"{_name(param)} is missing: {ctx.command_path} {' '.join(required)}")
    return value if param.callback is None else param.callback(ctx, param, value)


def _given(param: Any, ctx: Context, value: Any) -> Any:
    """Refuse the name of another option where a value belongs."""
    is_text = isinstance(value, str) and value.startswith("--")
    if is_text and any(value in one.opts for one in ctx.command.params):
        rule = "is an option: a value must stand before it"
        raise InputError(fault(rule, column=_name(param), value=value))
    return value


def _name(param: Any) -> str:
    """Return what a user calls a parameter: its longest option, or its place in the usage."""
    if param.param_type_name == "argument":
        return param.display_name_raw
    return max(param.opts, key=len)


def number(
    name: str, kind: type, low: float, high: float, but: int | None = None
) -> Callable[[Any], Any]:
    """Return a reader of numbers within bounds, other than one of them, for an option."""
    bounds = f" from {low} to {high}" if high < float("inf") else ""
    other = "" if but is None else f", other than {but}"
    rule = f"must be {KINDS[kind]}{bounds}{other}"

    def read(text: Any) -> Any:
        try:
            found = kind(text)
        except ValueError:
            raise InputError(fault(rule, column=name, value=text)) from None
        if not low <= found <= high or found == but:
            raise InputError(fault(rule, column=name, value=text))
        return found

    return read


def spread(act: Callable[..., int]) -> Callable[..., int]:
    """Return a command's function with the fields of dataclasses among its parameters as its own.

    Those of its own stand first; then those of each dataclass, from which the dataclass is made.
    """
    hints = get_type_hints(act, include_extras=True)
    bundles = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}
    own = [
        param.replace(kind=param.KEYWORD_ONLY, annotation=hints[name])
        for name, param in inspect.signature(act).parameters.items() if name not in bundles
    ]  # fmt: skip
    for kind in bundles.values():
        of = get_type_hints(kind, include_extras=True)
        own += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default,
                annotation=of[field.name],
            )
            for field in dataclasses.fields(kind)
        ]  # fmt: skip

    @functools.wraps(act)
    def call(**given: Any) -> int:
        made = {
            name: kind(**{field.name: given.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in bundles.items()
        }
        return act(**given, **made)

    call.__signature__ = inspect.Signature(own)
    call.__annotations__ = {param.name: param.annotation for param in own}
    del call.__wrapped__
    return call
