"""Files over HTTP(S): a broken download goes on by Range, and only where the file is still the same (If-Range)."""

from collections.abc import Iterator, Mapping

import httpx

from data_lake.feeds.remote import Absent, Version, translated
from domain.errors import Refused, Unreachable

_FAILED = (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects)


class HttpFiles:
    def __init__(self, secrets: Mapping[str, str], timeout_s: float) -> None:
        headers = {"Accept-Encoding": "identity"}
        if "token" in secrets:
            headers["Authorization"] = f"Bearer {secrets['token']}"
        user = (secrets["username"], secrets.get("password", "")) if "username" in secrets else None
        self._client = httpx.Client(headers=headers, auth=user, timeout=timeout_s, follow_redirects=True)

    def names(self, pattern: str) -> list[str]:
        raise Refused(f"{pattern}: a web server gives no list of its files: use {{symbol}}, {{month}} or {{date}} instead of *")

    def version(self, address: str) -> Version:
        with translated(address, refused=(httpx.InvalidURL,), unreachable=_FAILED):
            answer = self._client.head(address)
            if answer.status_code in (405, 501):
                return Version(None, None)
            _checked(answer, address)
            length = answer.headers.get("Content-Length")
            size = int(length) if length is not None and length.isdigit() else None
            return Version(size, answer.headers.get("ETag") or answer.headers.get("Last-Modified"))

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:
        go_on = offset > 0 and version.token is not None
        headers = {"Range": f"bytes={offset}-", "If-Range": version.token or ""} if go_on else {}
        with translated(address, refused=(httpx.InvalidURL,), unreachable=_FAILED):
            answer = self._client.send(self._client.build_request("GET", address, headers=headers), stream=True)
            try:
                _checked(answer, address)
            except (Absent, Refused, Unreachable):
                answer.close()
                raise
        went_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        return (offset if went_on else 0), self._chunks(address, answer)

    def _chunks(self, address: str, answer: httpx.Response) -> Iterator[bytes]:
        try:
            with translated(address, unreachable=_FAILED):
                # as it comes: what is gathered into a larger chunk is lost with the connection
                yield from answer.iter_raw()
        finally:
            answer.close()

    def close(self) -> None:
        self._client.close()


def _checked(answer: httpx.Response, address: str) -> None:
    code = answer.status_code
    if code in (404, 410):
        raise Absent(f"{address}: HTTP {code}")
    if code >= 500 or code in (408, 418, 425, 429):
        raise Unreachable(f"{address}: HTTP {code}; fetch again later")
    if code >= 400:
        raise Refused(f"{address}: HTTP {code}: correct the address or the credentials")
