"""Finds extensions: entry points of installed packages, and objects that a setting names.

An entry point of the group `recomind.sources`, `recomind.rankers`, `recomind.filters` or `recomind.arrangers` has the
name of the extension, and refers to a class or a function without arguments that makes it, or to the object itself.
"""

import re
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from time import monotonic
from typing import Any, Final, NamedTuple

from mode.utils.logging import get_logger

from recomind.errors import SettingsError
from recomind.recommender.extensions.guard import Fault
from recomind.recommender.extensions.registry import KINDS, Extensions
from recomind.runtime.metrics import Metrics
from recomind.settings import Settings

logger = get_logger(__name__)

GROUPS: Final = {f"recomind.{kind}s": kind for kind in KINDS}
"""Group of entry points to the kind of its extensions."""

_SETTING: Final = "RECOMIND_EXTENSIONS"
_ENTRY: Final = re.compile(rf"({'|'.join(KINDS)}):([A-Za-z0-9][\w.-]{{0,63}})=([\w.]+:[\w.]+)")


class Found(NamedTuple):
    """An extension that is not loaded yet."""

    kind: str
    name: str
    where: str
    """For messages."""
    entry_point: EntryPoint


def load_extensions(settings: Settings, extensions: Extensions) -> None:
    """Load all extensions into a registry, and activate those that the settings name.

    An extension of an installed package that cannot be loaded is noted in `not_loaded`, unless it is active.

    Raises:
        SettingsError: a setting is wrong, or what it names cannot be loaded; the message says why.
    """
    active = frozenset(filter(None, map(str.strip, settings.active_extensions.split(","))))
    for found in (*_installed(), *_named(settings.extensions)):
        try:
            extensions.add(found.kind, found.name, _made(found.entry_point, KINDS[found.kind]))
        except Exception as error:
            text = f"{found.where}: the {found.kind} {found.name} cannot be loaded: {type(error).__name__}: {error}"
            if found.where == _SETTING or found.name in active:
                raise SettingsError(text) from error
            extensions.not_loaded.append(text)
    activate(extensions, active)


def activate(extensions: Extensions, names: frozenset[str], where: str = "RECOMIND_ACTIVE_EXTENSIONS") -> None:
    """Have sources, filters and arrangers take part in every list; `where` says in messages what names them.

    Raises:
        SettingsError: there is no such extension.
    """
    known = {name for kind, some in extensions.of_kind.items() if kind != "ranker" for name in some}
    if unknown := sorted(names - known):
        there_are = ", ".join(sorted(known)) or "none"
        raise SettingsError(f"{where}: there is no source, filter or arranger {unknown[0]}; there are: {there_are}")
    extensions.active = names


def worker_extensions(settings: Settings, metrics: Metrics) -> Extensions:
    """The extensions of a worker; their faults are counted and logged.

    Raises:
        SettingsError: as `load_extensions`.
    """
    extensions = Extensions(monotonic, settings.extension_budget_ms / 1000)
    extensions.listeners.append(_note_faults(metrics))
    load_extensions(settings, extensions)
    return extensions


def _note_faults(metrics: Metrics) -> Callable[[Fault], None]:
    """A function that counts each fault. It logs the first one of each cause, and each suspension."""
    known = set[tuple[str, str, str]]()

    def note(fault: Fault) -> None:
        kind, name, cause, detail, suspended_s = fault
        metrics.extension_faults.labels(kind, name, cause).inc()
        if cause != "suspended" and (suspended_s or (kind, name, cause) not in known):
            known.add((kind, name, cause))
            until = f"; it is suspended for {suspended_s:.0f} s" if suspended_s else ""
            logger.warning("the %s %s is left out of lists: %s%s", kind, name, detail, until)

    return note


def _installed() -> Iterator[Found]:
    """The extensions of installed packages, by name."""
    for group, kind in GROUPS.items():
        for one in sorted(entry_points(group=group), key=lambda entry: entry.name):
            yield Found(kind, one.name, one.dist.name if one.dist is not None else one.value, one)


def _named(setting: str) -> Iterator[Found]:
    """The extensions that the setting names.

    Raises:
        SettingsError: an entry is not of its form.
    """
    for entry in filter(None, map(str.strip, setting.split(","))):
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            example = "source:nearest=my_package.sources:Nearest"
            raise SettingsError(f"{_SETTING}: {entry!r} is not of the form kind:name=module:Name, such as {example}")
        kind, name, value = parts.groups()
        yield Found(kind, name, _SETTING, EntryPoint(name, value, f"recomind.{kind}s"))


def _made(entry_point: EntryPoint, protocol: Any) -> Any:
    """The object that an entry point refers to, or that the class or function makes."""
    found = entry_point.load()
    return found if isinstance(found, protocol) and not isinstance(found, type) else found()
