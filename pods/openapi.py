"""The OpenAPI document of the constitution: `python -m pods.openapi > docs/pod-openapi.yaml`."""

import sys
import tempfile
from pathlib import Path

import yaml

from domain.times import UtcUs
from ledger.keys import SigningKey
from pods.server import create_app
from pods.store import PodStore


def openapi_yaml() -> str:
    """The document as YAML, made from the running application's own routes."""
    with tempfile.TemporaryDirectory() as folder:
        key = SigningKey.from_seed(bytes(32))
        store = PodStore(Path(folder), "any", key)
        app = create_app("any", store, {}, {}, key, lambda: UtcUs(0))
        store.close()
    return yaml.safe_dump(app.openapi(), sort_keys=False, width=120)


if __name__ == "__main__":
    sys.stdout.write(openapi_yaml())
