"""Runs published reference cases against this repository: `python -m tests.reference FILE...`.

A file looks like `../shared/methods/cases.json`: `{"cases": [{"id", "section", "inputs", "expected", "atol", "rtol"}, ...]}`.
Each case is answered by the function registered for its section and the NAMES of its inputs. Ids and values are never looked at.

To add one, write `tests/reference/section_09.py` (modules named `section_*` are found by themselves):

    from tests.reference.registry import Inputs, Results, case

    @case(section=9, inputs={"N_T", "sigma2"})
    def marchenko_pastur(inputs: Inputs) -> Results:
        edges = [list(marchenko_pastur_edges(n, t, inputs["sigma2"])) for n, t in inputs["N_T"]]
        return {"edges": edges}

- The names in `inputs` must match the case's exactly; a name in `optional={...}` may be absent.
- The answer holds every key that a case of that shape expects; more keys do no harm. Numbers, bools, strings, None, lists, dicts,
  numpy scalars and arrays are compared recursively; a key that is expected and not answered is a failure.
- Where the key itself carries a parameter (`PSR_0p1`, `corrected_p99`), take a second argument: the tuple of expected keys.
- Inputs of the form `{"cases": [{...}, {...}], "shared": ...}` need nothing: where no function takes `cases`, every entry, with
  the shared inputs added, is answered by the function for its own names. The answers come as lists (`years: [.., ..]`) and by
  letter (`a: {...}, b: {...}`).
- Two prints of one quantity (`QP_table`, `QP_exact`): answer the stem (`QP`), and either passes.
"""
