from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from backtest.cscv import cscv


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(2, 9), blocks=st.sampled_from([2, 4, 6, 8]), rows=st.integers(3, 6))
def test_ranks_are_those_of_the_definition(seed: int, columns: int, blocks: int, rows: int) -> None:
    returns = np.random.default_rng(seed).normal(0.001, 0.02, (rows * blocks, columns))
    found = cscv(returns, blocks)
    parts = np.split(returns, blocks)
    for row, choice in enumerate(combinations(range(blocks), blocks // 2)):
        inside = np.concatenate([parts[block] for block in choice])
        outside = np.concatenate([parts[block] for block in range(blocks) if block not in choice])
        best = int((inside.mean(axis=0) / inside.std(axis=0, ddof=1)).argmax())
        assert found.selected_column[row] == best
        assert found.oos_rank[row] == rankdata(outside.mean(axis=0) / outside.std(axis=0, ddof=1))[best]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(2, 9), copies=st.integers(0, 3), scale=st.floats(0.01, 100.0))
def test_leverage_and_order_of_trials_do_not_matter(seed: int, columns: int, copies: int, scale: float) -> None:
    generator = np.random.default_rng(seed)
    returns = generator.normal(0.001, 0.02, (48, columns))
    returns = np.column_stack([returns, *[returns[:, :1] * scale] * copies])
    plain = cscv(returns, 6)
    levered = cscv(returns * generator.uniform(0.1, 10.0, returns.shape[1]), 6)
    assert levered.oos_rank.tolist() == plain.oos_rank.tolist()
    assert levered.selected_column.tolist() == plain.selected_column.tolist()
    shuffled = cscv(returns[:, generator.permutation(returns.shape[1])], 6)
    assert sorted(shuffled.oos_rank.tolist()) == sorted(plain.oos_rank.tolist())
    assert plain.pbo_strict <= plain.pbo_nonstrict
