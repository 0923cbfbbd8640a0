"""The JSON schemas of what is taken and answered, with what the types' sources say of each field."""

import ast
import inspect
from collections.abc import Iterable, Iterator
from textwrap import dedent
from typing import Any

import msgspec


def schemas_of(kinds: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
    """A schema for each kind, and the components that they refer to."""
    kinds = list(kinds)
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for struct in {one.cls for kind in kinds for one in _structs(msgspec.inspect.type_info(kind))}:
        properties = components[struct.__name__]["properties"]
        for field, told in _told(struct).items():
            properties[field]["description"] = told
    return list(schemas), components


def _structs(kind: Any) -> Iterator[msgspec.inspect.StructType]:
    """The structs that a type is made of, itself and in its parts."""
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind
        parts: Iterable[Any] = [field.type for field in kind.fields]
    else:
        parts = [*getattr(kind, "types", ()), getattr(kind, "item_type", None), getattr(kind, "value_type", None)]
    for part in parts:
        if isinstance(part, msgspec.inspect.Type):
            yield from _structs(part)


def _told(struct: type) -> dict[str, str]:
    """The text below each field, of the struct and of what it extends."""
    found: dict[str, str] = {}
    for kind in reversed(struct.__mro__):
        if issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct:
            found |= _texts(ast.parse(dedent(inspect.getsource(kind))).body[0])
    return found


def _texts(declared: Any) -> dict[str, str]:
    """What stands below each field of a class, from its syntax tree."""
    pairs = zip(declared.body, declared.body[1:], strict=False)
    return {
        ast.unparse(field.target): inspect.cleandoc(str(text.value.value))
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
