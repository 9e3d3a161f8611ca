import hashlib
import subprocess
import sys

import pytest

from domain.errors import Refused
from ledger.keys import PublicKey, SigningKey, load_or_create, load_private, load_public

# RFC 8032 section 7.1, tests 1 to 3: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_rfc_8032_vectors(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verifies(bytes.fromhex(signature), bytes.fromhex(message))
    assert not key.public.verifies(bytes.fromhex(signature), bytes.fromhex(message) + b"x")


def test_key_id_is_the_first_16_hex_digits_of_the_hash() -> None:
    raw = bytes.fromhex(RFC_8032[0][1])
    assert PublicKey(raw).key_id == hashlib.sha256(raw).hexdigest()[:16]


def test_created_once_with_owner_only_mode_and_found_again(tmp_path) -> None:
    first = load_or_create(tmp_path / "keys", "allocator")
    assert (tmp_path / "keys" / "allocator.key").stat().st_mode & 0o777 == 0o600
    assert load_or_create(tmp_path / "keys", "allocator").public == first.public
    assert load_public(tmp_path / "keys" / "allocator.pub") == first.public
    assert (tmp_path / "keys" / "allocator.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert load_or_create(tmp_path / "keys", "halter").public != first.public


def test_public_file_lost_in_a_crash_is_written_again(tmp_path) -> None:
    key = load_or_create(tmp_path, "a")
    (tmp_path / "a.pub").unlink()
    assert load_or_create(tmp_path, "a").public == key.public == load_public(tmp_path / "a.pub")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_private_key_that_others_can_read_is_refused(tmp_path, mode: int) -> None:
    load_or_create(tmp_path, "a")
    (tmp_path / "a.key").chmod(mode)
    with pytest.raises(Refused, match=f"got {mode:04o}: run `chmod 600"):
        load_or_create(tmp_path, "a")


def test_public_file_of_another_key_is_refused(tmp_path) -> None:
    load_or_create(tmp_path, "a")
    load_or_create(tmp_path, "b")
    (tmp_path / "a.pub").write_bytes((tmp_path / "b.pub").read_bytes())
    with pytest.raises(Refused, match="expected the public half"):
        load_or_create(tmp_path, "a")


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_files_that_are_no_keys_are_refused(tmp_path, content: bytes) -> None:
    for name in ("a.key", "a.pub"):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    with pytest.raises(Refused, match="expected an unencrypted Ed25519 private key"):
        load_private(tmp_path / "a.key")
    with pytest.raises(Refused, match="expected an Ed25519 public key"):
        load_public(tmp_path / "a.pub")


def test_another_algorithm_is_refused(tmp_path) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    other = X25519PrivateKey.generate()
    (tmp_path / "a.key").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "a.key").chmod(0o600)
    (tmp_path / "a.pub").write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(Refused, match="another algorithm"):
        load_private(tmp_path / "a.key")
    with pytest.raises(Refused, match="another algorithm"):
        load_public(tmp_path / "a.pub")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "x" * 101])
def test_names_that_could_leave_the_folder_are_refused(tmp_path, name: str) -> None:
    with pytest.raises(Refused, match="expected a name"):
        load_or_create(tmp_path, name)


def test_missing_files_are_refused(tmp_path) -> None:
    for load in (load_private, load_public):
        with pytest.raises(Refused, match="No such file"):
            load(tmp_path / "none")


def test_the_secret_is_not_shown(tmp_path) -> None:
    key = load_or_create(tmp_path, "a")
    secret = (tmp_path / "a.key").read_text().splitlines()[1]
    assert secret not in repr(key)


def test_processes_that_race_get_the_same_key(tmp_path) -> None:
    program = (
        "import sys, pathlib; from ledger.keys import load_or_create; sys.stdin.readline();"
        "print(load_or_create(pathlib.Path(sys.argv[1]), 'a').key_id)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    ids = {racer.communicate(timeout=60)[0].strip() for racer in racers}
    assert ids == {load_or_create(tmp_path, "a").key_id}


def test_the_ledger_starts_without_heavy_libraries() -> None:
    program = (
        "import sys, ledger.keys, ledger.envelope, ledger.verify, ledger.log, ledger.merkle;"
        "print(sorted({'numpy', 'pandas', 'fastapi', 'uvicorn', 'httpx', 'numba', 'dagster'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
