"""Known answers: the eight-leaf tree of the Certificate Transparency tests (RFC 6962 implementations)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [  # index, size, audit path
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [  # first, second, proof
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
SUBTREES = merkle.subtrees_of(HASHES)
JUNK = b"\x01" * 32


def raw(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def slow_root(hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else merkle.EMPTY_ROOT
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return merkle.node_hash(slow_root(hashes[:split]), slow_root(hashes[split:]))


def test_the_empty_tree() -> None:
    assert merkle.root(0, SUBTREES).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_roots(size: int) -> None:
    assert merkle.root(size, SUBTREES).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_proofs(index: int, size: int, path: list[str]) -> None:
    assert merkle.inclusion_proof(index, size, SUBTREES) == raw(path)
    assert merkle.verify_inclusion(index, size, HASHES[index], raw(path), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_consistency_proofs(first: int, second: int, proof: list[str]) -> None:
    assert merkle.consistency_proof(first, second, SUBTREES) == raw(proof)
    assert merkle.verify_consistency(first, second, bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1]), raw(proof))


def test_every_proof_of_every_small_tree_holds_and_no_corrupted_one_does() -> None:
    hashes = [merkle.leaf_hash(bytes([i])) for i in range(33)]
    subtrees = merkle.subtrees_of(hashes)
    roots = [slow_root(hashes[:size]) for size in range(len(hashes) + 1)]
    for size in range(1, len(hashes) + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtrees)
            assert merkle.verify_inclusion(index, size, hashes[index], proof, roots[size])
            assert not merkle.verify_inclusion(index, size, hashes[index], proof, JUNK)
            assert not merkle.verify_inclusion(index, size, JUNK, proof, roots[size])
            assert not merkle.verify_inclusion(index, size, hashes[index], [*proof, JUNK], roots[size])
            assert not any(merkle.verify_inclusion(index, size, hashes[index], bad, roots[size]) for bad in corruptions(proof))
        for first in range(1, size):
            proof = merkle.consistency_proof(first, size, subtrees)
            assert merkle.verify_consistency(first, size, roots[first], roots[size], proof)
            assert not merkle.verify_consistency(first, size, JUNK, roots[size], proof)
            assert not merkle.verify_consistency(first, size, roots[first], JUNK, proof)
            assert not any(merkle.verify_consistency(first, size, roots[first], roots[size], bad) for bad in corruptions(proof))


def test_no_proof_holds_for_another_place_or_size() -> None:
    hashes = [merkle.leaf_hash(bytes([i])) for i in range(20)]
    subtrees = merkle.subtrees_of(hashes)
    roots = [slow_root(hashes[:size]) for size in range(len(hashes) + 1)]
    for size in range(1, len(hashes) + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtrees)
            for other in {index - 1, index + 1, index ^ 2} - {index}:
                assert not merkle.verify_inclusion(other, size, hashes[index], proof, roots[size])
            # A larger tree in which the leaf would lie deeper, or a smaller one in which it would lie higher.
            assert not merkle.verify_inclusion(index, size * 2 + 1, hashes[index], proof, roots[size])
            assert size < 2 or not merkle.verify_inclusion(index, size // 2, hashes[index], proof, roots[size])
        for first in range(1, size):
            proof = merkle.consistency_proof(first, size, subtrees)
            for other in {first - 1, first + 1, first ^ 2} - {first}:
                assert not merkle.verify_consistency(other, size, roots[first], roots[size], proof)
            assert not merkle.verify_consistency(first, size * 2 + 1, roots[first], roots[size], proof)


def corruptions(proof: list[bytes]) -> list[list[bytes]]:
    flipped = [[*proof[:i], bytes([proof[i][0] ^ 8]) + proof[i][1:], *proof[i + 1 :]] for i in range(len(proof))]
    return [*flipped, *([proof[:-1], proof[1:]] if proof else []), [*proof, JUNK], [JUNK, *proof], [*proof, b""]]


@pytest.mark.parametrize(
    ("first", "second", "old", "new", "proof", "holds"),
    [
        (0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [], True),
        (0, 3, merkle.EMPTY_ROOT, JUNK, [], True),
        (0, 3, JUNK, JUNK, [], False),
        (0, 3, merkle.EMPTY_ROOT, JUNK, [JUNK], False),
        (2, 2, JUNK, JUNK, [], True),
        (2, 2, JUNK, JUNK, [JUNK], False),
        (2, 2, JUNK, merkle.EMPTY_ROOT, [], False),
        (2, 1, JUNK, JUNK, [], False),
        (1, 2, JUNK, JUNK, [], False),
        (3, 5, JUNK, JUNK, [], False),
    ],
)
def test_consistency_at_the_edges(first: int, second: int, old: bytes, new: bytes, proof: list[bytes], holds: bool) -> None:
    assert merkle.verify_consistency(first, second, old, new, proof) is holds


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (5, 3)])
def test_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    assert not merkle.verify_inclusion(index, size, JUNK, [], JUNK)
    with pytest.raises(ValueError, match="expected an index"):
        merkle.inclusion_proof(index, size, SUBTREES)


def test_no_consistency_backwards() -> None:
    with pytest.raises(ValueError, match="expected 0 <= first <= second"):
        merkle.consistency_proof(3, 2, SUBTREES)


@given(st.lists(st.binary(max_size=8), max_size=130))
def test_growing_leaf_by_leaf_gives_the_tree_of_the_definition(leaves: list[bytes]) -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    grown: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(hashes):
        grown[0, index] = leaf
        for level, number, value in merkle.completed_subtrees(index, leaf, lambda level, number: grown[level, number]):
            grown[level, number] = value
    levels = merkle.perfect_levels(hashes)
    assert grown == {(level, number): value for level, row in enumerate(levels) for number, value in enumerate(row)}
    assert merkle.root(len(hashes), lambda level, number: grown[level, number]) == slow_root(hashes)
