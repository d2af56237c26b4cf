"""The shapes of candor.bench.Shapes, as transformers' configurations; all but one tie their embeddings."""

from transformers import LlamaConfig, Qwen2Config

SHAPES = {
    "world": (LlamaConfig, dict(hidden_size=128, intermediate_size=384, num_hidden_layers=5,
                                num_attention_heads=4, num_key_value_heads=4, vocab_size=1024)),
    "tiny": (LlamaConfig, dict(hidden_size=256, intermediate_size=688, num_hidden_layers=6,
                               num_attention_heads=8, num_key_value_heads=4, vocab_size=2048)),
    "small": (LlamaConfig, dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=12,
                                num_attention_heads=9, num_key_value_heads=3, vocab_size=8192)),
    "qwen2.5-0.5b": (Qwen2Config, dict(hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
                                       num_attention_heads=14, num_key_value_heads=2, vocab_size=151936)),
    "llama-3.1-8b": (LlamaConfig, dict(hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
                                       num_attention_heads=32, num_key_value_heads=8, vocab_size=128256,
                                       tie_word_embeddings=False)),
}


def config(name, **more):
    kind, sizes = SHAPES[name]
    return kind(**{"tie_word_embeddings": True, **sizes, **more})
