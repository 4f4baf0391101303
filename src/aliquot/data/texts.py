"""What is checked of plain texts: that no conversations are among them, and what is cut into windows."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.dataset import Finding, Task, TaskType
from aliquot.data.table import ExampleTable
from aliquot.data.tokens import RowTokens
from aliquot.errors import AliquotError, InputError


def infer_document_task(table: ExampleTable, wanted: TaskType | None) -> Task | None:
    """Return the task of plain texts; None where the rows are conversations.

    Raises:
        InputError: The user set another task for texts, or this one for conversations (``setting_conflict``).
    """
    if table.has_plain_texts and wanted in (None, "document"):
        reason = "The rows are plain texts: nothing is answered; the model predicts the text itself."
        return Task(task_type="document", reason=reason, set_by="you" if wanted else "rule")
    if table.has_plain_texts:
        raise _conflict(
            f"Found {wanted}, but the rows are plain texts, which have no answers.",
            "Leave it out; or give every row a prompt and an answer.",
        )
    if wanted == "document":
        raise _conflict(
            "Found document, but the rows are conversations.",
            'Leave it out; or give the texts as .txt, .md or JSON Lines with "text".',
        )
    return None


def _conflict(message: str, hint: str) -> InputError:
    return InputError(message, code="setting_conflict", location="evaluate.task_type", hint=hint)


def check_texts(table: ExampleTable) -> list[Finding]:
    """Return an error where plain texts and conversations stand together: they are not trained alike."""
    if not (table.has_plain_texts and table.has_conversations):
        return []
    return [
        Finding(
            code="texts_and_conversations",
            severity="error",
            message="Some rows are plain texts and others are conversations.",
            remedy="Train on the texts first, then on the conversations with train.start_from.",
        )
    ]


def check_windows(rows: Sequence[RowTokens | AliquotError], window: int) -> list[Finding]:
    """Return a note about the texts that are longer than a window."""
    cut = [row for row in rows if isinstance(row, RowTokens) and len(row.branches) > 1]
    if not cut:
        return []
    num_windows = sum(len(row.branches) for row in cut)
    return [
        Finding(
            code="texts_cut",
            severity="note",
            message=f"{len(cut):,} of {len(rows):,} texts are longer than a window of {window:,} tokens and "
            f"become {num_windows:,} windows. Every token is still trained and scored, once; at the start of "
            "a window it is predicted with less before it.",
            count=len(cut),
            remedy="Raise train.max_seq_len for longer windows, if memory allows.",
        )
    ]
