"""A synthesized template, for the tests of deploy/aws."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

STACK_TAGS = ("project", "environment")


class Template:
    """Resources by kind, by Name tag, and the plain properties of each."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.whole: dict[str, Any] = json.loads(text)
        self.resources: dict[str, dict[str, Any]] = self.whole["Resources"]

    @classmethod
    def read(cls, folder: Path, environment: str) -> "Template":
        return cls((folder / f"tarmac-{environment}.template.json").read_text(encoding="utf-8"))

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id → properties."""
        found = {id: one for id, one in self.resources.items() if one["Type"] == f"AWS::{kind}"}
        return {id: one.get("Properties", {}) for id, one in found.items()}

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of its kind."""
        [found] = self.all(kind).values()
        return found

    def named(self, kind: str, name: str) -> dict[str, Any]:
        """The properties of the resource with this Name tag."""
        [found] = [one for one in self.all(kind).values() if tags(one).get("Name") == name]
        return found

    def names(self, kind: str) -> list[str]:
        return sorted(tags(one)["Name"] for one in self.all(kind).values())

    def behind(self, value: Any) -> dict[str, Any]:
        """The properties of the resource to which a Ref or GetAtt refers."""
        id = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        return self.resources[id].get("Properties", {})

    def machine(self, name: str) -> dict[str, Any]:
        return self.named("EC2::Instance", name)

    def statements(self, machine: str) -> list[dict[str, Any]]:
        """The permissions of the machine's role."""
        profile = self.behind(self.machine(machine)["IamInstanceProfile"])
        [role] = profile["Roles"]
        policies = [one for one in self.all("IAM::Policy").values() if role in one["Roles"]]
        assert "ManagedPolicyArns" not in self.behind(role)
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def actions(self, machine: str) -> set[str]:
        return {action for one in self.statements(machine) for action in as_list(one["Action"])}

    def user_data(self, machine: str) -> str:
        """The script, with `<id>` instead of each reference's value."""
        return "".join(
            part if isinstance(part, str) else f"<{part.get('Ref') or '.'.join(part['Fn::GetAtt'])}>"
            for part in self.machine(machine)["UserData"]["Fn::Base64"]["Fn::Join"][1]
        )


def tags(properties: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


Promise = tuple[str, str, Callable[[Template], Any], Any]
"""A promise: what it is, for which environments, how to read it from a template, and the expected value."""


def promises(rows: Iterable[Promise]) -> pytest.MarkDecorator:
    """A test for each row and environment, with the arguments `environment`, `about` and `expected`."""
    return pytest.mark.parametrize(
        ("environment", "about", "expected"),
        [
            pytest.param(environment, about, expected, id=re.sub(r"\W+", "-", f"{environment}: {what}"))
            for what, environments, about, expected in rows
            for environment in environments.split()
        ],
    )
