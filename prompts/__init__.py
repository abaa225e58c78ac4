"""What it is told: prompts as YAML files, filled in with variables that must all be given."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from radixgpt.errors import SettingsError

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).resolve().parent


class Prompts:
    """The prompts of one file, by name.

    Args:
        name: name of a YAML file in this folder, without its ending.

    Raises:
        SettingsError: there is no such file, or it is not a mapping of names to texts.
    """

    def __init__(self, name: str, *, folder: Path = FOLDER) -> None:
        self.name = name
        self._texts = _read(name, folder)

    def __contains__(self, prompt: str) -> bool:
        return prompt in self._texts

    def render(self, prompt: str, **variables: object) -> str:
        """A prompt with its variables filled in.

        Values are put in as they are; they are never read as templates themselves.

        Raises:
            SettingsError: there is no such prompt, or one of its variables is not given.
        """
        from jinja2 import TemplateError, UndefinedError

        text = self._texts.get(prompt)
        if text is None:
            raise SettingsError(
                f"There is no prompt '{prompt[:40]}' in prompts/{self.name}.yaml.",
                f"Use one of: {', '.join(sorted(self._texts))}.",
            )
        try:
            return _environment().from_string(text).render(**variables).strip()
        except UndefinedError as error:
            raise SettingsError(
                f"The prompt '{prompt}' needs a variable: {error.message}.",
                "Give it, or take it out of the prompt.",
            ) from error
        except TemplateError as error:
            raise SettingsError(
                f"The prompt '{prompt}' is not a valid template: {error.message}.",
                f"Mend prompts/{self.name}.yaml.",
            ) from error


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # Plain text for a language model, not HTML: nothing is escaped.
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@cache
def _read(name: str, folder: Path) -> dict[str, str]:
    import yaml

    path = folder / f"{name}.yaml"
    if not name.isidentifier() or not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise SettingsError(f"There are no prompts '{name[:40]}'.", f"There are: {there}.")
    try:
        texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SettingsError(f"prompts/{name}.yaml is not valid YAML.", "Mend it.") from error
    if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
        raise SettingsError(f"prompts/{name}.yaml is not a mapping of names to texts.", "Mend it.")
    return {str(key): text for key, text in texts.items()}
