"""What to do about a finding that stops the line, by its kind."""

REMEDIES = {
    "stale": "fetch the feed (`factory fetch`; `factory feeds` shows its last answer) or ingest newer files; take a symbol that "
    "has ended out of the feed, or state it as delisted in the instruments table",
    "incomplete": "ask the vendor for the missing bars and ingest them: late rows are welcome, nothing is filled in",
    "impossible_bar": "ask the vendor for these bars again and ingest them: a correction is a new version beside the old",
    "duplicate": "run `factory lake check`: one key may have one current row only",
    "ticker_reuse": "take the symbol out of what is delivered, or deliver the two coins under names of their own",
    "expectation": "see the rows in the Data Docs, ask the vendor for them again and ingest them",
    "id_repeat": "ask the vendor for the capture again: one trade is counted twice",
    "crossed_quote": "take the feed out until its book is right: a crossed book has no price",
    "depth_break": "fetch a new snapshot of the book: what follows the break is not the exchange's book",
}
_OTHERWISE = "look at the examples, correct the source and ingest what it sends: a correction is a new version"


def remedy(kind: str) -> str:
    """One clause that begins with a verb."""
    return REMEDIES.get(kind, _OTHERWISE)
