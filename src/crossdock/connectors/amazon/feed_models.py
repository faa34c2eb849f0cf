"""What Amazon says of its feeds (Feeds API 2021-06-30), and of the messages of a listings feed."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

IN_QUEUE, IN_PROGRESS, DONE, FATAL, CANCELLED = (
    "IN_QUEUE", "IN_PROGRESS", "DONE", "FATAL", "CANCELLED",
)  # fmt: skip


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Upload(_Said):
    """Where a document may be put during the next minutes. The address is a secret."""

    feedDocumentId: str
    url: str = Field(repr=False)


class Created(_Said):
    """Amazon has taken a feed."""

    feedId: str
    request_id: str = ""  # of the answer's header


class Feed(_Said):
    """How far Amazon is with a feed. DONE says nothing of its messages."""

    feedId: str
    feedType: str
    processingStatus: str
    createdTime: datetime
    processingEndTime: datetime | None = None
    resultFeedDocumentId: str | None = None


class FeedPage(_Said):
    """Some of the feeds."""

    feeds: tuple[Feed, ...]
    nextToken: str | None = None


class FeedDocument(_Said):
    """Where a document lies for the next minutes. The address is a secret."""

    feedDocumentId: str
    url: str = Field(repr=False)
    compressionAlgorithm: str | None = None


class Objection(_Said):
    """What Amazon has to say of a message; of the whole feed without its number."""

    messageId: int | None = None
    sku: str = ""
    code: str = ""
    severity: str
    message: str

    @property
    def refuses(self) -> bool:
        """The message has no effect."""
        return self.severity == "ERROR"


class Counted(_Said):
    """How many messages Amazon has looked at."""

    messagesProcessed: int
    messagesAccepted: int
    messagesInvalid: int


class FeedResult(_Said):
    """The result document of a listings feed."""

    issues: tuple[Objection, ...] = ()
    summary: Counted

    def refused(self) -> dict[int, list[str]]:
        """What was said of each message that has no effect, by its number."""
        found: dict[int, list[str]] = {}
        for one in self.issues:
            if one.refuses and one.messageId is not None:
                found.setdefault(one.messageId, []).append(f"{one.code} {one.message}".strip())
        return found
