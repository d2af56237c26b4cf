"""PyTorch's own bf16 error on the golden models: python measure_bf16.py FOLDER

For every case in FOLDER that has a forward.safetensors, runs its batch in bf16 as PyTorch, transformers and PEFT do (weights,
activations and logits bf16, softmax, norms and the loss float32 within) and writes bf16.json beside it: how far that is from
the case's float32 values. Adapters are as PEFT keeps them by default over a bf16 model, float32 ("adapters_float32"), and
cast to bf16 like everything else ("adapters_bf16"). "runs": the largest difference of a loss in 30 steps of SFT and of KTO on
the case's rows, two at a time, from its adapter, between bf16 (adapters float32) and float32, both trained. On a CPU; needs
torch, transformers, peft and safetensors.
"""
import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

STEPS, ROWS, LENGTH, RATE, BETA, UNDESIRABLE = 30, 2, 60, 0.002, 0.1, 1.2


def load(case, dtype, adapters_float32):
    base = AutoModelForCausalLM.from_pretrained(case / "model", dtype=dtype)
    # The qwen2 case's model had been cast to bf16 and back before its batch ran, its rotary frequencies too.
    if base.config.model_type == "qwen2":
        frequencies = base.model.rotary_emb.inv_freq
        frequencies.copy_(frequencies.bfloat16().float())
    return PeftModel.from_pretrained(base, case / "adapter", is_trainable=True, autocast_adapter_dtype=adapters_float32).eval()


def run(model, batch):
    """base and adapter logits (rows that are no padding), log-probabilities of the targets, loss, gradients; all float32"""
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    rows = batch["attention_mask"].bool()
    with torch.no_grad(), model.disable_adapter():
        base = model(**inputs).logits
    out = model(**inputs, labels=batch["labels"])
    out.loss.backward()
    targets = batch["labels"][:, 1:]
    counted = targets != -100
    scores = torch.log_softmax(out.logits[:, :-1].float(), dim=-1)
    logp = scores.gather(2, targets.clamp(min=0).unsqueeze(2)).squeeze(2)[counted]
    gradients = {"grad." + n: p.grad.float() for n, p in model.named_parameters() if p.requires_grad}
    return base[rows].float(), out.logits[rows].detach().float(), logp.detach(), out.loss.detach().float(), gradients


def distance(got, want):
    logits = torch.cat([(g - w).flatten() for g, w in zip(got[:2], want[:2])]).double()
    size = torch.cat([w.flatten() for w in want[:2]]).double()
    logp = (got[2] - want[2]).double()
    difference = sum((got[4][n] - g).double().square().sum() for n, g in want[4].items())
    norm = sum(g.double().square().sum() for g in want[4].values())
    values = {
        "logits_rms": logits.square().mean().sqrt(),
        "logits_relative": (logits.square().sum() / size.square().sum()).sqrt(),
        "logits_largest": logits.abs().max(),
        "logp_mean": logp.abs().mean(),
        "logp_rms": logp.square().mean().sqrt(),
        "loss": (got[3] - want[3]).abs(),
        "gradients_relative": (difference / norm).sqrt(),
    }
    return {key: float(f"{float(value):.4g}") for key, value in values.items()}


def encoded(case, kind):
    """token ids, which of them are the completion's, and whether the row is desirable"""
    tokenizer = AutoTokenizer.from_pretrained(case / "model")
    for line in (case / kind / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
        ids = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=True)["input_ids"][:LENGTH]
        yield ids, [i >= len(prompt) for i in range(len(ids))], row.get("label", True)


def completion_logps(model, ids, completion):
    scores = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0, :-1].float(), dim=-1)
    return scores.gather(1, torch.tensor(ids[1:]).unsqueeze(1)).squeeze(1)[torch.tensor(completion[1:])]


def kto_loss(model, rows, reference):
    """Kahneman-Tversky optimisation (arXiv 2402.01306), its baseline over pairs of a prompt and another row's completion."""
    mixed = []
    for i, (ids, completion, _) in enumerate(rows):
        other, others_completion, _ = rows[i - 1]
        prompt = [t for t, c in zip(ids, completion) if not c]
        tail = [t for t, c in zip(other, others_completion) if c]
        mixed.append((prompt + tail, [False] * len(prompt) + [True] * len(tail)))
    with torch.no_grad():
        gaps = [completion_logps(model, *m).sum() - completion_logps(reference, *m).sum() for m in mixed]
        kept = [completion_logps(reference, ids, completion).sum() for ids, completion, _ in rows]
    baseline = torch.stack(gaps).mean().clamp(min=0)
    terms = []
    for (ids, completion, desirable), before in zip(rows, kept):
        margin = BETA * (completion_logps(model, ids, completion).sum() - before - baseline)
        terms.append(1 - torch.sigmoid(margin) if desirable else UNDESIRABLE * (1 - torch.sigmoid(-margin)))
    return torch.stack(terms).mean()


def losses(case, kind, dtype):
    model, reference = load(case, dtype, True), load(case, dtype, True)
    rows = [r for r in encoded(case, kind) if any(r[1])]
    adam = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE, weight_decay=0.1)
    curve = []
    for step in range(STEPS):
        batch = [rows[(step * ROWS + i) % len(rows)] for i in range(ROWS)]
        if kind == "kto":
            loss = kto_loss(model, batch, reference)
        else:
            loss = -torch.cat([completion_logps(model, ids, completion) for ids, completion, _ in batch]).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        curve.append(float(loss.detach()))
    return torch.tensor(curve, dtype=torch.float64)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for case in sorted(p.parent for p in Path(sys.argv[1]).glob("*/forward.safetensors")):
        batch = load_file(case / "forward.safetensors")
        want = run(load(case, torch.float32, True), batch)
        recorded = batch["lora.logits"][batch["attention_mask"].bool()]
        if not torch.allclose(want[1], recorded, rtol=1e-4, atol=1e-5) or len(want[4]) != sum(k.startswith("grad.") for k in batch):
            sys.exit(f"{case.name}: this PyTorch's float32 is not what forward.safetensors holds")
        measured = {
            "versions": {m.__name__: m.__version__ for m in (torch, transformers, peft)},
            "adapters_float32": distance(run(load(case, torch.bfloat16, True), batch), want),
            "adapters_bf16": distance(run(load(case, torch.bfloat16, False), batch), want),
            "runs": {kind: float(f"{float((losses(case, kind, torch.bfloat16) - losses(case, kind, torch.float32)).abs().max()):.4g}")
                     for kind in ("sft", "kto")},
        }
        (case / "bf16.json").write_text(json.dumps(measured, indent=1) + "\n")
        print(case.name, json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
