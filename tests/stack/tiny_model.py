# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A language model of a few megabytes, with random weights, as a GGUF file: what it says means nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy

WIDTH, FEED, LAYERS, HEADS = 256, 512, 4, 4
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPACE = "\u2581"
UNKNOWN, CONTROL, BYTE, NORMAL = 2, 3, 6, 1
"""Kinds of tokens."""

_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_WORDS = [SPACE, *LETTERS, *(SPACE + letter for letter in LETTERS)]
TOKENS = ["<unk>", "<s>", "</s>", *_BYTES, *_WORDS]
KINDS = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * len(_BYTES), *[NORMAL] * len(_WORDS)]
SPECIAL = {"unk": 0, "bos": 1, "eos": 2}
"""Their places in `TOKENS`."""

TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def write_model(path: Path, context: int) -> None:
    """Write the model, which was trained for a `context` of so many tokens, or rather was not. Seeded: always the same."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(TOKENS)
    writer.add_token_scores([-float(place) for place in range(len(TOKENS))])
    writer.add_token_types(KINDS)
    writer.add_unk_token_id(SPECIAL["unk"])
    writer.add_bos_token_id(SPECIAL["bos"])
    writer.add_eos_token_id(SPECIAL["eos"])
    writer.add_chat_template(TEMPLATE)
    for name, tensor in _tensors().items():
        writer.add_tensor(f"{name}.weight", tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors() -> dict[str, Any]:
    chance = numpy.random.default_rng(1)

    def random(*shape: int) -> Any:
        return (chance.standard_normal(shape) * 0.3).astype(numpy.float32)

    ones = numpy.ones(WIDTH, numpy.float32)
    tensors = {"token_embd": random(len(TOKENS), WIDTH), "output_norm": ones, "output": random(len(TOKENS), WIDTH)}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        tensors |= {f"{block}.attn_norm": ones, f"{block}.ffn_norm": ones}
        tensors |= {f"{block}.attn_{name}": random(WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        tensors |= {f"{block}.ffn_{name}": random(FEED, WIDTH) for name in ("gate", "up")}
        tensors[f"{block}.ffn_down"] = random(WIDTH, FEED)
    return tensors
