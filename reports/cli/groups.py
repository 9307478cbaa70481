"""Groups of commands: a command is imported when it is asked for, and a mistyped one is named."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from crossover.data.errors import InputError
from crossover.reports.cli.values import Command, Light, spread

PLAIN = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


@dataclass(frozen=True)
class Entry:
    """A command: where its function stands, as module:function, and its line in the help."""

    place: str
    words: str

    def command(self, name: str) -> Any:
        """Import the function and return it as a command."""
        module, _, function = self.place.partition(":")
        act = getattr(importlib.import_module(f"{__package__}.{module}"), function)
        app = typer.Typer(add_completion=False, **PLAIN)
        app.command(name, cls=Command, short_help=self.words)(spread(act))
        return typer.main.get_command(app)


@dataclass(frozen=True)
class Noun:
    """A group of commands: its line in the help, and its commands."""

    words: str
    entries: Mapping[str, Entry]

    def command(self, name: str) -> Any:
        """Return the group as a command."""
        return Group(name=name, help=self.words, rich_markup_mode=None, entries=self.entries)


class Group(Light, TyperGroup):
    """A group whose commands are made from entries, each when it is asked for."""

    def __init__(self, *, entries: Mapping[str, Entry | Noun] | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.entries = entries or {}

    def list_commands(self, ctx: typer.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.entries)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:
        """Return a command by its name, made now; None if there is none."""
        if cmd_name in self.entries and cmd_name not in self.commands:
            self.commands[cmd_name] = self.entries[cmd_name].command(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:
        """Write the commands with their words, without making any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.words) for name, entry in self.entries.items()])

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        """Read the options before a command; raise InputError where no command follows."""
        rest = super().parse_args(ctx, args)
        if not ctx._protected_args and not ctx.resilient_parsing:
            names = ", ".join(self.entries)
            raise InputError(f"'{ctx.command_path}' needs a command: one of {names}")
        return rest

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:
        """Return name, command and the rest; raise InputError with the nearest for one unknown."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            near = self._nearest(ctx, name)
            hint = f"did you mean {near}?" if near else f"see '{ctx.command_path} --help'"
            raise InputError(f"{name!r}: unknown command of '{ctx.command_path}'; {hint}")
        return name if command else None, command, args[1:]

    def _nearest(self, ctx: typer.Context, name: str) -> str:
        """Return commands whose names are near to one, here or one level down, in words."""
        below = {
            f"{noun} {one}": one
            for noun, entry in self.entries.items() if isinstance(entry, Noun)
            for one in entry.entries
        }  # fmt: skip
        near = difflib.get_close_matches(name, self.entries, cutoff=0.6)
        near += [path for path, one in below.items() if one == name and path not in near]
        return " or ".join(f"'{ctx.command_path} {one}'" for one in near[:3])


def nearest_option(option: str, ctx: typer.Context) -> str:
    """Return an unknown option with the nearest known, as one line."""
    known = [one for param in ctx.command.params for one in param.opts if not param.hidden]
    near = difflib.get_close_matches(option, known, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else f"see '{ctx.command_path} --help'"
    return f"{option}: unknown option of '{ctx.command_path}'; {hint}"
