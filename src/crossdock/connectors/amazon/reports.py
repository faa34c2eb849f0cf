"""Amazon's reports: settlement reports are made by Amazon, listed for 90 days, and downloaded from
an address that is personal, secret and soon expired.
"""

import gzip
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from crossdock.connectors.amazon.calls import Ask, Caller
from crossdock.connectors.amazon.client import AmazonClient
from crossdock.connectors.amazon.errors import read
from crossdock.connectors.amazon.fields import timestamp
from crossdock.connectors.amazon.report_models import (
    GetReportsResponse,
    Report,
    ReportDocument,
)
from crossdock.connectors.http import Request
from crossdock.kernel.errors import NeedsPerson, TryAgain

SETTLEMENT_REPORT: Final = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_REPORTS: Final = "/reports/2021-06-30/reports"
_DOCUMENTS: Final = "/reports/2021-06-30/documents"
_MOST_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a report holds, and how it is encoded; an empty charset was not told."""

    content: bytes
    charset: str


def settlement_reports(client: AmazonClient, since: datetime) -> tuple[Report, ...]:
    """Every finished settlement report that was made since then; Amazon lists 90 days."""
    query = {
        "reportTypes": SETTLEMENT_REPORT, "processingStatuses": "DONE", "pageSize": "100",
        "createdSince": timestamp(since),
    }  # fmt: skip
    found: dict[str, Report] = {}
    about = f"settlement reports since {since:%Y-%m-%d}"
    for _ in range(_MOST_PAGES):
        ask = Ask("getReports", "GET", _REPORTS, query, about=about)
        page = read(GetReportsResponse, client.caller.answer(ask), "getReports", about)
        found |= {report.reportId: report for report in page.reports}
        if not page.nextToken:
            return tuple(found.values())
        query = {"nextToken": page.nextToken}
    raise TryAgain("Amazon's list of reports does not end", about=about, code="repeated_token")


def report(client: AmazonClient, report_id: str) -> Report:
    """What Amazon says of a report."""
    about = f"report {report_id}"
    ask = Ask("getReport", "GET", f"{_REPORTS}/{report_id}", about=about)
    return read(Report, client.caller.answer(ask), "getReport", about)


def download(client: AmazonClient, document_id: str) -> Downloaded:
    """The document's bytes, unpacked only where Amazon says that it packed them."""
    about = f"report document {document_id}"
    caller: Caller = client.caller
    ask = Ask("getReportDocument", "GET", f"{_DOCUMENTS}/{document_id}", about=about)
    document = read(ReportDocument, caller.answer(ask), "getReportDocument", about)
    response = caller.fetch("download report", Request("GET", document.url), about)
    if response.status in (403, 404):
        raise TryAgain("the address of the document has expired", about=about, code="expired")
    if response.status >= 500 or response.status == 429:
        raise TryAgain(f"the document store answers {response.status}", about=about)
    if not response.ok:
        raise NeedsPerson(
            f"the document store answers {response.status}",
            kind="amazon-refused",
            remedy="Download the report in Seller Central and import it by hand.",
            about=about,
        )
    length = response.headers.get("content-length")
    if length and length.isdigit() and int(length) != len(response.body):
        raise TryAgain("the download was cut short", about=about, code="short")
    return Downloaded(_unpacked(document, response.body, about), _charset(response.headers))


def _unpacked(document: ReportDocument, content: bytes, about: str) -> bytes:
    if document.compressionAlgorithm is None:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise TryAgain(f"the download cannot be unpacked: {error}", about=about) from error


def _charset(headers: object) -> str:
    kind = str(getattr(headers, "get", lambda *_: "")("content-type", ""))
    _, _, charset = kind.lower().partition("charset=")
    name = charset.partition(";")[0].strip().strip('"')
    return "" if name in ("", "utf-8", "utf8") else name


def write_to(folder: Path, downloaded: Downloaded, name: str) -> Path:
    """The bytes as a file, for who reads files."""
    path = folder / f"{name}.txt"
    path.write_bytes(downloaded.content)
    return path
