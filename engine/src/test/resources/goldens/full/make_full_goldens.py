"""Training of all weights, as PyTorch does it: python make_full_goldens.py FOLDER

For a tiny random model of each family: config.json and model.safetensors of the start, and expected.safetensors with a
batch, the loss and every gradient of the first step, and every weight after three steps of AdamW. Float32 on a CPU.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

STEPS = 3
RATE = 0.01
DECAY = 0.1
MAX_NORM = 0.5
EPSILON = 1e-4  # large: with 1e-8, the sign of a gradient that is almost zero decides, and rounding decides the sign

shape = dict(vocab_size=37, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
             num_key_value_heads=1, max_position_embeddings=64, initializer_range=0.2, bos_token_id=None,
             eos_token_id=None, pad_token_id=None)
cases = {
    "llama": LlamaConfig(**shape, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**shape, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**shape, head_dim=6, tie_word_embeddings=True),
    "mistral": MistralConfig(**shape, head_dim=6, sliding_window=5, tie_word_embeddings=False),
    "gemma3": Gemma3TextConfig(**shape, head_dim=6, query_pre_attn_scalar=9, sliding_window=4, tie_word_embeddings=True,
                               layer_types=["sliding_attention", "full_attention"]),
}

for name, config in cases.items():
    torch.manual_seed(7)
    folder = Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        for key, p in model.named_parameters():
            if p.dim() == 1:  # norms that are not one, biases that are not zero
                p.add_(torch.randn_like(p) * 0.1)
    model.save_pretrained(folder)
    for extra in ("generation_config.json",):
        (folder / extra).unlink(missing_ok=True)
    out = {}
    ids = torch.randint(0, 37, (3, 17))
    labels = ids.clone()
    labels[0, :5] = -100
    labels[2, ::3] = -100
    out["input_ids"], out["labels"] = ids, labels
    params = dict(model.named_parameters())
    spared = [p for key, p in params.items() if p.dim() == 1 or "embed_tokens" in key]
    decayed = [p for key, p in params.items() if not any(p is s for s in spared)]
    adam = torch.optim.AdamW([dict(params=decayed, weight_decay=DECAY), dict(params=spared, weight_decay=0.0)],
                             lr=RATE, betas=(0.9, 0.95), eps=EPSILON)
    losses, norms = [], []
    for step in range(STEPS):
        adam.zero_grad()
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        if step == 0:
            for key, p in params.items():
                out["grad." + key] = p.grad.clone()
        norms.append(torch.nn.utils.clip_grad_norm_(params.values(), MAX_NORM))
        losses.append(loss.detach())
        adam.step()
    out["losses"], out["norms"] = torch.stack(losses), torch.stack(norms).detach()
    for key, p in params.items():
        out["after." + key] = p.detach().clone()
    save_file({k: v.contiguous() for k, v in out.items()}, folder / "expected.safetensors")
    print(name, [float(x) for x in losses], [float(x) for x in norms])
