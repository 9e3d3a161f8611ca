"""`python -m tests.golden`: write every golden file anew; `git diff` then shows what changed."""

from tests.golden import definitions, signed_documents

signed_documents.regenerate()
definitions.regenerate()
