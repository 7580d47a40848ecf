"""Tables: workbooks made by hand, so that a test can make them wrong, and those that programs make."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date

import openpyxl
from hypothesis import HealthCheck, settings

ARBITRARY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*targets: tuple[str, str]) -> str:
    found = "".join(
        f'<Relationship Id="rId{index}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for index, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'


def parts(*sheets: str, shared: str | None = None, namespace: str = MAIN) -> dict[str, str]:
    """The parts of a workbook; a sheet is its rows, shared strings are their items."""
    targets = [("worksheet", f"worksheets/sheet{index}.xml") for index, _ in enumerate(sheets, 1)]
    listed = "".join(
        f'<sheet name="S{index}" sheetId="{index}" r:id="rId{index}"/>' for index, _ in enumerate(sheets, 1)
    )
    made = {
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{namespace}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
    }
    for index, rows in enumerate(sheets, 1):
        made[f"xl/worksheets/sheet{index}.xml"] = (
            f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'
        )
    if shared is not None:
        targets.append(("sharedStrings", "sharedStrings.xml"))
        made["xl/sharedStrings.xml"] = f'<sst xmlns="{namespace}">{shared}</sst>'
    return made | {"xl/_rels/workbook.xml.rels": relations(*targets)}


def packed(made: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in made.items():
            archive.writestr(name, content)
    return file.getvalue()


def book(*sheets: str, shared: str | None = None) -> bytes:
    return packed(parts(*sheets, shared=shared))


Cell = str | int | float | date | None
HEADINGS = ("工作单位", "姓名", "身份证号", "执法类型", "执法类别", "执法区域", "执法证编号", "资格编号")
HEADER: list[Cell] = [*HEADINGS]
ROW: list[Cell] = [
    *("奈曼旗农牧局", "谢康", "990000198906134458", "行政检查"),
    *("农牧业", "奈曼旗", "05505230005", "ZG1"),
]
LIST: list[Cell] = ["序号", "姓名", "执法区域", "执法领域", "执法证编号"]
LISTED: list[Cell] = [1, "谢康", "全疆", "农牧业", "05505230005"]


def changed(**cells: Cell) -> list[Cell]:
    """A good row with some cells changed, by heading."""
    return [cells.get(heading, cell) for heading, cell in zip(HEADINGS, ROW, strict=True)]


def comma(rows: Sequence[Sequence[Cell]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def workbook(*sheets: Sequence[Sequence[Cell]], named: str = "Sheet", hidden: int | None = None) -> bytes:
    """A workbook by openpyxl, with sheets `Sheet1` and so on."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for index, rows in enumerate(sheets, 1):
        sheet = made.create_sheet(f"{named}{index}")
        for row in rows:
            sheet.append(row)
        if index == hidden:
            sheet.sheet_state = "hidden"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()
