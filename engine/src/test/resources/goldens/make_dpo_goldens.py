"""The DPO goldens: python make_dpo_goldens.py MAKE_GOLDENS_PY GOLDENS [CASE]

TRL's DPOTrainer on the golden checkpoints in GOLDENS, from their golden adapters, in float32 on a CPU. MAKE_GOLDENS_PY is the script
that wrote those; subjects and answers are its own.
"""
import importlib.util
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

torch.set_num_threads(1)
spec = importlib.util.spec_from_file_location("make_goldens", sys.argv[1])
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

KEEP = ("loss", "grad_norm", "learning_rate", "rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins",
        "logps/chosen", "logps/rejected", "epoch", "step")
# The label-smoothed loss is TRL's "aot" in micro-batches of one pair: its "sigmoid" leaves label_smoothing out.
CASES = {
    "llama3": dict(form="messages", per_device_train_batch_size=4, gradient_accumulation_steps=1),
    "qwen2": dict(form="implicit", per_device_train_batch_size=4, gradient_accumulation_steps=1, beta=0.3, max_length=60),
    "qwen3": dict(form="text", per_device_train_batch_size=1, gradient_accumulation_steps=4, loss_type=["aot"], label_smoothing=0.1),
    "mistral": dict(form="messages", per_device_train_batch_size=2, gradient_accumulation_steps=2),
    "gemma3": dict(form="messages", per_device_train_batch_size=2, gradient_accumulation_steps=2),
}


def rows(r, form, n=16):
    out = []
    while len(out) < n:
        subject = r.choice(made.SUBJECTS)
        replies = [" ".join(r.sample(made.ANSWERS, r.randint(1, 3))) for _ in range(2)]
        if replies[0] == replies[1]:
            continue
        if form == "text":
            out.append({"prompt": f"What about {subject}?", "chosen": " " + replies[0], "rejected": " " + replies[1]})
            continue
        prompt = [{"role": "user", "content": f"What about {subject}?"}]
        if r.random() < 0.3:
            prompt.insert(0, {"role": "system", "content": "Answer briefly."})
        if r.random() < 0.3:
            prompt += [{"role": "assistant", "content": r.choice(made.ANSWERS)}, {"role": "user", "content": "Are you sure?"}]
        a, b = ([{"role": "assistant", "content": t}] for t in replies)
        out.append({"chosen": prompt + a, "rejected": prompt + b} if form == "implicit" else {"prompt": prompt, "chosen": a, "rejected": b})
    return out


for seed, (name, case) in enumerate(CASES.items()):
    if len(sys.argv) > 3 and name != sys.argv[3]:
        continue
    folder = Path(sys.argv[2]) / name
    out = folder / "dpo"
    out.mkdir(exist_ok=True)
    data = rows(random.Random(4000 + seed), case.pop("form"))
    made.write_jsonl(out / "train.jsonl", data)
    tok = AutoTokenizer.from_pretrained(folder / "model")
    base = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True)
    settings = dict(max_length=256, beta=0.1, learning_rate=5e-3, lr_scheduler_type="linear", warmup_steps=2, num_train_epochs=2,
                    weight_decay=0.01, max_grad_norm=1.0, adam_beta2=0.999, optim="adamw_torch")
    settings.update(case)
    args = DPOConfig(output_dir=tempfile.mkdtemp(), logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, bf16=False,
                     gradient_checkpointing=False, seed=7, dataloader_num_workers=0, disable_tqdm=True,
                     train_sampling_strategy="sequential", **settings)
    tr = DPOTrainer(model=model, args=args, train_dataset=Dataset.from_list(data), processing_class=tok)
    first = next(iter(tr.get_train_dataloader()))
    tr.train()
    keys = ("learning_rate", "lr_scheduler_type", "warmup_steps", "per_device_train_batch_size", "gradient_accumulation_steps",
            "num_train_epochs", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "max_length", "beta",
            "label_smoothing", "loss_type")
    value = lambda k: str(getattr(args, k)) if k == "lr_scheduler_type" else getattr(args, k)
    (out / "run.json").write_text(json.dumps({
        "settings": {k: value(k) for k in keys},
        "first_batch": {k: v.tolist() for k, v in first.items() if hasattr(v, "tolist")},
        "log": [{k: v for k, v in row.items() if k in KEEP} for row in tr.state.log_history if "loss" in row]}, indent=1, default=str))
    tr.model.save_pretrained(out / "adapter")
    shutil.rmtree(out / "adapter" / "ref", ignore_errors=True)  # the reference, which is the golden adapter
    (out / "adapter" / "README.md").unlink()
    print(name, tr.state.log_history[0], len(tr.state.log_history))
