"""Real servers on loopback, on free ports, each in a thread of its own: what a feed's transport speaks to in tests."""

import datetime as dt
import http.server
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import paramiko
from moto.server import ThreadedMotoServer
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import ThreadedFTPServer
from websockets.sync.server import serve

USER, PASSWORD = "reader", "loopback-only"


class _Files(http.server.SimpleHTTPRequestHandler):
    """Files with ETag, Range and If-Range; `breaks` maps a path to how many bytes to send before hanging up, once."""

    breaks: dict[str, int]
    asked: list[tuple[str, str, str | None]]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        wanted = self.headers.get("Range")
        self.asked.append((self.command, self.path, wanted))
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        data = path.read_bytes()
        tag = f'"{path.stat().st_mtime_ns}-{len(data)}"'
        start = int(wanted[len("bytes=") : -1]) if wanted and self.headers.get("If-Range") == tag else 0
        self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if body:
            until = self.breaks.pop(self.path, None)
            self.wfile.write(data[start:until])
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


class _Exchange(http.server.BaseHTTPRequestHandler):
    """As much of Binance's REST as bars, trades, funding and a read-only account need; `fails`: statuses to answer with first."""

    klines: dict[str, list[list[Any]]]
    trades: dict[str, list[dict[str, Any]]]
    funding: dict[str, list[dict[str, Any]]]
    account: dict[str, Any]
    """`powers` of the key, `balances`, `fills` by symbol, `deposits`, `withdrawals`."""
    fails: list[int]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.fails:
            status = self.fails.pop()
            self._send(status, {"code": -1121, "msg": "Invalid symbol."} if status == 400 else {"code": -1000, "msg": "busy"})
            return
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        call = {"hisrec": "deposits", "history": "withdrawals"}.get(last := parts.path.rsplit("/", 1)[1], last)
        self._send(200, getattr(self, f"_{call}")(query))

    def _klines(self, query: dict[str, str]) -> list[Any]:
        return _page(self.klines[query["symbol"]], query, lambda row: row[0])

    def _aggTrades(self, query: dict[str, str]) -> list[Any]:  # noqa: N802
        return _page(self.trades[query["symbol"]], query, lambda row: row["T"])

    def _fundingRate(self, query: dict[str, str]) -> list[Any]:  # noqa: N802
        return _page(self.funding[query["symbol"]], query, lambda row: row["fundingTime"])

    def _apiRestrictions(self, query: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"enableReading": True, "ipRestrict": False, **self.account["powers"]}

    def _account(self, query: dict[str, str]) -> dict[str, Any]:
        held = [{"asset": asset, "free": free, "locked": locked} for asset, free, locked in self.account["balances"]]
        return {"updateTime": self.account["updated_ms"], "accountType": "SPOT", "balances": held}

    def _myTrades(self, query: dict[str, str]) -> list[Any]:  # noqa: N802
        day = {"endTime": str(int(query["startTime"]) + 86_400_000 - 1)}
        return _page(self.account["fills"][query["symbol"]], query | day, lambda row: row["time"])

    def _deposits(self, query: dict[str, str]) -> list[Any]:
        return _page(self.account["deposits"], query, lambda row: row["insertTime"])

    def _withdrawals(self, query: dict[str, str]) -> list[Any]:
        return _page(self.account["withdrawals"], query, lambda row: row["at_ms"])

    def _exchangeInfo(self, query: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        linear = {"contractType": "PERPETUAL", "marginAsset": "USDT", "pair": "", "deliveryDate": 4133404800000}
        base = {"quoteAsset": "USDT", "status": "TRADING", "baseAssetPrecision": 8, "quotePrecision": 8, "filters": []}
        more = linear if self.path.startswith("/fapi") else {"isSpotTradingAllowed": True}
        names = sorted({*self.klines, *self.trades, *self.funding, *self.account.get("fills", {})})
        return {"symbols": [{"symbol": name, "baseAsset": name.removesuffix("USDT"), **base, **more} for name in names]}

    def _send(self, code: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


class _Candles(http.server.BaseHTTPRequestHandler):
    """As much of Coinbase's REST as bars need: newest first, in seconds, nothing beyond the window that was asked for."""

    candles: list[list[float]]
    product: str

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        value: list[Any] = []
        if parts.path.endswith("/candles"):
            since, until = (dt.datetime.fromisoformat(query[name]).timestamp() for name in ("start", "end"))
            value = sorted((row for row in self.candles if since <= row[0] <= until), reverse=True)
        elif parts.path.endswith("/products"):
            value = [{"id": self.product, "status": "online", "base_increment": "0.00000001", "quote_increment": "0.01"}]
        _Exchange._send(self, 200, value)  # type: ignore[arg-type]

    def log_message(self, *args: Any) -> None:
        pass


def _page(rows: list[Any], query: dict[str, str], time_of: Any) -> list[Any]:
    since, until = int(query.get("startTime", 0)), int(query.get("endTime", 2**62))
    return [row for row in rows if since <= time_of(row) <= until][: int(query.get("limit", 500))]


@contextmanager
def _threaded(handler: type, **state: Any) -> Iterator[tuple[int, Any]]:
    bound = type("Bound", (handler,), state)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], bound
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def http_files(folder: Path) -> Iterator[tuple[str, Any]]:
    """Address and handler (`breaks`, `asked`) of a web server over a folder."""

    def here(handler: Any, *args: Any, **kwargs: Any) -> None:
        http.server.SimpleHTTPRequestHandler.__init__(handler, *args, directory=str(folder), **kwargs)

    with _threaded(_Files, breaks={}, asked=[], __init__=here) as (port, handler):
        yield f"http://127.0.0.1:{port}", handler


@contextmanager
def exchange(
    klines: dict[str, Any], trades: dict[str, Any] | None = None, funding: Any = None, account: dict[str, Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """Address and handler (`fails`, `asked`, and the data) of a scripted exchange."""
    told = {"klines": klines, "trades": trades or {}, "funding": funding or {}, "account": account or {}}
    with _threaded(_Exchange, **told, fails=[], asked=[]) as (port, handler):
        yield f"http://127.0.0.1:{port}", handler


@contextmanager
def candles(product: str, rows: list[list[float]]) -> Iterator[str]:
    """Address of an exchange without Binance's klines call; rows are (seconds, low, high, open, close, volume)."""
    with _threaded(_Candles, product=product, candles=rows) as (port, _):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ftp_files(folder: Path) -> Iterator[str]:
    logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
    people = DummyAuthorizer()
    people.add_user(USER, PASSWORD, str(folder), perm="elr")
    handler = type("Handler", (FTPHandler,), {"authorizer": people})
    server = ThreadedFTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.05, "handle_exit": False}, daemon=True)
    thread.start()
    try:
        yield f"ftp://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.close_all()
        thread.join(timeout=10)


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == (USER, PASSWORD) else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Tree(paramiko.SFTPServerInterface):
    """Reading below one folder."""

    folder: Path

    def _real(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        found = []
        for item in sorted(self._real(path).iterdir()):
            attributes = paramiko.SFTPAttributes.from_stat(item.stat())
            attributes.filename = item.name
            found.append(attributes)
        return found

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._real(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            file = os.fdopen(os.open(self._real(path), os.O_RDONLY), "rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file  # type: ignore[attr-defined]
        return handle


@contextmanager
def sftp_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Address and the public key of a new host key."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    key = paramiko.ECDSAKey.generate()
    tree = type("Tree", (_Tree,), {"folder": folder})
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[paramiko.Transport] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, tree)
            open_ones.append(transport)
            try:
                transport.start_server(server=_Login(), event=threading.Event())
            except (paramiko.SSHException, EOFError):
                continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"sftp://127.0.0.1:{listener.getsockname()[1]}", f"{key.get_name()} {key.get_base64()}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)
        for transport in open_ones:
            transport.close()


@contextmanager
def s3_files(folder: Path) -> Iterator[str]:
    """Endpoint of an S3-compatible service whose bucket `lake` holds the folder's files."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        httpx.post(f"{endpoint}/moto-api/reset").raise_for_status()  # its buckets outlive a server of the same process
        client = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id=USER, aws_secret_access_key=PASSWORD, region_name="us-east-1"
        )
        client.create_bucket(Bucket="lake")
        for path in sorted(item for item in folder.rglob("*") if item.is_file()):
            client.put_object(Bucket="lake", Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())
        yield endpoint
    finally:
        server.stop()


@contextmanager
def stream(recordings: list[list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Address of a websocket and what clients said. The n-th connection gets the n-th recording; all but the last break off."""
    left, said = list(recordings), []

    def replay(connection: Any) -> None:
        said.append(connection.recv(timeout=10))
        recording = left.pop(0)
        for message in recording:
            connection.send(message)
        if left:
            connection.close(code=1011, reason="overload")

    with serve(replay, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws", said
        finally:
            server.shutdown()
            thread.join(timeout=10)
