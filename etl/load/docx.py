"""The report as a Word document to be edited: the mark stands in the header of each page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from etl.load.job import Job
from etl.load.pdf import paragraphs
from etl.load.pictures import Picture
from etl.load.standing import on_every_page, provenance, standing, title
from etl.load.table import Table, grades, measurements
from etl.phrases import Phrases
from radixgpt.report import Report, Section

if TYPE_CHECKING:
    from docx.document import Document

_INK, _SOFT, _ACCENT, _WARN = "18222D", "5A6A79", "0B6A88", "8A4B00"
_CROP_MM, _OVERVIEW_MM = 25, 80
_WIDTH_MM = 174.0
_MOST_CROPS = 2


def to_docx(job: Job) -> dict[str, bytes]:
    """``report.docx``; it holds no identity, and pictures only where the study is at hand."""
    import docx

    report = job.report
    document = docx.Document()
    phrases = Phrases.of(report)
    word = partial(phrases.word, "document")
    _set_up(document, report)
    document.add_heading(_clean(title(report)), level=0)
    _add(document, standing(report), small=True)
    _add(document, word("identity"), small=True)
    for name, heading in phrases.headings().items():
        document.add_heading(heading, level=1)
        _section(document, job, name)
    if job.overviews:
        document.add_heading(word("key_images"), level=1)
        _overviews(document, job.overviews, word("legend"))
    for heading, table in (
        (word("grades_long"), grades(report)),
        (word("measurements_long"), measurements(report)),
    ):
        if table.rows:
            document.add_heading(heading, level=1)
            _grid(document, table)
    document.add_heading(word("provenance_long"), level=1)
    for line in provenance(report):
        _add(document, line, small=True)
    buffer = io.BytesIO()
    document.save(buffer)
    return {"report.docx": buffer.getvalue()}


def _clean(text: str) -> str:
    """Text without the control characters that XML can't hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _set_up(document: Document, report: Report) -> None:
    """Page, fonts, properties, and what stands on every page."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt, RGBColor

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.bottom_margin = Mm(18)
    section.top_margin = Mm(26)
    styles: Any = document.styles
    styles["Normal"].font.name = "Calibri"
    styles["Normal"].font.size = Pt(10)
    styles["Normal"].paragraph_format.space_after = Pt(3)
    for name, size, colour in (("Title", 18, _INK), ("Heading 1", 11, _ACCENT)):
        font = styles[name].font
        font.name, font.size, font.bold = "Calibri", Pt(size), True
        font.color.rgb = RGBColor.from_string(colour)
        styles[name].paragraph_format.space_before = Pt(8)
        styles[name].paragraph_format.space_after = Pt(2)
        _own_font(styles[name].element)
    properties = document.core_properties
    properties.title = _clean(title(report))
    properties.subject = report.mark
    properties.author = "RadiXGPT"
    properties.comments = ""
    properties.language = Phrases.of(report).tag
    mark = on_every_page(report)
    head = section.header.paragraphs[0]
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = head.add_run(mark)
    run.bold = True
    run.font.color.rgb = RGBColor.from_string(_WARN)
    _shade(head._p.get_or_add_pPr(), "FFF3DC")
    foot = section.footer.paragraphs[0]
    made = report.provenance
    said = Phrases.of(report).say("page", number="PAGE", pages="NUMPAGES")
    before, between = said.partition("PAGE")[0], said.partition("PAGE")[2].partition("NUMPAGES")[0]
    about = f"{_clean(title(report))}  ·  {made.software} {made.version}"
    start = foot.add_run(f"{about}  ·  {before}")
    _field(foot, "PAGE")
    foot.add_run(between)
    _field(foot, "NUMPAGES")
    for run in (start, *foot.runs):
        run.font.size = Pt(8)
        run.font.color.rgb = RGBColor.from_string(_SOFT)


def _own_font(style: Any) -> None:
    """Take the theme's font away from a heading, which would win over the one named."""
    from docx.oxml.ns import qn

    fonts = style.rPr.rFonts
    for place in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{place}"), None)


def _shade(properties: Any, colour: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:color"), "auto")
    shade.set(qn("w:fill"), colour)
    properties.append(shade)


def _field(paragraph: Any, name: str) -> None:
    """A field that the word processor fills in, such as the page's number."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for kind in ("begin", None, "end"):
        run = paragraph.add_run()
        if kind is None:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = f" {name} "
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)


def _add(document: Document, text: str, *, style: str | None = None, small: bool = False) -> None:
    from docx.shared import Pt, RGBColor

    run = document.add_paragraph(style=style).add_run(_clean(text))
    if small:
        run.font.size = Pt(8.5)
        run.font.color.rgb = RGBColor.from_string(_SOFT)


def _section(document: Document, job: Job, name: Section) -> None:
    sentences = job.report.section(name)
    if name == "findings":
        for level, text in paragraphs(sentences):
            _finding(document, level, text, job.crops.get(level or "", ())[:_MOST_CROPS])
    elif name == "impression":
        # Numbers are written out: a numbering of the word processor's is lost on copying.
        for number, s in enumerate(sentences, start=1):
            _add(document, f"{number}. {s.text}")
    elif name == "limitations":
        for s in sentences:
            _add(document, s.text, style="List Bullet", small=True)
    else:
        _add(document, " ".join(s.text for s in sentences))


def _finding(document: Document, level: str | None, text: str, crops: Sequence[Picture]) -> None:
    if crops:
        side = _CROP_MM + 4
        widths = [_WIDTH_MM - side * len(crops), *([side] * len(crops))]
        cells = _table(document, 1, widths).rows[0].cells
        for cell, picture in zip(cells[1:], crops, strict=True):
            _picture(cell.paragraphs[0], picture, _CROP_MM)
        paragraph = cells[0].paragraphs[0]
    else:
        paragraph = document.add_paragraph()
    text = _clean(text)
    if level is not None and text.startswith(f"{level}:"):
        paragraph.add_run(f"{level}:").bold = True
        text = text.removeprefix(f"{level}:")
    paragraph.add_run(text)


def _picture(paragraph: Any, picture: Picture, width_mm: float) -> None:
    """A picture with its caption as the text that is read out in its place."""
    from docx.shared import Mm

    shape = paragraph.add_run().add_picture(io.BytesIO(picture.png), width=Mm(width_mm))
    shape._inline.docPr.set("descr", _clean(picture.caption))


def _overviews(document: Document, pictures: Sequence[Picture], legend: str) -> None:
    from docx.shared import Pt

    for start in range(0, len(pictures), 2):
        row = pictures[start : start + 2]
        table = _table(document, 2, [_OVERVIEW_MM + 5] * len(row))
        for column, picture in enumerate(row):
            cell, below = table.cell(0, column), table.cell(1, column)
            _picture(cell.paragraphs[0], picture, _OVERVIEW_MM)
            cell.paragraphs[0].paragraph_format.keep_with_next = True
            below.paragraphs[0].add_run(_clean(picture.caption)).font.size = Pt(8.5)
    _add(document, legend, small=True)


def _table(document: Document, rows: int, widths_mm: Sequence[float]) -> Any:
    """A table of fixed widths, whose rows are not torn apart between pages."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    table = document.add_table(rows=rows, cols=len(widths_mm))
    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    return table


def _grid(document: Document, table: Table) -> None:
    from docx.shared import Pt

    lines = [(table.corner, table.headings)]
    for level, cells in table.rows:
        lines.append((level, tuple(f"{c.text} {c.percent}".rstrip() for c in cells)))
    first = 16.0
    rest = (_WIDTH_MM - first) / len(table.headings)
    grid = _table(document, len(lines), [first, *([rest] * len(table.headings))])
    grid.style = "Table Grid"
    for number, (row, (level, texts)) in enumerate(zip(grid.rows, lines, strict=True)):
        for cell, text in zip(row.cells, (level, *texts), strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(1)
            # Each row but the last holds on to the next, so the table stays on one page.
            paragraph.paragraph_format.keep_with_next = number < len(lines) - 1
            run = paragraph.add_run(_clean(text))
            run.font.size = Pt(6.5)
            run.bold = number == 0
            _margins(cell, 40)


def _margins(cell: Any, twips: int) -> None:
    """Narrow margins left and right, in twentieths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tcMar")
    for side in ("start", "end"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(twips))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    cell._tc.get_or_add_tcPr().append(margins)
