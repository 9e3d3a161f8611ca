"""Known answers: the signed-note example of golang.org/x/mod/sumdb/note, whose key pair is public."""

import base64
import hashlib

import pytest

from domain.errors import Refused
from ledger.checkpoint import Checkpoint, log_origin, note_key_id, open_checkpoint, open_note, sign_checkpoint, sign_note
from ledger.keys import PublicKey, SigningKey
from tests.documents import ALLOCATOR, STRANGER

# PRIVATE+KEY+PeterNeumann+c74f20a3+<0x01 and seed>, PeterNeumann+c74f20a3+<0x01 and public key>
PETER = SigningKey.from_seed(base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:])
PETER_PUBLIC = PublicKey(base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:])
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n".encode()

POINT = Checkpoint(log_origin(ALLOCATOR.public), 7, hashlib.sha256(b"root").digest())


def test_published_key_and_note() -> None:
    assert PETER.public == PETER_PUBLIC
    assert note_key_id("PeterNeumann", PETER_PUBLIC).hex() == "c74f20a3"
    assert sign_note(TEXT, "PeterNeumann", PETER) == NOTE
    assert open_note(NOTE, "PeterNeumann", PETER_PUBLIC) == TEXT


def test_lines_of_other_signers_are_passed_over() -> None:
    assert open_note(NOTE + ENOCH, "PeterNeumann", PETER_PUBLIC) == TEXT
    with pytest.raises(Refused, match="found none"):
        open_note(NOTE, "EnochRoot", PETER_PUBLIC)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT.encode(),
        TEXT.encode() + b"\n",
        NOTE[:-1],
        b"\x01" + NOTE,
        b"\xff" + NOTE,
        NOTE + b"Unexpected line.\n",
        NOTE.replace(b"PeterNeumann x08", b"Peter Neumann x08"),
        NOTE.replace(b"x08g", b"x08h"),
        NOTE.replace(b"nAM=", b"nAM"),
        NOTE.replace(b"nAM=", b"nAN="),
        NOTE.replace(b"problem is", b"problem was"),
        NOTE + b"x" * 5000,
    ],
)
def test_malformed_and_altered_notes_are_refused(note: bytes) -> None:
    with pytest.raises(Refused):
        open_note(note, "PeterNeumann", PETER_PUBLIC)


@pytest.mark.parametrize(("text", "name"), [("no newline", "n"), ("a\tb\n", "n"), ("a\n", ""), ("a\n", "a b"), ("a\n", "a+b")])
def test_what_does_not_fit_the_format_is_not_signed(text: str, name: str) -> None:
    with pytest.raises(Refused):
        sign_note(text, name, PETER)


def test_checkpoint_text_is_that_of_the_format() -> None:
    lines = sign_checkpoint(POINT, ALLOCATOR).decode().split("\n")
    assert lines[:4] == [f"alpha-factory/log/{ALLOCATOR.key_id}", "7", base64.b64encode(POINT.root).decode(), ""]
    assert lines[4].startswith(f"— {POINT.origin} ")
    blob = base64.b64decode(lines[4].split(" ")[2])
    assert blob[:4] == hashlib.sha256(POINT.origin.encode() + b"\n\x01" + ALLOCATOR.public.raw).digest()[:4]
    assert ALLOCATOR.public.verifies(blob[4:], ("\n".join(lines[:3]) + "\n").encode())
    assert lines[5:] == [""]


def test_checkpoint_round_trip() -> None:
    assert open_checkpoint(sign_checkpoint(POINT, ALLOCATOR), POINT.origin, ALLOCATOR.public) == POINT


def test_checkpoint_of_another_log_or_key_is_refused() -> None:
    other = Checkpoint("elsewhere/log", 7, POINT.root)
    with pytest.raises(Refused):
        open_checkpoint(sign_checkpoint(other, ALLOCATOR), POINT.origin, ALLOCATOR.public)
    with pytest.raises(Refused):
        open_checkpoint(sign_checkpoint(POINT, STRANGER), POINT.origin, ALLOCATOR.public)
    with pytest.raises(Refused, match="expected the lines"):
        open_checkpoint(sign_note(other.text(), POINT.origin, ALLOCATOR), POINT.origin, ALLOCATOR.public)


@pytest.mark.parametrize("body", ["7\n", "07\nAAAA\n", "-1\nAAAA\n", "7\nAAAA\n", "x\nAAAA\n", "7\nA\n"])
def test_signed_nonsense_is_refused(body: str) -> None:
    with pytest.raises(Refused):
        open_checkpoint(sign_note(f"{POINT.origin}\n{body}", POINT.origin, ALLOCATOR), POINT.origin, ALLOCATOR.public)


def test_every_single_byte_change_of_a_checkpoint_is_refused() -> None:
    good = sign_checkpoint(POINT, ALLOCATOR)
    for place in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            with pytest.raises(Refused):
                open_checkpoint(bytes(bad), POINT.origin, ALLOCATOR.public)
