"""Damaged deliveries in four formats: every damaged file ends in quarantine with a reason, and the good file beside it counts."""

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_lake.formats_declared import load_formats
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc

START_MS = parse_utc("2024-01-01") // 1_000
NOW_US = parse_utc("2024-06-01")
HOURS = 24
HOUR_MS = 3_600_000

Rows = list[list[Any]]


def rows() -> Rows:
    """Hourly klines, every number another one, as their texts."""
    made = []
    for hour in range(HOURS):
        open_ms = START_MS + hour * HOUR_MS
        prices = [f"{100 + hour}.5", f"{103 + hour}.25", f"{98 + hour}.75", f"{101 + hour}.0", f"{hour + 10}.5"]
        made.append(
            [open_ms, *prices, open_ms + HOUR_MS - 1, f"{1_000 + hour}.5", 50 + hour, f"{hour + 4}.5", f"{400 + hour}.5", "0"]
        )
    return made


def changed(change: Callable[[int, list[Any]], list[Any]]) -> Rows:
    return [change(index, list(row)) for index, row in enumerate(rows())]


def with_column(place: int, value: Callable[[int, Any], Any]) -> Rows:
    return changed(lambda index, row: [*row[:place], value(index, row[place]), *row[place + 1 :]])


def swapped(first: int, second: int) -> Rows:
    def swap(_: int, row: list[Any]) -> list[Any]:
        row[first], row[second] = row[second], row[first]
        return row

    return changed(swap)


def flipped(data: bytes, place: float) -> bytes:
    """One bit changed, at this fraction of the bytes."""
    index = int(len(data) * place)
    return data[:index] + bytes([data[index] ^ 0x10]) + data[index + 1 :]


def as_csv(table: Rows, delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in table).encode()


def as_zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def as_parquet(table: Rows, drop: tuple[str, ...] = (), **changes: Any) -> bytes:
    names = ("open_time", "open", "high", "low", "close", "volume")
    columns = {name: [float(row[place]) for row in table] for place, name in enumerate(names)}
    columns["open_time"] = [int(time) for time in columns["open_time"]]
    buffer = io.BytesIO()
    pl.DataFrame({name: values for name, values in (columns | changes).items() if name not in drop}).write_parquet(buffer)
    return buffer.getvalue()


def as_messages(table: Rows, **changes: Any) -> bytes:
    lines = []
    for row in table:
        bar = dict(zip(("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B"), row, strict=True))
        bar |= {"s": "BADUSDT", "x": True, **changes}
        lines.append(json.dumps({"e": "kline", "k": bar}))
    return "\n".join(lines).encode()


def locked_zip(data: bytes) -> bytes:
    """A zip that says that its members are encrypted."""
    whole = bytearray(as_zip({"a.csv": data}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(mark) + offset] |= 1
    return bytes(whole)


def lying_zip() -> bytes:
    """A zip whose directory claims 10 bytes of a member that holds many more."""
    whole = bytearray(as_zip({"a.csv": as_csv(rows())}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = whole.index(mark) + offset
        whole[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(whole)


GOOD = as_csv(rows())
MIXED = with_column(0, lambda index, time: time // 1_000 if index % 2 else time)
HUGE = b"0," * (1 << 20) + b"\n"
HTML = b"<!DOCTYPE html><html><body>Too many requests</body></html>"

CSV: dict[str, bytes] = {
    "empty.csv": b"",
    "only a line end.csv": b"\n",
    "cut in a row.csv": GOOD[: GOOD.rindex(b",")],
    "semicolons.csv": as_csv(rows(), ";"),
    "tabs.csv": as_csv(rows(), "\t"),
    "UTF-16.csv": GOOD.decode().encode("utf-16"),
    "not UTF-8.csv": GOOD.replace(b"100.5", b"100\xff5"),
    "high and low swapped.csv": as_csv(swapped(2, 3)),
    "time and close swapped.csv": as_csv(swapped(0, 4)),
    "volume and close swapped.csv": as_csv(swapped(4, 5)),
    "mixed units of time.csv": as_csv(MIXED),
    "a column short.csv": as_csv([row[:-1] for row in rows()]),
    "a column more.csv": as_csv([[*row, "1"] for row in rows()]),
    "negative prices.csv": as_csv(with_column(3, lambda _, price: f"-{price}")),
    "words for numbers.csv": as_csv(with_column(4, lambda *_: "n/a")),
    "NaN prices.csv": as_csv(with_column(1, lambda *_: "NaN")),
    "infinite prices.csv": as_csv(with_column(2, lambda *_: "inf")),
    "header of another order.csv": b"open_time,open,low,high,close,volume,close_time,quote_volume,count,a,b,c\n" + GOOD,
    "header again in the middle.csv": GOOD + b"open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,c\n" + GOOD,
    "a web page.csv": HTML,
    "zeros.csv": bytes(4_096),
    "noise.csv": hashlib.shake_128(b"noise").digest(4_096),
    "years ahead.csv": as_csv(with_column(0, lambda _, time: time + 200 * 365 * 24 * HOUR_MS)),
    "not closed yet.csv": as_csv(with_column(0, lambda _, time: time + 365 * 24 * HOUR_MS)),
    "off the hour.csv": as_csv(with_column(0, lambda _, time: time + 7 * 60_000)),
    "decimal commas.csv": as_csv(rows()).replace(b".", b","),
    "a bit flipped.csv": flipped(GOOD, 0.5),
    "of another checksum.csv": GOOD,
}
ARCHIVES: dict[str, bytes] = {
    "no zip.zip": GOOD,
    "cut.zip": as_zip({"a.csv": GOOD})[:-30],
    "cut early.zip": as_zip({"a.csv": GOOD})[:200],
    "a bit flipped.zip": flipped(as_zip({"a.csv": GOOD}), 0.4),
    "empty archive.zip": as_zip({}),
    "an empty member.zip": as_zip({"a.csv": b""}),
    "locked.zip": locked_zip(GOOD),
    "a zip in a zip.zip": as_zip({"a.zip": as_zip({"a.csv": GOOD})}),
    "a bomb.zip": as_zip({"a.csv": HUGE}),
    "a lie about its size.zip": lying_zip(),
    "one member bad.zip": as_zip({"a.csv": GOOD, "b.csv": HTML}),
    "cut.csv.gz": gzip.compress(GOOD, mtime=0)[:-20],
    "a bit flipped.csv.gz": flipped(gzip.compress(GOOD, mtime=0), 0.6),
    "wrong sum at the end.csv.gz": flipped(gzip.compress(GOOD, mtime=0), 0.998),
    "no gz.csv.gz": GOOD,
    "a bomb.csv.gz": gzip.compress(HUGE, mtime=0),
    "nothing inside.csv.gz": gzip.compress(b"", mtime=0),
    "of another checksum.zip": as_zip({"a.csv": GOOD}),
}
PARQUET: dict[str, bytes] = {
    "empty.parquet": b"",
    "cut.parquet": as_parquet(rows())[:-100],
    "cut to its first bytes.parquet": as_parquet(rows())[:4],
    "no Parquet.parquet": GOOD,
    "a bit flipped in the footer.parquet": flipped(as_parquet(rows()), 0.995),
    "no rows.parquet": as_parquet([]),
    "no close.parquet": as_parquet(rows(), drop=("close",)),
    "words for prices.parquet": as_parquet(rows(), open=["many"] * HOURS),
    "lists for prices.parquet": as_parquet(rows(), open=[[1.0]] * HOURS),
    "truth for times.parquet": as_parquet(rows(), open_time=[True] * HOURS),
    "NaN prices.parquet": as_parquet(rows(), close=[float("nan")] * HOURS),
    "mixed units of time.parquet": as_parquet(MIXED),
    "high and low swapped.parquet": as_parquet(swapped(2, 3)),
    "a bit flipped.parquet": flipped(as_parquet(rows()), 0.3),
    "of another checksum.parquet": as_parquet(rows()),
}
_JSON = json.dumps(rows()).encode()
JSON: dict[str, bytes] = {
    "empty.json": b"",
    "cut.json": _JSON[:-30],
    "no JSON.json": GOOD,
    "an error of the exchange.json": b'{"code": -1121, "msg": "Invalid symbol."}',
    "an empty list.json": b"[]",
    "rows of two widths.json": json.dumps([rows()[0], rows()[1][:5]]).encode(),
    "NaN.json": _JSON.replace(b'"100.5"', b"NaN"),
    "nested too deep.json": b"[" * 100_000,
    "UTF-16.json": _JSON.decode().encode("utf-16"),
    "objects for numbers.json": json.dumps(with_column(1, lambda *_: {"price": 1})).encode(),
    "high and low swapped.json": json.dumps(swapped(2, 3)).encode(),
    "mixed units of time.json": json.dumps(MIXED).encode(),
    "null times.json": json.dumps(with_column(0, lambda *_: None)).encode(),
    "cut.json.gz": gzip.compress(_JSON, mtime=0)[:-20],
    "a bit flipped.json": flipped(_JSON, 0.5),
    "a web page.json": HTML,
}
LINES: dict[str, bytes] = {
    "empty.jsonl": b"",
    "cut.jsonl": as_messages(rows())[:-30],
    "a line of noise.jsonl": as_messages(rows()) + b"\n\x00\x01{",
    "no closed bar.jsonl": as_messages(rows(), x=False),
    "other messages.jsonl": b'{"result": null, "id": 1}\n' * 3,
    "no symbol.jsonl": as_messages(rows(), s=None),
    "words for prices.jsonl": as_messages(rows(), o="many"),
    "no times.jsonl": as_messages(rows(), t=None),
    "mixed units of time.jsonl": as_messages(MIXED),
    "high and low swapped.jsonl": as_messages(swapped(2, 3)),
    "not UTF-8.jsonl": as_messages(rows()).replace(b"kline", b"kl\xffne"),
    "of another checksum.jsonl": as_messages(rows()),
}
STATED = ("of another checksum", "a bit flipped")
"""A changed digit is still a digit: only what the vendor states can tell. So it is stated for these."""

CORPORA: dict[str, tuple[str | None, str, bytes, dict[str, bytes]]] = {
    "CSV": ("binance_klines", "GOODUSDT.csv", GOOD, CSV),
    "zip and gz": ("binance_klines", "GOODUSDT.zip", as_zip({"a.csv": GOOD}), ARCHIVES),
    "Parquet": (None, "GOODUSDT.parquet", as_parquet(rows()), PARQUET),
    "JSON arrays": ("binance_klines_json", "GOODUSDT.json", _JSON, JSON),
    "JSON lines": ("binance_kline_stream", "good.jsonl", as_messages(rows(), s="GOODUSDT"), LINES),
}


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPORA) >= 4
    assert sum(len(corpus) for *_, corpus in CORPORA.values()) >= 40


@pytest.mark.parametrize("kind", CORPORA)
def test_damaged_files_are_quarantined_with_a_reason_and_the_good_one_counts(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_lake.unpack.UNPACKED_MAX_BYTES", 1 << 20)
    declared, good_name, good, corpus = CORPORA[kind]
    folder = tmp_path / "delivery"
    folder.mkdir()
    named = {f"BADUSDT-{index}-{name.replace(' ', '_').lower()}": data for index, (name, data) in enumerate(corpus.items())}
    for name, data in {good_name: good, **named}.items():
        (folder / name).write_bytes(data)
    wrong = {
        name: "0" * 64 if "another" in name else hashlib.sha256(good).hexdigest()
        for name, data in named.items()
        if name.split("-", 2)[2].replace("_", " ").startswith(STATED) and not (kind == "zip and gz" and "bit" in name)
    }
    form = {"format": None if declared is None else load_formats().named(declared).model_dump(mode="json"), "checksums": wrong}
    with Lake(tmp_path / "home", threads=1) as lake:
        report = lake.ingest(
            sorted(folder.iterdir()), "bars", venue="v", market=Market.SPOT, interval_us=US_PER_HOUR, received_us=NOW_US,
            source="s", form=form,
        )  # fmt: skip
        quarantine = lake.quarantine().to_pylist()
        held = lake.describe()
    reasons = {row["origin"].split("/")[1]: row["reason"] for row in quarantine}
    assert {file.origin.split("/")[1]: file.rows_good for file in report.files} == {good_name: HOURS} | dict.fromkeys(named, 0)
    assert set(reasons) == set(named)
    assert all(reasons.values())
    assert all("unpacks to more than" in reason for name, reason in reasons.items() if "bomb" in name)
    assert [(series.symbol, series.rows) for series in held] == [("GOODUSDT", HOURS)]
