"""What is declared of each feed: where it is, what it holds, when it counts as known, how far a fetch may go."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from data_lake.formats_declared import load_formats
from data_lake.recognise import INTERVALS
from data_lake.schema import versioned_table
from domain.errors import Refused
from domain.market import Market
from domain.model import Frozen
from domain.times import US_PER_SECOND, parse_utc
from durable.declarations import load

DECLARED = Path(__file__).parents[2] / "config" / "feeds.yaml"

SCHEMES = {
    "file": "file", "http": "http", "https": "http", "ftp": "ftp", "sftp": "sftp", "s3": "s3", "ccxt": "ccxt", "ws": "ws",
    "wss": "ws",
}  # fmt: skip
"""The transport of each scheme of an address."""

PAUSE_MAX_S = 60.0
_PLACES = frozenset({"symbol", "interval", "month", "date"})
_CRON_FIELD = re.compile(r"^(\*|\d{1,2}(-\d{1,2})?)(/\d{1,2})?(,(\d{1,2}(-\d{1,2})?)(/\d{1,2})?)*$")
_ENVIRONMENT_NAME = re.compile(r"^[A-Z][A-Z0-9_]*$")

Credential = Literal["username", "password", "key_file", "access_key", "secret_key", "token"]


class Budget(Frozen):
    """How far one fetch may go before it gives up."""

    timeout_s: float = Field(default=30.0, gt=0)
    """Of one answer; of silence on a stream."""
    deadline_s: float = Field(default=3_600.0, gt=0)
    """Of the whole fetch; what landed before stays."""
    attempts: int = Field(default=3, ge=1)
    file_max_bytes: int = Field(default=2 * 1024**3, gt=0)
    page_rows: int = Field(default=1_000, ge=1)
    listen_s: float = Field(default=60.0, gt=0)
    """How long one fetch listens to a stream."""
    pause_s: float = Field(default=1.0, ge=0)
    """Before the second attempt; doubled before each further one."""

    def pause_before(self, attempt: int) -> float:
        """Seconds to wait before an attempt, the first being 0."""
        return 0.0 if attempt == 0 else min(self.pause_s * 2 ** (attempt - 1), PAUSE_MAX_S)


class Feed(Frozen):
    """One feed. Its address may hold {symbol}, {interval}, {month}, {date}, and `*` where folders can be listed."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")
    url: str
    format: str | None = None
    """A name of `config/formats.yaml`; None: a table with a header, its columns told by their names."""
    table: str
    venue: str
    market: Market
    interval: str | None = None
    symbols: tuple[str, ...] = ()
    start: str | None = None
    """The first event time wanted where nothing else says so, ISO 8601."""
    publication_lag_s: int | None = Field(default=None, ge=0)
    schedule: str | None = None
    """Cron text in UTC: minute, hour, day, month, day of week."""
    stale_after_hours: float | None = Field(default=None, gt=0)
    """The age of a symbol's newest complete event beyond which the table is red; None: only the desk's own rule holds."""
    known_at: str = "published"
    """`published` (close + lag, an assumption), `received` (that, but not before it was received), or a time for every row."""
    checksum: Literal["none", ".CHECKSUM", ".sha256"] = "none"
    """The ending of the file beside each file that states its SHA-256."""
    credentials: Mapping[Credential, str] = {}
    """Names of environment variables, never values."""
    endpoint: str | None = None
    """Another address of the same service: S3-compatible storage, or an exchange's REST interface elsewhere."""
    region: str | None = None
    """Of S3-compatible storage, where it is not us-east-1."""
    account: str = ""
    """The name under which own fills, balances and transfers are kept."""
    host_key: str | None = None
    """The SFTP server's public key, such as `ssh-ed25519 AAAA...`; another key is refused."""
    subscribe: str | None = None
    """What to ask a stream for, for each symbol; {symbol}, {symbol_lower} and {interval} are filled in."""
    resync: str | None = None
    """The feed that fills a gap in this stream."""
    budget: Budget = Budget()

    @property
    def transport(self) -> str:
        """By the scheme of the address."""
        return SCHEMES[urlsplit(self.url).scheme]

    @property
    def interval_us(self) -> int | None:
        return None if self.interval is None else INTERVALS[self.interval]

    @property
    def lag_us(self) -> int | None:
        return None if self.publication_lag_s is None else self.publication_lag_s * US_PER_SECOND

    @property
    def start_us(self) -> int | None:
        return None if self.start is None else parse_utc(self.start)

    @field_validator("url")
    @classmethod
    def _has_a_transport(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise ValueError(f"expected an address that starts with one of {sorted(SCHEMES)}")
        if parts.username or parts.password:
            raise ValueError("expected no user or password in the address: name environment variables under credentials")
        unknown = set(re.findall(r"{(\w*)}", url)) - _PLACES
        if unknown:
            raise ValueError(f"unknown places {sorted(unknown)}: expected some of {sorted(_PLACES)}")
        return url

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, text: str | None) -> str | None:
        if text is not None and (len(text.split()) != 5 or not all(_CRON_FIELD.match(field) for field in text.split())):
            raise ValueError("expected five cron fields such as `15 * * * *`")
        return text

    @field_validator("credentials")
    @classmethod
    def _are_names(cls, credentials: Mapping[Credential, str]) -> Mapping[Credential, str]:
        for role, name in credentials.items():
            if not _ENVIRONMENT_NAME.match(name):
                raise ValueError(f"{role}: expected the name of an environment variable in capitals, never a value")
        return credentials

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            versioned_table(self.table)
            if self.format is not None and load_formats().named(self.format).table != self.table:
                raise Refused(f"format {self.format} is of another table than {self.table}")
            if self.known_at not in ("published", "received"):
                parse_utc(self.known_at)
            if self.start is not None:
                parse_utc(self.start)
        except Refused as refusal:
            raise ValueError(str(refusal)) from None
        self._needs()
        return self

    def _needs(self) -> None:
        if self.interval is not None and self.interval not in INTERVALS:
            raise ValueError(f"expected an interval among {', '.join(INTERVALS)}")
        if self.transport == "sftp" and self.host_key is None:
            raise ValueError("an SFTP feed needs the server's host_key: no key is trusted on sight")
        if ("{month}" in self.url or "{date}" in self.url) and self.start is None:
            raise ValueError("an address by month or date needs a start")
        whole_account = self.table in ("balances", "transfers")
        if ("{symbol}" in self.url or self.transport in ("ccxt", "ws")) and not self.symbols and not whole_account:
            raise ValueError("this feed needs symbols")
        if self.stale_after_hours is not None and not self.symbols:
            raise ValueError("stale_after_hours needs symbols: freshness is judged symbol by symbol")
        if self.transport == "ws" and self.format is None:
            raise ValueError("a stream needs a format")
        if self.table == "bars" and self.interval is None and (self.transport in ("ccxt", "ws") or "{interval}" in self.url):
            raise ValueError("this feed needs an interval")


class Feeds(Frozen):
    """All of `config/feeds.yaml`."""

    feeds: tuple[Feed, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        if len(self.by_name) != len(self.feeds):
            raise ValueError("two feeds have one name")
        for feed in self.feeds:
            if feed.resync is not None and feed.resync not in self.by_name:
                raise ValueError(f"{feed.name}: resync names no feed: {feed.resync}")
            if feed.resync is not None and self.by_name[feed.resync].transport != "ccxt":
                raise ValueError(f"{feed.name}: resync needs a ccxt feed, which can be asked for a stretch of time")
        return self

    @cached_property
    def by_name(self) -> Mapping[str, Feed]:
        return {feed.name: feed for feed in self.feeds}

    def named(self, name: str) -> Feed:
        """The feed; Refused where there is none of this name."""
        if name not in self.by_name:
            raise Refused(f"unknown feed {name!r}: expected one of {sorted(self.by_name)}, or declare it in config/feeds.yaml")
        return self.by_name[name]


def load_feeds(path: Path = DECLARED) -> Feeds:
    """The declared feeds; Refused where the file is absent, is no YAML, or does not fit."""
    return load(path, Feeds)


def secrets(feed: Feed, environment: Mapping[str, str]) -> dict[str, str]:
    """The values behind the declared names; Refused, naming the variable, where one is not set."""
    absent = sorted(name for name in feed.credentials.values() if not environment.get(name))
    if absent:
        raise Refused(f"feed {feed.name}: set the environment variable {', '.join(absent)}")
    return {role: environment[name] for role, name in feed.credentials.items()}
