"""A conversation as the model is served it: token ids, and which of them are trained.

The mask rule: every assistant turn is trained unless its weight is 0, and each is laid out exactly as
it will be served: the ids of the prompt with the generation prompt, then the ids of the answer up to
and including the token that ends the turn. When a later turn's prompt does not begin with the ids of
an earlier branch (some templates rewrite past turns), the row has several branches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from aliquot.core.conversation import Message
from aliquot.core.model import PreparedModel
from aliquot.core.records import decode
from aliquot.errors import InputError, ModelError
from aliquot.tokenization.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """Token ids of a conversation; ``is_trained[i]`` says that token i is predicted with loss.

    Attributes:
        other_branches: Further id sequences of the same row, where the template rewrites past turns.
    """

    token_ids: tuple[int, ...]
    is_trained: tuple[bool, ...]
    other_branches: tuple[EncodedRow, ...] = ()

    @property
    def branches(self) -> tuple[EncodedRow, ...]:
        """All sequences of the row, most rows having one."""
        return (self, *self.other_branches)

    @property
    def num_trained_tokens(self) -> int:
        """Tokens with loss, over all branches."""
        return sum(sum(branch.is_trained) for branch in self.branches)


class Encoder:
    """Turns conversations into ids with the tokenizer and template of a prepared model folder."""

    def __init__(
        self, folder: Path, model: PreparedModel, tokenizer: Tokenizer, template: ChatTemplate
    ) -> None:
        self.folder = folder
        self.model = model
        self.template = template
        self._tokenizer = tokenizer
        self._stop_ids = frozenset(model.stop_token_ids)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read a prepared model folder; takes about a tenth of a second.

        Raises:
            ModelError: The folder was not prepared, or a file in it cannot be read.
        """
        record = folder / "aliquot.json"
        if not record.is_file():
            raise ModelError(
                "This is not a prepared model folder: aliquot.json is missing.",
                code="model_not_prepared",
                location=str(folder),
                hint="Run `aliquot models fetch NAME`.",
            )
        model = decode(record.read_bytes(), PreparedModel, str(record))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(folder, model, tokenizer, ChatTemplate.load(folder))

    def encode_prompt(self, messages: Sequence[Message], *, tools: str = "") -> list[int]:
        """Return the ids that a server feeds before it generates; ``tools`` is JSON text."""
        return self._ids([self.template.render(messages, add_generation_prompt=True, tools=tools)])[0]

    def encode(self, messages: Sequence[Message], *, tools: str = "") -> EncodedRow:
        """Return the whole conversation as served, with its mask."""
        return self.encode_many([messages], [tools])[0]

    def encode_many(
        self, conversations: Iterable[Sequence[Message]], tools: Iterable[str] | None = None
    ) -> list[EncodedRow]:
        """Encode many conversations; tokenises them in one call, which is far faster.

        Args:
            conversations: The messages of each.
            tools: For each the definitions of its tools, as JSON text; empty texts when not given.

        Raises:
            InputError: A conversation has no trained assistant turn (``nothing_to_train``).
            ModelError: The template refuses a conversation, prints no tools, or marks no end of a turn.
        """
        pairs = zip(conversations, itertools.repeat("") if tools is None else tools, strict=False)
        turns = [self._trained_turns(tuple(messages), its_tools) for messages, its_tools in pairs]
        texts = [text for row in turns for pair in row for text in pair]
        ids = iter(self._ids(texts))
        rows = []
        for row in turns:
            pieces = [(next(ids), next(ids)) for _ in row]
            rows.append(_join([self._as_branch(prompt, answer) for prompt, answer in pieces]))
        return rows

    def encode_answers(
        self, prompt: Sequence[Message], answers: Sequence[str], *, tools: str = ""
    ) -> list[list[int]]:
        """Return for each answer the ids that follow the prompt, including the end of the turn."""
        turns = [
            self._turn((*prompt, Message("assistant", answer)), len(prompt), tools)[1] for answer in answers
        ]
        return [list(self._through_stop(ids)) for ids in self._ids(turns)]

    def turn_texts(self, messages: Sequence[Message], tools: str = "") -> list[tuple[str, str]]:
        """Return of each trained turn the text of its prompt and the text that follows.

        Raises:
            InputError: No assistant turn is trained (``nothing_to_train``).
            ModelError: The template refuses the conversation.
        """
        return self._trained_turns(tuple(messages), tools)

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer, without padding and truncation."""
        return self._tokenizer

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of generated ids, special tokens left out."""
        return self._tokenizer.decode(list(token_ids), skip_special_tokens=True)

    def _trained_turns(self, messages: tuple[Message, ...], tools: str) -> list[tuple[str, str]]:
        indices = [index for index, message in enumerate(messages) if message.is_trained]
        if not indices:
            raise InputError(
                "The conversation has no assistant turn to train on.",
                code="nothing_to_train",
                hint="Add an assistant message, or give one of them a weight of 1.",
            )
        return [self._turn(messages, index, tools) for index in indices]

    def _turn(self, messages: tuple[Message, ...], index: int, tools: str) -> tuple[str, str]:
        """Return the texts of the prompt and of the answer of one assistant turn."""
        prompt = self.template.render(messages[:index], add_generation_prompt=True, tools=tools)
        whole = self.template.render(messages[: index + 1], add_generation_prompt=False, tools=tools)
        if not whole.startswith(prompt):
            raise ModelError(
                "The chat template prints an assistant turn differently in training and in serving: "
                f"the prompt ends in {prompt[-40:]!r}.",
                code="template_mismatch",
                location=self.model.source.name,
                hint="Choose another base model; this template cannot be trained as it is served.",
            )
        return prompt, whole[len(prompt) :]

    def _as_branch(self, prompt_ids: list[int], answer_ids: list[int]) -> EncodedRow:
        answer = self._through_stop(answer_ids)
        mask = (False,) * len(prompt_ids) + (True,) * len(answer)
        return EncodedRow((*prompt_ids, *answer), mask)

    def _through_stop(self, answer_ids: list[int]) -> tuple[int, ...]:
        for position in range(len(answer_ids) - 1, -1, -1):
            if answer_ids[position] in self._stop_ids:
                return tuple(answer_ids[: position + 1])
        raise ModelError(
            "The chat template ends an assistant turn with none of the model's stop tokens "
            f"{sorted(self._stop_ids)}; a model trained on it would never stop.",
            code="template_without_stop",
            location=self.model.source.name,
            hint="Choose another base model, or mend its chat template.",
        )

    def _ids(self, texts: list[str]) -> list[list[int]]:
        return [
            encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ]


def _join(branches: list[EncodedRow]) -> EncodedRow:
    """Merge turns whose ids continue one another into one sequence; keep the others as branches."""
    joined: list[EncodedRow] = []
    for branch in branches:
        last = joined[-1] if joined else None
        if last and branch.token_ids[: len(last.token_ids)] == last.token_ids:
            mask = last.is_trained + branch.is_trained[len(last.token_ids) :]
            joined[-1] = EncodedRow(branch.token_ids, mask)
        else:
            joined.append(branch)
    return EncodedRow(joined[0].token_ids, joined[0].is_trained, tuple(joined[1:]))
