"""What a penalty on probes is, and its gradient, in float64: python make_penalty_goldens.py GOLDENS_DIR

For each case with a forward.safetensors (see README.md beside this folder) writes to penalty.json here: the loss and the gradients
of one step whose data is sequence 2 of the batch, and whose probes are sequences 0 (truthful) and 1 (untruthful), and 1 and 2,
with W = 1000. The policy is the base with the adapter, the reference the base. A gradient is kept as its norm and its product with
cos(1), cos(2), … Of either form of the penalty. PyTorch 2.13, transformers 5.18, PEFT 0.21, everything in float64.
"""
import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parent.parent / "activations"))
from make_activation_goldens import in_float64  # noqa: E402

W = 1000.0
PROBES = [(0, 1), (1, 2)]


def logps(model, batch):
    """Of each sequence: the sum of the log-probabilities of its labels, and how many they are."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    assert logits.dtype == torch.float64
    labels = batch["labels"][:, 1:]
    kept = labels != -100
    each = logits[:, :-1].log_softmax(-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    return (each * kept).sum(1), kept.sum(1)


def penalty(form, policy, reference, count):
    total = policy.new_zeros(())
    changes = []
    for up, down in PROBES:
        h = [(policy[s] - reference[s]) / count[s] for s in (up, down)]
        d = h[0] - h[1]
        changes.append(d.item())
        total = total + (d.clamp(max=0) ** 2 / 2 if form == "margin" else (h[0] ** 2 + h[1] ** 2) / 2)
    return W * total / len(PROBES), sum(changes) / len(changes)


def main(goldens):
    found = {}
    for case in sorted(each.parent for each in goldens.glob("*/forward.safetensors")):
        if not (case / "model").is_dir() or "quantization_config" in (case / "model/config.json").read_text():
            continue
        batch = load_file(case / "forward.safetensors")
        base = AutoModelForCausalLM.from_pretrained(
            case / "model", dtype=torch.float64, attn_implementation="sdpa").eval()
        with torch.no_grad():
            reference, count = logps(in_float64(base), batch)
        found[case.name] = {}
        for form in ("margin", "replies"):
            lora = PeftModel.from_pretrained(
                AutoModelForCausalLM.from_pretrained(case / "model", dtype=torch.float64, attn_implementation="sdpa"),
                case / "adapter", autocast_adapter_dtype=False, is_trainable=True).double().eval()
            policy, _ = logps(in_float64(lora), batch)
            held, change = penalty(form, policy, reference, count)
            loss = -policy[2] / count[2]
            (loss + held).backward()
            gradients = {}
            for name, p in lora.named_parameters():
                if p.requires_grad:
                    flat = p.grad.flatten()
                    pattern = torch.cos(torch.arange(1, len(flat) + 1, dtype=torch.float64))
                    gradients[name.replace(".default", "")] = [flat.norm().item(), (flat * pattern).sum().item()]
            found[case.name][form] = {
                "loss": loss.item(), "probe_penalty": held.item(), "probe_margin_change": change, "gradients": gradients}
            print(case.name, form, loss.item(), held.item(), change)
    (Path(__file__).parent / "penalty.json").write_text(json.dumps(found, separators=(",", ":")).replace("},", "},\n") + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
