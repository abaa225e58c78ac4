from __future__ import annotations

from pathlib import Path

import pytest

from prompts import FOLDER, Prompts
from radixgpt.errors import SettingsError


def test_every_shipped_prompt_says_what_it_needs() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert Prompts(path.stem)
    agent = Prompts("agent")
    assert "facet joints" in agent.render("system", not_assessed=["facet joints"])
    assert agent.render("tool_data", content="{}") == "<tool_data>\n{}\n</tool_data>"
    assert "- too much" in agent.render("repair", problems=["too much"], template="Nothing.")


def test_an_undefined_variable_is_an_error() -> None:
    with pytest.raises(SettingsError, match="'not_assessed' is undefined"):
        Prompts("agent").render("system")


def test_a_value_is_never_read_as_a_template() -> None:
    said = Prompts("agent").render("tool_data", content="{{ 7 * 7 }}{% raw %}")
    assert "{{ 7 * 7 }}" in said


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no prompts 'nothing'.*There are: agent"):
        Prompts("nothing")
    with pytest.raises(SettingsError, match="no prompts"):
        Prompts("../agent")
    with pytest.raises(SettingsError, match="no prompt 'other'"):
        Prompts("agent").render("other")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(SettingsError, match="not a mapping"):
        Prompts("list", folder=tmp_path)
    (tmp_path / "bad.yaml").write_text("a: [\n")
    with pytest.raises(SettingsError, match="not valid YAML"):
        Prompts("bad", folder=tmp_path)
    (tmp_path / "template.yaml").write_text("a: '{{ b'\n")
    with pytest.raises(SettingsError, match="not a valid template"):
        Prompts("template", folder=tmp_path).render("a")


def test_a_prompt_can_not_reach_into_python(tmp_path: Path) -> None:
    (tmp_path / "sly.yaml").write_text("a: '{{ x.__class__.__mro__ }}'\n")
    with pytest.raises(SettingsError):
        Prompts("sly", folder=tmp_path).render("a", x="text")
