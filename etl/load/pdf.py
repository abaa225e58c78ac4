"""The report as a PDF of A4 pages: the mark and the page's number stand on each."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any
from xml.sax.saxutils import escape

from etl.load.job import Job
from etl.load.pictures import Picture
from etl.load.standing import on_every_page, provenance, standing, title
from etl.load.table import Table, grades, measurements
from etl.phrases import Phrases
from radixgpt.report import Report, Section, Sentence

_FACES = {"Vera": "Vera.ttf", "Vera-Bold": "VeraBd.ttf"}
_MISSING = "?"
_INK, _SOFT, _LINE, _TINT = "#18222d", "#5a6a79", "#c9d2da", "#eaf3f6"
_WARN, _WARN_GROUND = "#8a4b00", "#fff3dc"
_MARGIN_MM, _HEAD_MM = 18, 12
_CROP_MM, _OVERVIEW_MM = 25, 80
_PADDING = 6.0
"""Points that a frame keeps free on each side."""
_MOST_CROPS = 2
_LEAST_SHARE = 12
"""Letters that a column of a table has room for at least, against the others."""


def to_pdf(job: Job) -> dict[str, bytes]:
    """``report.pdf``; it holds no identity, and pictures only where the study is at hand."""
    return {"report.pdf": job.pdf}


def render(job: Job) -> bytes:
    """The PDF; :attr:`Job.pdf` keeps it."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    _register()
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN_MM * mm,
        rightMargin=_MARGIN_MM * mm,
        topMargin=(_MARGIN_MM + _HEAD_MM) * mm,
        bottomMargin=_MARGIN_MM * mm,
        title=_sound(f"{title(job.report)}: {job.report.mark}"),
        author="RadiXGPT",
        subject=job.report.mark,
        lang=Phrases.of(job.report).tag,
    )
    document.build(list(_story(job)), canvasmaker=_numbered(job.report))
    return buffer.getvalue()


@cache
def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for face, file in _FACES.items():
        pdfmetrics.registerFont(TTFont(face, file))
    pdfmetrics.registerFontFamily(
        "Vera", normal="Vera", bold="Vera-Bold", italic="Vera", boldItalic="Vera-Bold"
    )


@cache
def _known() -> frozenset[int]:
    from reportlab.pdfbase import pdfmetrics

    _register()
    font: Any = pdfmetrics.getFont("Vera")
    return frozenset(font.face.charToGlyph)


def _sound(text: str) -> str:
    """Text of which every character can be printed; one that can't becomes its base or ``?``."""
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    if all(ord(c) in _known() for c in text):
        return text
    out = []
    for c in unicodedata.normalize("NFC", text):
        if ord(c) in _known():
            out.append(c)
            continue
        base = unicodedata.normalize("NFKD", c)
        kept = "".join(b for b in base if ord(b) in _known() and not unicodedata.combining(b))
        out.append(kept or _MISSING)
    return "".join(out)


def _lacking(text: str) -> bool:
    """Whether the font lacks a character of a text."""
    return any(ord(c) not in _known() and unicodedata.category(c)[0] not in "CZ" for c in text)


def _numbered(report: Report) -> type[Any]:
    """A canvas that writes mark, title and "page x of y" on each page once all are known."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    phrases, mark = Phrases.of(report), _sound(on_every_page(report))
    footer = _sound(f"{title(report)}  ·  {report.provenance.software} {report.provenance.version}")

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self._frame(number)
                super().showPage()
            super().save()

        def _frame(self, number: int) -> None:
            width, height = self._pagesize
            left, right = _MARGIN_MM * mm, width - _MARGIN_MM * mm
            top = height - _MARGIN_MM * mm
            self.setFillColor(HexColor(_WARN_GROUND))
            self.setStrokeColor(HexColor("#e9b860"))
            self.roundRect(left, top, right - left, 7 * mm, 2, stroke=1, fill=1)
            self.setFillColor(HexColor(_WARN))
            self.setFont("Vera-Bold", 9)
            self.drawCentredString(width / 2, top + 2.4 * mm, mark)
            self.setFillColor(HexColor(_SOFT))
            self.setFont("Vera", 7)
            self.drawString(left, 11 * mm, footer)
            self.drawRightString(
                right, 11 * mm, phrases.say("page", number=number, pages=len(self._pages))
            )

    return Numbered


@cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    body = ParagraphStyle(
        "body", fontName="Vera", fontSize=9, leading=13, textColor=HexColor(_INK), spaceAfter=3
    )
    small = ParagraphStyle("small", body, fontSize=7.5, leading=10.5, textColor=HexColor(_SOFT))
    return {
        "body": body,
        "small": small,
        "title": ParagraphStyle("title", body, fontName="Vera-Bold", fontSize=15, leading=19),
        "heading": ParagraphStyle(
            "heading", body, fontName="Vera-Bold", fontSize=9.5, leading=12, spaceBefore=7,
            textColor=HexColor("#0b6a88"), keepWithNext=1,
        ),
        "item": ParagraphStyle("item", body, leftIndent=14, bulletIndent=2),
        "fine": ParagraphStyle("fine", small, leftIndent=10, bulletIndent=2, spaceAfter=1),
        "cell": ParagraphStyle("cell", body, fontSize=7, leading=8.6, spaceAfter=0),
        "head": ParagraphStyle(
            "head", small, fontName="Vera-Bold", fontSize=5.4, leading=6.8, spaceAfter=0
        ),
    }  # fmt: skip


def _paragraph(text: str, style: str = "body", **more: Any) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(escape(_sound(text)), _styles()[style], **more)


def _story(job: Job) -> Iterator[Any]:
    report, phrases = job.report, Phrases.of(job.report)
    word = partial(phrases.word, "document")
    yield _paragraph(title(report), "title")
    yield _paragraph(standing(report), "small")
    yield _paragraph(word("identity"), "small")
    for name, heading in phrases.headings().items():
        yield from _section(job, name, heading)
    if job.overviews:
        yield from _overviews(job.overviews, word("key_images"), word("legend"))
    for heading, table in (
        (word("grades_long"), grades(report)),
        (word("measurements_long"), measurements(report)),
    ):
        if table.rows:
            yield from _grid(heading, table)
    yield _paragraph(word("provenance_long"), "heading")
    for line in provenance(report):
        yield _paragraph(line, "small")
    if any(_lacking(s.text) for s in report.sentences):
        yield _paragraph(phrases.say("lacking"), "small")


def _section(job: Job, name: Section, heading: str) -> Iterator[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import Table as Box
    from reportlab.platypus import TableStyle

    sentences = job.report.section(name)
    yield _paragraph(heading, "heading")
    if name == "findings":
        yield from _findings(job, sentences)
    elif name == "impression":
        lines = [
            [_paragraph(s.text, "item", bulletText=f"{i}.")]
            for i, s in enumerate(sentences, start=1)
        ]
        if lines:
            box = Box(lines, colWidths=["100%"])
            box.setStyle(
                TableStyle(
                    [
                        ("BACKGROUND", (0, 0), (-1, -1), HexColor(_TINT)),
                        ("TOPPADDING", (0, 0), (-1, -1), 2),
                        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
                    ]
                )
            )
            yield box
    elif name == "limitations":
        for s in sentences:
            yield _paragraph(s.text, "fine", bulletText="•")
    else:
        yield _paragraph(" ".join(s.text for s in sentences))


def paragraphs(sentences: Sequence[Sentence]) -> list[tuple[str | None, str]]:
    """The sentences of the findings, those of one level together."""
    found: list[tuple[str | None, list[str]]] = []
    for s in sentences:
        if not found or found[-1][0] != s.level:
            found.append((s.level, []))
        found[-1][1].append(s.text)
    return [(level, " ".join(texts)) for level, texts in found]


def _findings(job: Job, sentences: Sequence[Sentence]) -> Iterator[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, TableStyle
    from reportlab.platypus import Table as Box

    for level, text in paragraphs(sentences):
        said = escape(_sound(text))
        if level is not None and text.startswith(f"{level}:"):
            said = f"<b>{level}:</b>{said.removeprefix(f'{level}:')}"
        paragraph = Paragraph(said, _styles()["body"])
        pictures = job.crops.get(level or "", ())[:_MOST_CROPS]
        if not pictures:
            yield paragraph
            continue
        side = _CROP_MM * mm
        box = Box(
            [[paragraph, *(_image(p, side, 2 * side) for p in pictures)]],
            colWidths=[None, *([side + 2 * mm] * len(pictures))],
        )
        box.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (0, -1), 0),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                    ("LINEABOVE", (0, 0), (-1, 0), 0.3, HexColor(_LINE)),
                ]
            )
        )
        yield box


def _image(picture: Picture, width: float, height: float) -> Any:
    """A picture as wide as asked, or less where it would be too high; smaller data as JPEG."""
    from PIL import Image as Pixels
    from reportlab.platypus import Image

    with Pixels.open(io.BytesIO(picture.png)) as pixels:
        aspect = pixels.height / pixels.width
        packed = io.BytesIO()
        pixels.save(packed, "JPEG", quality=92, subsampling=0)
    if width * aspect > height:
        width = height / aspect
    packed.seek(0)
    return Image(packed, width=width, height=width * aspect)


def _overviews(pictures: Sequence[Picture], title: str, legend: str) -> Iterator[Any]:
    from reportlab.lib.units import mm
    from reportlab.platypus import KeepTogether, TableStyle
    from reportlab.platypus import Table as Box

    side = _OVERVIEW_MM * mm
    rows = [pictures[i : i + 2] for i in range(0, len(pictures), 2)]
    for number, row in enumerate(rows):
        cells: list[Any] = [
            [_image(p, side, side * 1.1), _paragraph(p.caption, "small")] for p in row
        ]
        cells.extend([""] * (2 - len(cells)))
        box = Box([cells], colWidths=[side + 3 * mm] * 2, hAlign="LEFT")
        box.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0)]))
        heading = [_paragraph(title, "heading")] if number == 0 else []
        last = [_paragraph(legend, "small")] if number == len(rows) - 1 else []
        yield KeepTogether([*heading, box, *last])


def _grid(heading: str, table: Table) -> Iterator[Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.platypus import KeepTogether, TableStyle
    from reportlab.platypus import Table as Box

    rows = [[_paragraph(table.corner, "head"), *(_paragraph(h, "head") for h in table.headings)]]
    for level, cells in table.rows:
        row = [_paragraph(level, "cell")]
        for cell in cells:
            row.append(_paragraph(f"{cell.text} {cell.percent}".rstrip(), "cell"))
        rows.append(row)
    first = 13 * mm
    width = (210 - 2 * _MARGIN_MM) * mm - 2 * _PADDING - first
    # As wide as its longest word asks for, so that no word is broken.
    shares = [max(_LEAST_SHARE, *map(len, h.split())) for h in table.headings]
    box = Box(rows, colWidths=[first, *(width * share / sum(shares) for share in shares)])
    box.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor(_LINE)),
                ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f3f5f7")),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    yield KeepTogether([_paragraph(heading, "heading"), box])
