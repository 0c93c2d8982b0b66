"""Options of the command line: those that are settings, made from their declarations, and those that commands share."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from tarmac.declare import Setting, flat
from tarmac.settings import SETTINGS, Settings

Given = dict[str, str | None]
"""The settings given as options, by name, and `config`; None for an option that was not given."""

Year = Annotated[str, typer.Option("--year", help="A year, or a range like 2009..2018.", metavar="Y[..Z]")]
Config = Annotated[
    str | None,
    typer.Option("--config", help="JSON file of settings, by these names or the reference pipeline's.", metavar="FILE"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help="Replace months that bronze already has; the older files are kept in 01_bronze/replaced."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")]

_DEFAULTS = flat(Settings())


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command: instead of its parameter `given` it gets an option for each of these settings, and --config.

    The command receives the given options in `given`, and passes them to `open_workspace` or `read_settings`.
    """
    options = {name: Annotated[str | None, _option(SETTINGS[name])] for name in names} | {"config": Config}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        annotations: dict[str, Any] = {}
        defaults: dict[str, Any] = {}
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            if parameter.name == "given":
                annotations |= options
                defaults |= dict.fromkeys(options)
            else:
                annotations[parameter.name] = parameter.annotation
                defaults[parameter.name] = parameter.default

        @wraps(command)
        def with_options(**values: Any) -> None:
            given = {name: values.pop(name) for name in options}
            command(given=given, **values)

        # typer reads a command's options from its signature and annotations.
        del with_options.__wrapped__
        with_options.__annotations__ = annotations
        with_options.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
                for name, annotation in annotations.items()
            ]
        )
        return with_options

    return decorate


def _option(each: Setting) -> Any:
    default = each.to_text(_DEFAULTS[each.name])
    return typer.Option(each.option, help=each.about, show_default=default or False, metavar=each.metavar)
