"""YAML and XML: no objects, no entities, no references that multiply."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from geoself_jax.core.errors import data_error
from geoself_jax.data.files.limits import MAX_DEPTH, MAX_MARKED, MAX_MERGED, MAX_NODES, MAX_YAML
from geoself_jax.data.files.text import load_text, too_odd

if TYPE_CHECKING:
    import yaml

_OPENCV_HEAD = "%YAML:1.0"  # not YAML's own spelling of its first line
_MOST_KEYS = 10_000  # of a mapping that takes over others
_FLOAT = (  # the numbers of YAML 1.2: PyYAML alone takes 1e-3 for a word; .Inf as OpenCV writes it
    r"^[-+]?(\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+\.?[0-9]*[eE][-+]?[0-9]+|\.(Inf|Nan))$"
)


def load_yaml(path: Path, *, tags: Sequence[str] = (), max_bytes: int = MAX_YAML) -> Any:
    """What a YAML file holds.

    Args:
        path: The file; OpenCV's first line `%YAML:1.0` is understood.
        tags: Tags such as `opencv-matrix` whose values are read as the plain mapping, list or text
            they stand before. Any other tag is refused.
        max_bytes: Refuse a larger file.

    Raises:
        GeoselfError: As `load_text`; not YAML, an unknown tag, references that multiply (65).
    """
    import yaml

    text = load_text(path, max_bytes=max_bytes)
    first, _, rest = text.partition("\n")
    if first.strip() == _OPENCV_HEAD:
        text = "\n" + rest
    try:
        value = yaml.load(text, Loader=_yaml_loader(tuple(tags)))
        _count(value, {})
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        why = f"not plain YAML: {error.problem or error.context}"
        raise data_error(where, why, "fix it or write it again") from error
    except yaml.YAMLError as error:
        why = f"not plain YAML: {str(error).splitlines()[0]}"
        raise data_error(str(path), why, "fix it or write it again") from error
    except (RecursionError, ValueError, TypeError, OverflowError, MemoryError, KeyError) as error:
        raise too_odd(path, "YAML", error) from error
    except (AttributeError, IndexError) as error:  # of PyYAML, for wrong scalars of known tags
        raise too_odd(path, "YAML", error) from error
    return value


def _yaml_loader(tags: Sequence[str]) -> "type[yaml.SafeLoader]":
    import re

    import yaml

    class Loader(yaml.SafeLoader):
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            merges = _merged(node)
            super().flatten_mapping(node)
            if merges and len(node.value) > _MOST_KEYS:
                raise yaml.constructor.ConstructorError(
                    None, None, f"a mapping of over {_MOST_KEYS} keys by <<", node.start_mark
                )

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(_FLOAT), list("-+.0123456789")
    )
    for tag in tags:
        for spelled in (f"tag:yaml.org,2002:{tag}", f"!{tag}"):
            Loader.add_constructor(spelled, _untagged)
    return Loader


def _merged(node: "yaml.MappingNode") -> int:
    """Mappings taken over by `<<`; many are refused, as each with as many multiplies the keys."""
    import yaml

    taken = [value for key, value in node.value if key.tag == "tag:yaml.org,2002:merge"]
    count = sum(len(v.value) if isinstance(v, yaml.SequenceNode) else 1 for v in taken)
    if count > MAX_MERGED:
        raise yaml.constructor.ConstructorError(
            None, None, f"<< of {count} mappings, over {MAX_MERGED}", node.start_mark
        )
    return count


def _untagged(loader: "yaml.SafeLoader", node: "yaml.Node") -> Any:
    """The plain value a tag stands before."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


def _count(value: Any, known: dict[int, int], depth: int = 0) -> int:
    """Values in a tree written out in full: an alias counts as often as it is used."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if not isinstance(value, dict | list | tuple | set):
        return 1
    if id(value) not in known:
        inner = list(value.values()) if isinstance(value, dict) else list(value)
        known[id(value)] = 1 + sum(_count(each, known, depth + 1) for each in inner)
    if known[id(value)] > MAX_NODES:
        raise ValueError(f"its references multiply to over {MAX_NODES} values")
    return known[id(value)]


def load_xml(path: Path, *, max_bytes: int = MAX_MARKED) -> ElementTree.Element:
    """The root of an XML file without a document type: no entities, nothing fetched.

    Raises:
        GeoselfError: As `load_text`; not XML, with a document type, nested too deeply (65).
    """
    text = load_text(path, max_bytes=max_bytes)
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    depth = 0

    def refuse(*_: Any) -> NoReturn:
        where = f"{path}, line {parser.CurrentLineNumber}"
        why = "has a document type or entities, which can fetch or multiply"
        raise data_error(where, why, "remove the <!DOCTYPE ...>")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            where = f"{path}, line {parser.CurrentLineNumber}"
            raise data_error(where, f"elements nested over {MAX_DEPTH} deep", "write it again")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        where = f"{path}, line {error.lineno}, column {error.offset + 1}"
        why = f"not XML: {expat.ErrorString(error.code)}"
        raise data_error(where, why, "fix it or write it again") from error
    return builder.close()
