"""Merkle trees as in RFC 6962 section 2.1: hashes, roots and proofs.  Pure: no file, no key.

A tree of any size is a handful of perfect subtrees.  `Subtrees` answers for the hash of the perfect subtree `number` of
`level` (level 0 is the leaves; the subtree covers leaves number * 2**level up to (number + 1) * 2**level), so that roots
and proofs need only about log2(size)**2 look-ups however the hashes are kept.
"""

import hashlib
from collections.abc import Callable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

Subtrees = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf's bytes (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_levels(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Hashes of all perfect subtrees, by level and number; level 0 is `leaf_hashes` itself."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels


def subtrees_of(leaf_hashes: Sequence[bytes]) -> Subtrees:
    """The look-up over hashes held in memory."""
    levels = perfect_levels(leaf_hashes)
    return lambda level, number: levels[level][number]


def completed_subtrees(index: int, leaf: bytes, subtrees: Subtrees) -> list[tuple[int, int, bytes]]:
    """(level, number, hash) of the perfect subtrees above level 0 that the leaf hash `leaf` at `index` completes.

    `subtrees` needs to know only those that end before `index`.
    """
    completed: list[tuple[int, int, bytes]] = []
    level, number, current = 0, index, leaf
    while number & 1:
        current = node_hash(subtrees(level, number - 1), current)
        level, number = level + 1, number >> 1
        completed.append((level, number, current))
    return completed


def root(size: int, subtrees: Subtrees) -> bytes:
    """Root of the first `size` leaves (RFC 6962 section 2.1, MTH)."""
    return EMPTY_ROOT if size == 0 else _range_hash(0, size, subtrees)


def inclusion_proof(index: int, size: int, subtrees: Subtrees) -> list[bytes]:
    """Audit path of the leaf at `index` in the tree of the first `size` leaves (RFC 6962 section 2.1.1, PATH).

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"expected an index below the size {size}, got {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, subtrees))
            end = middle
        else:
            path.append(_range_hash(start, middle, subtrees))
            start = middle
    return path[::-1]


def consistency_proof(first: int, second: int, subtrees: Subtrees) -> list[bytes]:
    """Proof that the tree of `first` leaves begins the tree of `second` leaves (RFC 6962 section 2.1.2, PROOF).

    Empty where the sizes are equal or `first` is 0. Raises ValueError unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"expected 0 <= first <= second, got {first} and {second}")
    if first in (0, second):
        return []
    proof: list[bytes] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(_range_hash(middle, end, subtrees))
            end = middle
        else:
            proof.append(_range_hash(start, middle, subtrees))
            start = middle
    if start:
        proof.append(_range_hash(start, end, subtrees))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether `proof` shows leaf hash `leaf` at `index` under `root_hash` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes([leaf, root_hash, *proof]):
        return False
    number, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            current = node_hash(sibling, current)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and current == root_hash


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree under `first_root` begins the tree under `second_root` (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second or not _all_hashes([first_root, second_root, *proof]):
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    if not path:
        return False
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _range_hash(start: int, end: int, subtrees: Subtrees) -> bytes:
    """MTH of leaves start to end; every range that the recursions of RFC 6962 meet starts at a multiple of its split."""
    size = end - start
    if size & (size - 1) == 0:
        return subtrees(size.bit_length() - 1, start // size)
    middle = start + _split(size)
    return node_hash(_range_hash(start, middle, subtrees), _range_hash(middle, end, subtrees))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _all_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == 32 for value in values)
