"""From limits to signed documents, the record, the pods, and the report."""

from assets.line import line_asset
from steps.allocation_documents import allocation_documents
from steps.deliver import deliver
from steps.receipts import receipts
from steps.record import record
from steps.reports import reports
from steps.sign import sign

CAPITAL = (
    line_asset(allocation_documents, group="capital", after=["stress_and_capacity"], owner="team:risk"),
    line_asset(sign, group="capital", after=["allocation_documents"], owner="team:risk"),
    line_asset(record, group="capital", after=["sign"], owner="team:risk"),
    line_asset(deliver, group="capital", after=["record"], owner="team:operations"),
    line_asset(receipts, group="capital", after=["deliver"], owner="team:operations"),
    line_asset(reports, group="capital", after=["receipts", "attribution"], owner="team:operations"),
)
