"""Small XLSX files, made by hand."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def a_workbook(rows: Sequence[Sequence[object]]) -> bytes:
    """A workbook of one sheet; `=…` is a formula whose last value is `7`."""
    lines = [
        f'<row r="{number}">'
        + "".join(_cell(number, at, one) for at, one in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    ]
    return packed(f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>')


def packed(sheet: str) -> bytes:
    """A workbook around the XML of its sheet."""
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="r1" Type="{RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def _cell(row: int, at: int, value: object) -> str:
    place = f'r="{chr(ord("A") + at)}{row}"'
    if isinstance(value, int | float):
        return f"<c {place}><v>{value}</v></c>"
    text = str(value)
    if text.startswith("="):
        return f'<c {place} t="str"><f>{escape(text[1:])}</f><v>7</v></c>'
    return f'<c {place} t="inlineStr"><is><t>{escape(text)}</t></is></c>'
