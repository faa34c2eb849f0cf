"""What customers owe, under TIMS's own field names. Amounts are in the document's currency."""

from datetime import date

from crossdock.connectors.tims.fields import Draft, Exact, Record, Rows, Words


class InvoiceLine(Record):
    """What an invoice bills."""

    LineNumber: int | None = None
    ItemNumber: str = ""
    ExternalLineRef: Words = None
    Qty: Exact | None = None
    Amount: Exact


class Invoice(Record):
    """A demand for what was shipped. `OpenAmount` is what nobody has paid yet."""

    InvoiceNumber: str
    OrderNumber: Words = None
    CustomerCode: str
    ExternalSystem: Words = None
    ExternalRef: Words = None
    InvoiceDate: date
    CurrencyCode: str
    Amount: Exact
    OpenAmount: Exact
    Status: str = ""  # open | paid
    Lines: Rows[InvoiceLine] = ()


class NewCreditMemo(Draft):
    """Money that the customer gets back; of an invoice where one is named."""

    ExternalSystem: str
    ExternalRef: str
    CustomerCode: str
    InvoiceNumber: Words = None
    MemoDate: date
    CurrencyCode: str
    Amount: Exact  # its magnitude
    ReasonCode: str


class CreditMemo(Record):
    """A credit memo in TIMS."""

    CreditMemoNumber: str
    CustomerCode: str
    ExternalSystem: Words = None
    ExternalRef: Words = None
    InvoiceNumber: Words = None
    MemoDate: date
    CurrencyCode: str
    Amount: Exact
    OpenAmount: Exact
    Status: str = ""


class Application(Draft):
    """What of a receipt settles a document: above zero an invoice, below a credit memo."""

    InvoiceNumber: Words = None
    CreditMemoNumber: Words = None
    Amount: Exact
    ShortPayAmount: Exact | None = None
    ShortPayReason: Words = None


class NewReceipt(Draft):
    """Money that came from a customer, or, below zero, went back."""

    ExternalSystem: str
    ExternalRef: str
    CustomerCode: str
    ReceiptDate: date
    CurrencyCode: str
    Amount: Exact
    AccountNumber: str  # what the money is taken from: Amazon's clearing account
    Branch: Words = None
    Applications: tuple[Application, ...] = ()


class Applied(Record):
    """An application as TIMS keeps it."""

    InvoiceNumber: Words = None
    CreditMemoNumber: Words = None
    Amount: Exact
    ShortPayAmount: Exact | None = None


class Receipt(Record):
    """A receipt in TIMS."""

    ReceiptNumber: str
    CustomerCode: str
    ExternalSystem: Words = None
    ExternalRef: Words = None
    ReceiptDate: date
    CurrencyCode: str
    Amount: Exact
    Unapplied: Exact
    AccountNumber: str = ""
    Status: str = ""  # posted | reversed
    Applications: Rows[Applied] = ()


class ReceiptReversal(Draft):
    """Take a receipt back on that day; its documents are open again."""

    ReceiptNumber: str
    PostingDate: date
