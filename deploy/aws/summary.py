"""A template as text for review: each resource with its properties, references by name, user data by its values."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

_HASH = re.compile(r"(?<=[a-z0-9])[0-9A-F]{8}(?=$|\.)")
_BORING = ("UpdateReplacePolicy",)


def summarize(template: Mapping[str, Any], stack_tags: tuple[str, ...] = ("project", "environment")) -> str:
    """YAML in order of names, without the tags that every resource has and without hashes in names."""
    resources = {
        _without_hash(id): _resource(resource, stack_tags) for id, resource in sorted(template["Resources"].items())
    }
    outputs = {id: _plain(output["Value"]) for id, output in sorted(template.get("Outputs", {}).items())}
    parameters = {id: parameter["Default"] for id, parameter in template.get("Parameters", {}).items()}
    whole = {"Resources": resources, "Outputs": outputs}
    text = str(yaml.safe_dump(whole, sort_keys=True, width=130, allow_unicode=True, default_flow_style=None))
    for id, default in parameters.items():
        text = text.replace(f"@{_without_hash(id)}", default)
    return text


def _resource(resource: Mapping[str, Any], stack_tags: tuple[str, ...]) -> dict[str, Any]:
    properties = dict(resource.get("Properties", {}))
    if isinstance(properties.get("Tags"), list):
        tags = {tag["Key"]: tag["Value"] for tag in properties.pop("Tags") if tag["Key"] not in stack_tags}
        properties |= {"Tags": tags} if tags else {}
    kept = {name: value for name, value in resource.items() if name not in ("Properties", "Metadata", *_BORING)}
    if "DependsOn" in kept:
        kept["DependsOn"] = [_without_hash(id) for id in kept["DependsOn"]]
    return {name: _plain(value) for name, value in (kept | properties).items()}


def _plain(value: Any) -> Any:
    """References as @Name, joined text as text."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    text = _reference(value) or _text(value)
    return text or {name: _plain(item) for name, item in value.items()}


def _reference(value: Mapping[str, Any]) -> str | None:
    match value:
        case {"Ref": id}:
            return f"@{_without_hash(str(id))}"
        case {"Fn::GetAtt": [id, attribute]}:
            return f"@{_without_hash(str(id))}.{attribute}"
        case {"Fn::Select": [number, {"Fn::GetAZs": _}]}:
            return f"zone {number}"
    return None


def _text(value: Mapping[str, Any]) -> str | list[str] | None:
    match value:
        case {"Fn::Join": ["", parts]}:
            return "".join(str(_plain(part)) for part in parts)
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Base64": script}:
            return _values_of(str(_plain(script)))
    return None


def _values_of(script: str) -> list[str]:
    """The values that user data gives a machine; the script after them is in a separate file."""
    inside = script.partition("<<'END'\n")[2].partition("\nEND\n")[0]
    return [*inside.splitlines(), "and then machines/boot.sh"]


def _without_hash(id: str) -> str:
    return _HASH.sub("", id)
