"""The Dagster UI over a home."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from domain.errors import Refused
from pipelines.candidates import publish_all
from pipelines.instance import prepare_instance_folder
from steps.home import REPOSITORY, Home


def serve_ui(home: Path, port: int, data: tuple[Path, ...], market: str | None, from_lake: bool = False) -> None:
    """Run `dagster dev` (web server and daemon) until it is interrupted, and the home's reports on the next port beside it.

    Refused on a busy port.
    """
    _refuse_busy(port)
    _refuse_busy(port + 1)
    prepare_instance_folder(Home(home).dagster)
    publish_all(Home(home))
    environment = os.environ | {"FACTORY_HOME": str(home), "FACTORY_REPORTS_URL": f"http://127.0.0.1:{port + 1}"}
    if data:
        environment["FACTORY_DATA"] = os.pathsep.join(str(folder.resolve()) for folder in data)
    if from_lake:
        environment["FACTORY_FROM_LAKE"] = "yes"
    if market is not None:
        environment["FACTORY_MARKET"] = market
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(REPOSITORY / "workspace.yaml"), "-p", str(port)]
    with _reports_served(home / "reports", port + 1):
        subprocess.run(command, env=environment, cwd=REPOSITORY, check=False)  # noqa: S603 - our own interpreter and arguments


@contextmanager
def _reports_served(folder: Path, port: int) -> Iterator[None]:
    """The pages of a home on the loopback address: a browser does not follow links from the UI to files."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadingHTTPServer(("127.0.0.1", port), partial(_Pages, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Pages(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silent: the terminal belongs to Dagster."""


def _refuse_busy(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(f"port {port} on this machine is busy: stop what listens there, or give another --port") from None
