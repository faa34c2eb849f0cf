"""What Amazon says of its reports (Reports API 2021-06-30)."""

from pydantic import BaseModel, ConfigDict, Field


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Report(_Said):
    """A report. Its document exists once it is DONE."""

    reportId: str
    reportType: str
    processingStatus: str
    createdTime: str
    reportDocumentId: str | None = None


class GetReportsResponse(_Said):
    """A page of reports."""

    reports: tuple[Report, ...]
    nextToken: str | None = None


class ReportDocument(_Said):
    """Where a document lies for the next minutes. The address is a secret."""

    reportDocumentId: str
    url: str = Field(repr=False)
    compressionAlgorithm: str | None = None
