"""The styles that ship, and a house's own from a YAML file, read as plain data.

A file names only what differs from the style that it is like::

    name: Our house
    like: concise
    sections: [exam, technique, findings, impression, ...]
    spelling: American
    words: {modality: {MR: MR imaging}}
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radixgpt.errors import SettingsError
from radixgpt.style import LANGUAGES, Style

if TYPE_CHECKING:
    from radixgpt.report import Report

STYLES = Path(__file__).with_name("templates")
STANDARD = "standard"
_SUFFIXES = (".yaml", ".yml")
_LARGEST = 64 * 2**10
_DEEPEST = 8
_READ_AGAIN = ("present", "kind", "other", "one_of_two", "sure_of_two", "degeneration")
"""Groups of words that state findings, so that the checks read them again."""

_Place = tuple[str | int, ...]
_Lines = dict[_Place, int]


@cache
def styles() -> tuple[str, ...]:
    """The names of the styles that ship, ``standard`` first."""
    names = sorted(path.stem for path in STYLES.glob("*.yaml"))
    return (STANDARD, *(name for name in names if name != STANDARD))


def style_of(asked: str | Style) -> Style:
    """A style by its name, or by the path of a YAML file.

    Raises:
        SettingsError: there is no such style, or its file can't be used; the message names the
            line and the field.
    """
    if isinstance(asked, Style):
        return asked
    if asked in styles():
        return _shipped(asked)
    if asked.lower().endswith(_SUFFIXES):
        return read_style(Path(asked))
    raise SettingsError(
        f"There is no report style '{asked[:20]}'.",
        f"Use one of: {', '.join(styles())}; or name a style file that ends in .yaml.",
    )


def in_language(asked: str | Style, language: str | None) -> Style:
    """A style with the language that is asked for, else its own, else English.

    Raises:
        SettingsError: there is no such style or language.
    """
    style = style_of(asked)
    language = language or style.language or LANGUAGES[0]
    if language not in LANGUAGES:
        raise SettingsError(
            f"There is no report language '{language[:20]}'.",
            f"Use one of: {', '.join(LANGUAGES)}.",
        )
    return style.model_copy(update={"language": language})


def style_in(report: Report) -> Style:
    """The style and language that a report is written in."""
    return in_language(report.house or report.style, report.language)


def as_facts(style: Style) -> dict[str, Any]:
    """Style and language as a report notes them."""
    return {
        "style": style.name,
        "language": style.language or LANGUAGES[0],
        "house": None if style.name in styles() else style,
    }


@cache
def _shipped(name: str) -> Style:
    import yaml

    data = yaml.safe_load((STYLES / f"{name}.yaml").read_text(encoding="utf-8"))
    return Style(name=name, **data)


def read_style(path: Path) -> Style:
    """A house's own style.

    Raises:
        SettingsError: the file can't be read, or something in it is not of a style.
    """
    name = path.name[:60]
    try:
        raw = path.read_bytes()[: _LARGEST + 1]
        text = raw.decode("utf-8")
    except OSError:
        raise SettingsError(
            f"The style file {name} can't be opened.", "Name a YAML file that can be read."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"The style file {name} is not UTF-8.", "Save it as UTF-8.") from None
    if len(raw) > _LARGEST:
        raise SettingsError(f"The style file {name} is too large.", "Use at most 64 KB.")
    return parse_style(text, name)


def parse_style(text: str, name: str) -> Style:
    """A style from the text of a file.

    Args:
        text: YAML.
        name: of the file, for messages.

    Raises:
        SettingsError: with the line and the field that are wrong.
    """
    from pydantic import ValidationError

    data, lines = _parsed(text, name)
    like = data.pop("like", STANDARD)
    if like not in styles():
        raise _wrong(name, lines, ("like",), "there is no such style", ", ".join(styles()))
    base = _shipped(str(like)).model_dump(exclude_unset=True)
    data.setdefault("name", name.rpartition(".")[0] or name)
    if data["name"] in styles():
        raise _wrong(name, lines, ("name",), "it is the name of a style that ships", "another name")
    try:
        style = Style(**{**base, **data})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = tuple(first["loc"])
        told = str(first["msg"]).removeprefix("Value error, ")
        if not place:
            field, _, told = told.partition(": ")
            place = (field,)
        if first["type"] == "extra_forbidden":
            told = "there is no such field"
            known = ", ".join(("like", *Style.model_fields))
        else:
            known = "what docs/howto/write-a-house-style.md lists"
        raise _wrong(name, lines, place, told[:1].lower() + told[1:], known) from None
    _known_words(style, name, lines)
    _meant_alike(style, name, lines)
    return style


def _known_words(style: Style, name: str, lines: _Lines) -> None:
    """Refuse a word for something that no language file has."""
    from etl.phrases import words_of

    for group, words in style.words.items():
        for word in words:
            if word not in words_of(group):
                place = ("words", group, word)
                some = ", ".join(sorted(words_of(group))[:12]) or "a group of the language file"
                raise _wrong(name, lines, place, "the language files have no such word", some)


def _meant_alike(style: Style, name: str, lines: _Lines) -> None:
    """Refuse a word that the checks do not read as that of the language file.

    Without this the first report that needs the word would be refused, perhaps months later.
    """
    for group in _READ_AGAIN:
        for word, own in style.words.get(group, {}).items():
            languages = (style.language,) if style.language else LANGUAGES
            if not any(_reads_alike(group, word, own, language) for language in languages):
                told = f"'{own}' is not read as what it stands for"
                known = "words that etl/lexicon_en.py or etl/lexicon_de.py knows"
                raise _wrong(name, lines, ("words", group, word), told, known)


def _reads_alike(group: str, word: str, own: str, language: str) -> bool:
    from etl.phrases import Phrases
    from etl.wording import read

    phrases = Phrases(STANDARD, language)
    name: str | int = int(word) if group == "degeneration" else word
    if not phrases.has_word(group, name):
        return False

    def meaning(text: str) -> set[tuple[object, ...]]:
        if group == "degeneration":
            text = phrases.say("degeneration", word=text, grade=name)
        reading = read(phrases.say("at", text=text, levels=["L4-L5"]), language)
        said = {(c.kind, c.allowed, c.status, c.levels) for c in reading.claims}
        return said | {(problem,) for problem in reading.problems}

    return meaning(own) == meaning(phrases.word(group, name))


def _wrong(name: str, lines: _Lines, place: _Place, told: str, known: str) -> SettingsError:
    """An error that names file, line and field."""
    shown = place
    while shown and shown not in lines:
        shown = shown[:-1]
    line = lines.get(shown, 1)
    field = ".".join(str(part)[:40] for part in place)
    return SettingsError(
        f"The style file {name}, line {line}, field '{field}': {told}.", f"Use {known}."
    )


# --- YAML as plain data -----------------------------------------------------------------------


def _parsed(text: str, name: str) -> tuple[dict[str, Any], _Lines]:
    """The top mapping of a YAML text, and the line of every field."""
    import yaml

    lines: _Lines = {(): 1}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = {} if node is None else _plain(node, (), lines, set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        told = error.problem or "it is no YAML"
        raise SettingsError(
            f"The style file {name}, line {line}: {told[:120]}.", "Mend this line."
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise SettingsError(
            f"The style file {name} is no YAML that can be read.", "Write plain fields and lists."
        ) from None
    if not isinstance(data, dict):
        raise SettingsError(
            f"The style file {name}, line 1: it is no list of fields.", "Write 'field: value'."
        )
    return data, lines


def _plain(node: Any, place: _Place, lines: _Lines, seen: set[int]) -> Any:
    """The value of a node: mappings, lists, texts, numbers and truth values, nothing else."""
    import yaml

    lines.setdefault(place, node.start_mark.line + 1)

    def refuse(told: str) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=told, problem_mark=node.start_mark)

    if id(node) in seen:
        raise refuse("anchors and aliases are not read")
    seen.add(id(node))
    if len(place) > _DEEPEST:
        raise refuse("it is nested too deeply")
    if isinstance(node, yaml.MappingNode):
        made: dict[Any, Any] = {}
        for key, value in node.value:
            word = yaml.SafeLoader("").construct_object(key)
            if not isinstance(key, yaml.ScalarNode) or not isinstance(word, str | int):
                raise yaml.MarkedYAMLError(
                    problem="a field should be a word", problem_mark=key.start_mark
                )
            if str(word) in made:
                raise yaml.MarkedYAMLError(
                    problem=f"the field '{str(word)[:40]}' is there twice",
                    problem_mark=key.start_mark,
                )
            lines[(*place, str(word))] = key.start_mark.line + 1
            made[str(word)] = _plain(value, (*place, str(word)), lines, seen)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*place, i), lines, seen) for i, one in enumerate(node.value)]
    return yaml.SafeLoader("").construct_object(node)
