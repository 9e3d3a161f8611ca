"""`python -m tests.golden`: write every golden file anew; `git diff` then shows what changed."""

from tests.golden import definitions, notebook, signed_documents

signed_documents.regenerate()
definitions.regenerate()
notebook.regenerate()
