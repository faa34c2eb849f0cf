"""Reports 2021-06-30: listed, described, and downloaded from an address that soon expires."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crossdock.simulators.amazon.company import Call, Company
from crossdock.simulators.amazon.downloads import Downloads
from crossdock.simulators.amazon.replies import answer, invalid, not_found
from crossdock.simulators.amazon.settlements import SimSettlement, file_of
from crossdock.simulators.amazon.state import parse_timestamp, timestamp
from crossdock.simulators.wire import Reply, Request

SETTLEMENT_REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
DOWNLOADS = "/_documents/"
_LISTED = timedelta(days=90)
_PAGE = 10


@dataclass(frozen=True, slots=True)
class Report:
    """A report that Amazon made by itself."""

    report_id: str
    document_id: str
    made: datetime
    start: datetime
    end: datetime
    shops: tuple[str, ...]
    content: bytes


class Reports:
    """The desk for reports. Settlement reports cannot be asked for, only found."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.made: list[Report] = []
        self._downloads = Downloads(company, DOWNLOADS)

    def add(self, start: datetime, end: datetime, content: bytes) -> Report:
        """Amazon has made a settlement report."""
        number = len(self.made) + 1
        shops = self._company.sellers[0].marketplaces
        now = self._company.now()
        report = Report(
            f"{50_000_000_000 + number}", f"amzn1.spdoc.1.4.na.{number:08}", now, start, end,
            shops, content,
        )  # fmt: skip
        self.made.append(report)
        return report

    def issue(self, settlement: SimSettlement) -> Report:
        """The report of a settlement."""
        return self.add(settlement.start, settlement.end, file_of(settlement))

    def get_reports(self, call: Call) -> Reply:
        """getReports."""
        query = call.request.query
        start, size = 0, int(query.get("pageSize", _PAGE))
        if token := query.get("nextToken"):
            first, _, many = token.partition(".")  # a token stands for the whole question
            if not (first.isdigit() and many.isdigit()):
                raise invalid("nextToken is not one of ours")
            start, size = int(first), int(many)
        elif SETTLEMENT_REPORT not in query.get("reportTypes", ""):
            raise invalid("reportTypes is needed")
        since = call.now - _LISTED
        if text := query.get("createdSince"):
            since = max(since, parse_timestamp(text))
        newest = [r for r in reversed(self.made) if r.made >= since]
        body: dict[str, object] = {"reports": [_described(r) for r in newest[start : start + size]]}
        if start + size < len(newest):
            body["nextToken"] = f"{start + size}.{size}"
        return answer(200, body)

    def get_report(self, call: Call) -> Reply:
        """getReport."""
        for report in self.made:
            if report.report_id == call.arguments[0]:
                return answer(200, _described(report))
        raise not_found("There is no such report.")

    def get_document(self, call: Call) -> Reply:
        """getReportDocument: an address that opens the content for five minutes."""
        for report in self.made:
            if report.document_id == call.arguments[0]:
                url = self._downloads.open(call, report.content, "text/plain;charset=UTF-8")
                return answer(200, {"reportDocumentId": report.document_id, "url": url})
        raise not_found("There is no such document.")

    def download(self, request: Request) -> Reply:
        """The content, while the address is open."""
        return self._downloads.answer(request)


def _described(report: Report) -> dict[str, object]:
    return {
        "reportId": report.report_id,
        "reportType": SETTLEMENT_REPORT,
        "marketplaceIds": list(report.shops),
        "dataStartTime": timestamp(report.start),
        "dataEndTime": timestamp(report.end),
        "createdTime": timestamp(report.made),
        "processingStatus": "DONE",
        "processingStartTime": timestamp(report.made),
        "processingEndTime": timestamp(report.made),
        "reportDocumentId": report.document_id,
    }
