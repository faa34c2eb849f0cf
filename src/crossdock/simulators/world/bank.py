"""The distributor's bank: a statement with Amazon's deposits among other people's money."""

from collections.abc import Iterable
from datetime import timedelta

from crossdock.simulators.amazon.settlements import SimSettlement

_HEAD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1>
"""


def statement_of(settlements: Iterable[SimSettlement]) -> str:
    """OFX, an account for each currency; what Amazon pays arrives two days after the end."""
    paid = [s for s in settlements if s.total > 0]
    accounts = []
    for n, currency in enumerate(sorted({s.currency for s in paid}), 1):
        rows = [f"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260101<TRNAMT>-41.50<FITID>R{n}"
                "<NAME>COUNTY WATER</STMTTRN>"]  # fmt: skip
        rows += [
            f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{s.end + timedelta(days=2):%Y%m%d%H%M%S}"
            f"<TRNAMT>{s.total:.2f}<FITID>A{s.settlement_id}<NAME>AMAZON PAYMENTS</STMTTRN>"
            for s in paid
            if s.currency == currency
        ]
        accounts.append(
            f"<STMTTRNRS><STMTRS><CURDEF>{currency}<BANKACCTFROM><ACCTID>00001234{n:04}"
            f"</BANKACCTFROM><BANKTRANLIST>\n{chr(10).join(rows)}\n</BANKTRANLIST></STMTRS>"
            "</STMTTRNRS>"
        )
    return f"{_HEAD}{chr(10).join(accounts)}\n</BANKMSGSRSV1></OFX>\n"
