"""The golden cases of further families, in the layout of the first three: python make_family_goldens.py MAKE_GOLDENS_PY OUT [CASE]

MAKE_GOLDENS_PY is the script that wrote those; this one gives it other models and tokenizers. Attention slides over fewer tokens
than any sequence has, so that a model without its window fails everywhere.
"""
import importlib.util
import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

spec = importlib.util.spec_from_file_location("make_goldens", sys.argv[1])
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

VOCABULARY = 512
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def sentencepiece(special, corpus):
    """A byte-fallback BPE as SentencePiece's converts have it: special tokens, bytes, pieces, blanks as ▁."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(special) - len(BYTES), limit_alphabet=80, show_progress=False))
    model = json.loads(tok.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    vocab = {token: i for i, token in enumerate(special + BYTES + pieces)}
    merges = [tuple(m) for m in model["merges"]]
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tok.add_special_tokens(special)
    return tok


def corpus():
    return [f"What about {s}? {a}" for s in base.SUBJECTS for a in base.ANSWERS] + base.TEXTS[:11]


def bos(tok, token):
    tok.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", pair=f"{token} $A {token} $B", special_tokens=[(token, tok.token_to_id(token))])


MISTRAL_TEMPLATE = (  # in the manner of Mistral's: instructions in brackets, a system message in front of the first
    "{%- set ns = namespace(before='') %}{{- bos_token }}{%- for m in messages %}{%- if m.role == 'system' %}"
    "{%- set ns.before = m.content + '\\n\\n' %}{%- elif m.role == 'user' %}{{- '[INST] ' + ns.before + m.content + ' [/INST]' }}"
    "{%- set ns.before = '' %}{%- else %}{{- ' ' + m.content + eos_token }}{%- endif %}{%- endfor %}")


def mistral_tokenizer():
    tok = sentencepiece(["<unk>", "<s>", "</s>"], corpus())
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    bos(tok, "<s>")
    fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<unk>")
    fast.chat_template = MISTRAL_TEMPLATE
    return fast


def mistral():
    from transformers import MistralConfig, MistralForCausalLM
    return "mistral", mistral_tokenizer, MistralForCausalLM, MistralConfig(
        vocab_size=VOCABULARY, hidden_size=48, intermediate_size=112, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, sliding_window=7, tie_word_embeddings=False, rms_norm_eps=1e-5,
        max_position_embeddings=512, rope_parameters=dict(rope_type="default", rope_theta=10000.0))


GEMMA_TEMPLATE = (  # in the manner of Gemma's: turns of user and model, a system message in front of the first
    "{%- set ns = namespace(before='') %}{{- bos_token }}{%- for m in messages %}{%- if m.role == 'system' %}"
    "{%- set ns.before = m.content + '\\n\\n' %}{%- else %}{{- '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) "
    "+ '\\n' + ns.before + m.content | trim + '<end_of_turn>\\n' }}{%- set ns.before = '' %}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<start_of_turn>model\\n' }}{%- endif %}")


def gemma_tokenizer():
    tok = sentencepiece(["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], corpus())
    tok.normalizer = normalizers.Replace(" ", "▁")
    tok.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    bos(tok, "<bos>")
    fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<bos>", eos_token="<end_of_turn>", unk_token="<unk>",
                                   pad_token="<pad>")
    fast.chat_template = GEMMA_TEMPLATE
    return fast


def gemma3():
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig
    return "gemma3", gemma_tokenizer, Gemma3ForCausalLM, Gemma3TextConfig(
        vocab_size=VOCABULARY, hidden_size=40, intermediate_size=88, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=24, sliding_window=9, tie_word_embeddings=True,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"], rms_norm_eps=1e-6, max_position_embeddings=512,
        rope_parameters=dict(sliding_attention=dict(rope_type="default", rope_theta=10000.0),
                             full_attention=dict(rope_type="default", rope_theta=1000000.0)))


def randomise_offsets(model, gen):
    """As for the others, but Gemma's norms store what is added to one."""
    base_randomise(model, gen)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p.sub_(1)


base_randomise = base.randomise


def make(case):
    name, tokenizer, cls, config = case
    base.train_tokenizer = lambda family, vocab: tokenizer()
    base.randomise = randomise_offsets if name == "gemma3" else base_randomise
    base.make_case(Path(sys.argv[2]), name, name, cls, config, 0, dict(r=4, lora_alpha=8, target_modules=base.ALL_LINEAR))


if __name__ == "__main__":
    for case in (mistral, gemma3):
        if sys.argv[3:] in ([], [case.__name__]):
            make(case())
