import json

import pytest

from domain.errors import Refused
from pods import store as store_module
from pods.rules import PodState, accept, halt
from pods.store import Held, PodStore
from tests.documents import NOW_US, POD_KEY, STRANGER, allocation, halt_order

STATE = halt(accept(PodState(pod="trend"), allocation(), "sha256:a", NOW_US), halt_order())
HELD = Held(state=STATE, halted_us=NOW_US, starts=3).with_receipt(b"\x00receipt\xff")


def test_what_was_saved_is_remembered(tmp_path) -> None:
    store = PodStore(tmp_path / "trend", "trend", POD_KEY)
    assert store.held == Held(state=PodState(pod="trend"))
    store.save(HELD)
    store.close()
    again = PodStore(tmp_path / "trend", "trend", POD_KEY)
    assert again.held == HELD
    assert again.held.receipt == b"\x00receipt\xff"
    assert (tmp_path / "trend" / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_state_in_force(tmp_path, monkeypatch) -> None:
    store = PodStore(tmp_path, "trend", POD_KEY)

    def no_space(*_args, **_kwargs) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_durably", no_space)
    with pytest.raises(OSError, match="No space"):
        store.save(HELD)
    assert store.held.state.document is None


def test_an_altered_or_foreign_state_is_refused_and_never_started_afresh(tmp_path) -> None:
    store = PodStore(tmp_path, "trend", POD_KEY)
    store.save(HELD)
    store.close()
    good = (tmp_path / "state.json").read_bytes()
    for bad in (b"", good[:-10], good.replace(b"a", b"b", 1), json.dumps(HELD.model_dump(mode="json")).encode()):
        (tmp_path / "state.json").write_bytes(bad)
        with pytest.raises(Refused, match="expected the state that this pod sealed"):
            PodStore(tmp_path, "trend", POD_KEY)
    (tmp_path / "state.json").write_bytes(good)
    with pytest.raises(Refused, match="unknown signer"):
        PodStore(tmp_path, "trend", STRANGER)
    with pytest.raises(Refused, match="got that of 'trend'"):
        PodStore(tmp_path, "carry", POD_KEY)
    assert PodStore(tmp_path, "trend", POD_KEY).held == HELD


def test_one_process_at_a_time(tmp_path) -> None:
    first = PodStore(tmp_path, "trend", POD_KEY)
    with pytest.raises(Refused, match="another process serves this pod"):
        PodStore(tmp_path, "trend", POD_KEY)
    first.close()
    first.close()
    PodStore(tmp_path, "trend", POD_KEY).close()
