"""Tables in and out of spreadsheets: CSV as Chinese office programs write it, and plain XLSX.

Only what a table needs is read: the first sheet's texts and numbers. A file is a stranger's: its
parts are bounded before they are unpacked, and one with a document type is refused.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .csv_file import safe_cell

MOST_ROWS, MOST_COLUMNS, MOST_BYTES = 5_000, 50, 20_000_000
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class NotATable(ValueError):
    """The file is no CSV or XLSX that can be read, or it is too large."""


def read_table(name: str, content: bytes) -> list[list[str]]:
    """Rows of stripped texts without the empty ones. Raises NotATable."""
    rows = _read_xlsx(content) if name.lower().endswith(".xlsx") else _read_csv(content)
    table: list[list[str]] = []
    for row in rows:
        cells = [cell.strip() for cell in row[:MOST_COLUMNS]]
        if any(cells):
            table.append(cells)
        if len(table) > MOST_ROWS:
            raise NotATable
    return table


def _read_csv(content: bytes) -> Iterator[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        try:
            yield from csv.reader(io.StringIO(text, newline=""), strict=True)
        except csv.Error as error:
            raise NotATable from error
        return
    raise NotATable


def _read_xlsx(content: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            names = set(file.namelist())
            shared: list[str] = []
            if "xl/sharedStrings.xml" in names:
                strings = _tree(file, "xl/sharedStrings.xml")
                shared = [_text(item) for item in strings.iter(f"{_NS}si")]
            sheets = sorted(
                name for name in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)
            )
            if not sheets:
                raise NotATable
            for row in _tree(file, sheets[0]).iter(f"{_NS}row"):
                yield _cells(row, shared)
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, IndexError, NotImplementedError,
            RuntimeError, ValueError) as error:  # fmt: skip
        raise NotATable from error


def _tree(file: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with file.open(name) as part:
        content = part.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise NotATable
    return ElementTree.fromstring(content)  # noqa: S314 - bounded, without a document type


def _cells(row: ElementTree.Element, shared: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row.iter(f"{_NS}c"):
        column = _column(cell.get("r", "")) if cell.get("r") else len(cells)
        if column >= MOST_COLUMNS:
            break
        cells += [""] * (column + 1 - len(cells))
        value = cell.find(f"{_NS}v")
        raw = value.text or "" if value is not None else ""
        match cell.get("t", "n"):
            case "s":
                cells[column] = shared[int(raw)]
            case "inlineStr":
                cells[column] = _text(cell)
            case "n":
                cells[column] = _number(raw)
            case _:
                cells[column] = raw
    return cells


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _number(raw: str) -> str:
    """A staff number that a spreadsheet took for a number is written without its .0 or exponent."""
    if not raw or raw.isdecimal():
        return raw
    value = float(raw)
    return str(int(value)) if value.is_integer() else raw


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_NS}t"))


# --- writing --------------------------------------------------------------------------------

_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"/></Relationships>'
)
_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def write_xlsx(rows: Iterable[Sequence[str]]) -> bytes:
    """One sheet of texts: nothing in it is a formula."""
    file = io.BytesIO()
    write_xlsx_to(file, rows)
    return file.getvalue()


def write_xlsx_to(file: BinaryIO, rows: Iterable[Sequence[str]]) -> None:
    """The same, row by row: as large a file as one likes at constant memory."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", _CONTENT_TYPES)
        book.writestr("_rels/.rels", _RELS.format(kind="officeDocument", target="xl/workbook.xml"))
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELS.format(kind="worksheet", target="worksheets/sheet1.xml"),
        )
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                b"<sheetData>"
            )
            for row in rows:
                cells = "".join(
                    f'<c t="inlineStr"><is><t xml:space="preserve">{_plain(cell)}</t></is></c>'
                    for cell in row
                )
                sheet.write(f"<row>{cells}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def _plain(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark that Chinese spreadsheets want; formulas are defused."""
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
