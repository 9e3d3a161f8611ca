"""The reference pod as a program: where its keys and its memory lie under a home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import Refused
from ledger import keys
from pods.server import create_app
from pods.service import Clock
from pods.store import PodStore

if TYPE_CHECKING:
    from fastapi import FastAPI

KEYS_FOLDER = "keys"
PODS_FOLDER = "pods"


def paper_pod(home: Path, pod: str, clock: Clock) -> FastAPI:
    """The application of the paper pod `pod`.

    It trusts `keys/allocator.pub` and `keys/halter.pub`, signs with `keys/pod-NAME.key` (created on first use, its `.pub`
    beside it) and remembers in `pods/NAME/`. Raises Refused where a public key is missing, the name is no name, or
    another process serves the pod.
    """
    keys.check_name(pod)
    folder = home / KEYS_FOLDER
    allocator, halter = (_trusted(folder, name) for name in (keys.ALLOCATOR, keys.HALTER))
    key = keys.load_or_create(folder, keys.POD_PREFIX + pod)
    return create_app(pod, PodStore(home / PODS_FOLDER / pod, pod, key), allocator, halter, key, clock)


def _trusted(folder: Path, name: str) -> keys.TrustedKeys:
    path = folder / f"{name}.pub"
    if not path.exists():
        raise Refused(f"{path}: missing: a pod obeys the keys it is given; copy {name}.pub there, or run `factory run`")
    return keys.trust([keys.load_public(path)])
