"""What a function of the user says: ``grade(sample, item) -> float``, run without network and with limits."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Grader, Tools, grade_each, metric_name
from aliquot.evaluation.sandbox import Sandbox

LONGEST_SOURCE = 256 * 1024
"""Bytes; OpenAI's limit."""


class Python(Grader, frozen=True, kw_only=True):
    """Grades by Python source.

    Attributes:
        source: Source text that defines the function.
        function: Its name.
        image_tag: Taken and not used: the function runs under this Python.
        file: Name of the source in messages.
    """

    kind = "python"

    source: str
    function: str = "grade"
    image_tag: str | None = None
    file: str = "grader.py"

    def __post_init__(self) -> None:
        if len(self.source.encode()) > LONGEST_SOURCE:
            raise ValueError(f"the source has more than {LONGEST_SOURCE // 1024} kB")
        try:
            compile(self.source, self.file, "exec")
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"its source is no Python: {error}") from error

    def describe(self) -> GraderMeaning:
        """Return what its numbers are; a function may give any."""
        words = f"{self.function}(sample, item) of {self.file}"
        return GraderMeaning(
            name=metric_name(self.name), title=self.name, type=self.kind, words=words, low=None, high=None
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer; 0 with an error where the function fails."""
        with Sandbox(self.source, self.function, file=self.file) as sandbox:
            grades = grade_each(items, lambda item: sandbox.grade(item.sample, item.item))
        if sandbox.network == "refused":
            tools.tell(
                f"! {self.file}: this system gives a process no empty network of its own; Python refused it "
                "sockets, which stops mistakes and no ill will."
            )
        return grades


GRADER = Python
