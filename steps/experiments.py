"""What research puts on record before it shows anything: the claim, the question, what was read of the lake, every trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.log import Log
from steps.as_of_view import DataView
from steps.exposures import EXPOSURE, exposure_of_view
from steps.roster import Member
from steps.sweep import Parameters
from steps.trials import CLAIM, NO_CLAIM, TRIAL, claim_body, trial_body

EXPERIMENT = "experiment"


@dataclass(frozen=True)
class Asked:
    """Who asks what, and why; `hypothesis` None leaves the word to the manifest."""

    word: str
    by: str
    hypothesis: str | None = None


def record_experiment(
    log: Log, asked: Asked, member: Member, configurations: Sequence[Parameters], view: DataView, seed: int
) -> dict[str, Any]:
    """Write everything to the log in one step, durable before any result.

    Returns the claim as it stands there, and whether it was there `before_result`: it is the first about this very code.
    """
    claim = claim_body(member, asked.hypothesis)
    earlier = [entry.body["hypothesis"] for entry in log.entries(CLAIM) if entry.body["code"] == member.code]
    body = {
        "word": asked.word,
        "by": asked.by,
        **claim,
        "data": view.model_dump(mode="json"),
        "seed": seed,
        "configurations": len(configurations),
        "parameters": [dict(sorted(one.items())) for one in configurations[:1]],
    }
    reads = [exposure_of_view(table, view, asked.by, asked.word) for table in ("bars", "funding")]
    trials = [trial_body(member, one, view) for one in configurations]
    log.append_many(
        [(CLAIM, claim), *((EXPOSURE, read) for read in reads), (EXPERIMENT, body), *((TRIAL, trial) for trial in trials)]
    )
    text = claim["hypothesis"]
    return {**claim, "before_result": text != NO_CLAIM and earlier[:1] in ([], [text])}
