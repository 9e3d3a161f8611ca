"""One question put to another store, in an interpreter that has it: `PYTHON _lake_peer.py feast|arcticdb FOLDER REPETITIONS`.

FOLDER holds `history.parquet` (every version of every bar with its knowledge time), `first.parquet` and `latest.parquet` (the
bars before and after the revision), and `question.json`. Prints seconds, rows and the sum of the closes as JSON; exits with 3
where the store is not installed. Imports nothing of this repository.
"""

import json
import sys
import time
from pathlib import Path

ABSENT = 3


def main() -> int:
    peer, folder, repetitions = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    question = json.loads((folder / "question.json").read_text())
    try:
        ask = {"feast": _feast, "arcticdb": _arcticdb}[peer](folder, question)
    except ImportError:
        return ABSENT
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        rows, closes = ask()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": min(seconds), "rows": rows, "closes": closes}))
    return 0


def _feast(folder, question):  # type: ignore[no-untyped-def]
    """Point-in-time join: a bar is an entity, each version an event at its knowledge time, the moment is asked of every bar."""
    import pandas as pd
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.types import Float64

    history = pd.read_parquet(folder / "history.parquet")
    history["bar"] = history["symbol"] + "@" + history["open_time"].astype(str)
    history["known"] = pd.to_datetime(history["knowledge_time"], unit="us", utc=True)
    history.to_parquet(folder / "features.parquet")
    bar = Entity(name="bar", join_keys=["bar"], value_type=ValueType.STRING)
    names = ["open", "high", "low", "close", "volume", "quote_volume"]
    view = FeatureView(
        name="bars",
        entities=[bar],
        schema=[Field(name=name, dtype=Float64) for name in names],
        ttl=None,
        source=FileSource(name="source", path=str(folder / "features.parquet"), timestamp_field="known"),
    )
    config = RepoConfig(
        project="bench",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store=None,
        offline_store={"type": "file"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    store.apply([bar, view])
    asked = history.loc[history["open_time"].between(question["start_us"], question["end_us"] - 1), ["bar"]].drop_duplicates()
    asked["event_timestamp"] = pd.Timestamp(question["as_of_us"], unit="us", tz="UTC")

    def ask():  # type: ignore[no-untyped-def]
        answer = store.get_historical_features(entity_df=asked, features=[f"bars:{name}" for name in names]).to_df()
        known = answer.dropna(subset=["close"])
        return len(known), float(known["close"].sum())

    return ask


def _arcticdb(folder, question):  # type: ignore[no-untyped-def]
    """A symbol's whole frame is the unit of a version: version 0 as first delivered, version 1 with the revised rows."""
    import pandas as pd
    from arcticdb import Arctic, ReadRequest

    library = Arctic(f"lmdb://{folder / 'arctic'}").get_library("bars", create_if_missing=True)
    for name in ("first.parquet", "latest.parquet"):
        frame = pd.read_parquet(folder / name)
        frame.index = pd.to_datetime(frame.pop("open_time"), unit="us")
        for symbol, rows in frame.groupby("symbol"):
            library.write(symbol, rows.drop(columns="symbol"))
    first, last = (pd.Timestamp(question[name], unit="us") for name in ("start_us", "end_us"))
    span = (first, last - pd.Timedelta(1, "us"))

    def ask():  # type: ignore[no-untyped-def]
        requests = [ReadRequest(symbol, as_of=0, date_range=span) for symbol in sorted(library.list_symbols())]
        frames = [item.data for item in library.read_batch(requests)]
        answer = pd.concat(frames)
        return len(answer), float(answer["close"].sum())

    return ask


if __name__ == "__main__":
    sys.exit(main())
