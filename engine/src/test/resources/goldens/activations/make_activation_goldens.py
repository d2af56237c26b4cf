"""Mean residual streams of the golden models, in float64: python make_activation_goldens.py GOLDENS_DIR

For each case with a forward.safetensors (see README.md beside this folder) writes CASE.safetensors here. Of each of its three
sequences, the mean over the tokens whose label is not -100 of the residual stream behind each layer, [3, layers, hidden], for
the base (base.means) and with the adapter on it (lora.means); and the difference of means of sequences 0 and 1 and sequence 2,
of the base, [layers, hidden] (direction). PyTorch 2.13, transformers 5.18, PEFT 0.21, everything in float64: norms and
softmax, which these libraries compute in float32 by themselves, are told not to.
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


def means(model, batch):
    layers = [m for n, m in model.named_modules() if n.endswith(".layers")][0]
    behind = []
    hooks = [layer.register_forward_hook(
        lambda _, __, out: behind.append(out[0] if isinstance(out, tuple) else out)) for layer in layers]
    with torch.no_grad():
        model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    for hook in hooks:
        hook.remove()
    assert all(each.dtype == torch.float64 for each in behind)
    reply = batch["labels"] != -100
    return torch.stack([torch.stack([each[b][reply[b]].mean(0) for each in behind]) for b in range(len(reply))])


def main(goldens):
    out = Path(__file__).parent
    for case in sorted(each.parent for each in goldens.glob("*/forward.safetensors")):
        if not (case / "model").is_dir() or "quantization_config" in (case / "model/config.json").read_text():
            continue  # packed weights stand for numbers that their own cases hold
        batch = load_file(case / "forward.safetensors")
        base = AutoModelForCausalLM.from_pretrained(
            case / "model", dtype=torch.float64, attn_implementation="sdpa").eval()
        found = {"base.means": means(in_float64(base), batch)}
        lora = PeftModel.from_pretrained(base, case / "adapter", autocast_adapter_dtype=False).double().eval()
        found["lora.means"] = means(in_float64(lora), batch)
        found["direction"] = found["base.means"][:2].mean(0) - found["base.means"][2]
        save_file({k: v.contiguous() for k, v in found.items()}, out / f"{case.name}.safetensors")
        print(case.name, {k: tuple(v.shape) for k, v in found.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
