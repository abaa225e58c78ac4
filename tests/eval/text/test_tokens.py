from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.text import tokens

SENTENCES = (
    "Disc bulges at L4/L5 and L5-S1, mild; no herniation.",
    "The patient's canal measures 11.5 mm (AP), i.e. narrowed.",
    "It can't be excluded that the facet joints aren't normal",
    'The so-called "black disc" is seen at L3-L4.',
    "Compare with: 1,000 slices, 50% of them T2-weighted.",
    "IMPRESSION: 1. Bulge. 2. Modic type 2 changes.",
    "A 52-year-old; signal [T2] unchanged.",
    "No fracture. No listhesis. Cannot exclude a small tear!",
    "Height loss of 20-25 percent & a 3 mm slip?",
    "Left > right neuroforaminal narrowing",
)


def test_ptb_by_hand() -> None:
    assert tokens.ptb("The patient's canal (AP) isn't narrow.") == (
        ["the", "patient", "'s", "canal", "-lrb-", "ap", "-rrb-", "is", "n't", "narrow", "."]
    )
    assert tokens.coco("L4-L5: bulge, 11.5 mm.") == ["l4-l5", "bulge", "11.5", "mm"]


def test_ptb_is_stanfords_where_java_is_there(tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("no Java here")
    package = pytest.importorskip("pycocoevalcap", reason="needs the eval extra")
    jar = next(Path(package.__path__[0]).rglob("stanford-corenlp-*.jar"))
    text = tmp_path / "text"
    text.write_text("\n".join(SENTENCES), encoding="utf-8")
    command = ["java", "-cp", str(jar), "edu.stanford.nlp.process.PTBTokenizer"]
    lines = subprocess.run(
        [*command, "-preserveLines", "-lowerCase", str(text)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert [" ".join(tokens.ptb(s)) for s in SENTENCES] == lines


def test_rouge_tokens_are_googles() -> None:
    google = pytest.importorskip("rouge_score.tokenizers", reason="needs the eval extra")
    for sentence in SENTENCES:
        assert tokens.rouge(sentence) == google.DefaultTokenizer(False).tokenize(sentence)
        assert tokens.rouge_stemmed(sentence) == google.DefaultTokenizer(True).tokenize(sentence)


_SIGNS = st.text(alphabet=list("aB7.,;:-&<>()'\"%$ \n\t\u2028\x85éß"), max_size=25)


@given(st.one_of(_SIGNS, st.text(), st.sampled_from(["a-\nb", "a<skipped>b", "&quot;a&amp;lt;"])))
def test_mteval_is_sacrebleus_13a(text: str) -> None:
    library = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a", reason="eval extra")
    assert tokens.mteval(text) == library.Tokenizer13a()(text.rstrip()).split()


_QUOTES = ("``", "''", "'", '"')


@given(_SIGNS)
def test_pieces_are_cut_as_the_whole_is(text: str) -> None:
    whole = tokens._cut(text.lower())
    # Which quote it is depends on the white space before, of which pieces know one kind.
    assert [t for t in tokens.ptb(text) if t not in _QUOTES] == [
        t for t in whole if t not in _QUOTES
    ]


def test_imageclef_can_not_tell_levels() -> None:
    assert tokens.imageclef("Bulge at L4-L5.") == tokens.imageclef("bulge at L3-L4")


@given(st.text())
def test_tokens_hold_no_white_space_and_never_fail(text: str) -> None:
    for cut in (tokens.ptb, tokens.coco, tokens.rouge, tokens.characters, tokens.imageclef):
        assert all(token and not any(c.isspace() for c in token) for token in cut(text))
