"""Gradients of single rows through the golden models' adapters, in float64: python make_gradient_goldens.py GOLDENS_DIR

For each case with a forward.safetensors (see README.md beside this folder) writes CASE.safetensors here. Of each of its three
sequences, alone in its pass, the gradient of the sum of -log p over labelled tokens by each factor of the adapter; of that,
to keep the files small, two numbers under the factor's name, [3, 2]: the norm, and the sum over elements i, row by row, of
g_i cos(i + 1). PyTorch 2.13, transformers 5.18, PEFT 0.21, everything in float64: norms and softmax, which these libraries
compute in float32 by themselves, are told not to.
"""
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM


def in_float64(model):
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            shift = 1.0 if type(module).__name__.startswith("Gemma") else 0.0
            eps = module.eps if hasattr(module, "eps") else module.variance_epsilon

            def norm(x, weight=module.weight, shift=shift, eps=eps):
                return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * (weight + shift)

            module.forward = norm
    return model


def numbers(gradient):
    flat = gradient.double().flatten()
    waves = torch.cos(torch.arange(1, flat.numel() + 1, dtype=torch.float64))
    return torch.stack([flat.norm(), (flat * waves).sum()])


def main(goldens):
    out = Path(__file__).parent
    for case in sorted(each.parent for each in goldens.glob("*/forward.safetensors")):
        if not (case / "model").is_dir() or "quantization_config" in (case / "model/config.json").read_text():
            continue  # packed weights stand for numbers that their own cases hold
        batch = load_file(case / "forward.safetensors")
        base = AutoModelForCausalLM.from_pretrained(
            case / "model", dtype=torch.float64, attn_implementation="sdpa").eval()
        lora = PeftModel.from_pretrained(
            in_float64(base), case / "adapter", autocast_adapter_dtype=False, is_trainable=True).double().eval()
        found = {}
        for b in range(len(batch["input_ids"])):
            length = int(batch["attention_mask"][b].sum())
            ids, labels = batch["input_ids"][b:b + 1, :length], batch["labels"][b, 1:length]
            logits = lora(input_ids=ids).logits[0, :-1]
            assert logits.dtype == torch.float64
            logp = torch.log_softmax(logits, -1)
            kept = labels != -100
            loss = -logp[kept].gather(1, labels[kept][:, None]).sum()
            lora.zero_grad()
            loss.backward()
            for name, parameter in lora.named_parameters():
                if parameter.requires_grad:
                    short = name.replace("base_model.model.", "").replace(".default.weight", "")
                    found.setdefault(short, []).append(numbers(parameter.grad))
        save_file({name: torch.stack(each) for name, each in found.items()}, out / f"{case.name}.safetensors")
        print(case.name, len(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
