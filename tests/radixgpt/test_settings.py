from __future__ import annotations

from pathlib import Path

import pytest

from radixgpt import settings
from radixgpt.errors import SettingsError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RADIXGPT_LLM", "RADIXGPT_LLM_TIMEOUT", "RADIXGPT_SHARED_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_each_source_beats_the_one_below_it(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.load().llm == "embedded"
    (empty_folder / "radixgpt.yaml").write_text("llm: ollama:a\nllm_timeout: 5\n")
    assert settings.load().llm == "ollama:a"
    (empty_folder / ".env").write_text("RADIXGPT_LLM=ollama:b\n")
    assert settings.load().llm == "ollama:b"
    monkeypatch.setenv("RADIXGPT_LLM", "ollama:c")
    assert settings.load().llm == "ollama:c"
    assert settings.load(llm="ollama:d").llm == "ollama:d"
    assert settings.load(llm=None).llm == "ollama:c"
    assert settings.load().llm_timeout == 5


def test_unknown_names_are_refused_wherever_they_stand(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match="'modle'"):
        settings.load(modle="x")
    (empty_folder / ".env").write_text("RADIXGPT_LML=embedded\n")
    with pytest.raises(SettingsError, match="lml"):
        settings.load()
    (empty_folder / ".env").unlink()
    (empty_folder / "radixgpt.yaml").write_text("lml: embedded\n")
    with pytest.raises(SettingsError, match="'lml'"):
        settings.load()
    (empty_folder / "radixgpt.yaml").write_text("llm: [\n")
    with pytest.raises(SettingsError, match="not valid YAML"):
        settings.load()
    (empty_folder / "radixgpt.yaml").unlink()
    monkeypatch.setenv("RADIXGPT_LML", "embedded")
    with pytest.raises(SettingsError, match="RADIXGPT_LML is not a setting"):
        settings.load()


def test_a_value_of_the_wrong_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADIXGPT_LLM_TIMEOUT", "-1")
    with pytest.raises(SettingsError, match="'llm_timeout'"):
        settings.load()


def test_the_folder_of_real_data_is_a_known_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADIXGPT_SHARED_DATA", "/data")
    assert settings.load().shared_data == Path("/data")


def test_an_env_file_may_hold_other_programs_variables(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("OPENAI_API_KEY=x\nRADIXGPT_LLM=ollama:b\n")
    assert settings.load().llm == "ollama:b"
