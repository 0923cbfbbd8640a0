"""JSON schemas of request and response bodies; each field's description is the docstring below it in the source."""

import ast
import inspect
from collections.abc import Iterable, Iterator
from textwrap import dedent
from typing import Any

import msgspec


def schemas_of(types: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
    """A schema for each type, in order, and the components that the schemas refer to by name."""
    types = list(types)
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    for struct in {part.cls for body_type in types for part in _structs(msgspec.inspect.type_info(body_type))}:
        properties = components[struct.__name__]["properties"]
        json_names = dict(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
        for field, text in _field_docstrings(struct).items():
            properties[json_names[field]]["description"] = text
    return list(schemas), components


def _structs(described: Any) -> Iterator[msgspec.inspect.StructType]:
    """All structs that a type consists of: the type itself and, recursively, its fields, items and values."""
    if isinstance(described, msgspec.inspect.StructType):
        yield described
        parts: Iterable[Any] = [field.type for field in described.fields]
    else:
        names = ("item_type", "value_type")
        parts = [*getattr(described, "types", ()), *(getattr(described, name, None) for name in names)]
    for part in parts:
        if isinstance(part, msgspec.inspect.Type):
            yield from _structs(part)


def _field_docstrings(struct: type) -> dict[str, str]:
    """Field name to its docstring, for a struct and its base structs."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            found |= _docstrings_of_class(ast.parse(dedent(inspect.getsource(base))).body[0])
    return found


def _docstrings_of_class(class_node: Any) -> dict[str, str]:
    """Field name to the string below it, from the syntax tree of a class."""
    pairs = zip(class_node.body, class_node.body[1:], strict=False)
    return {
        ast.unparse(field.target): inspect.cleandoc(str(text.value.value))
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
