"""Writes adapters of every kind that PEFT makes and Candor reads, and what PEFT computes with them, in float32 on the CPU.

Usage: python make_peft_goldens.py GOLDENS_DIR      (the folder with llama3/ and qwen2/; writes GOLDENS_DIR/peft/<model>/<kind>/)
Needs: torch, transformers, peft, safetensors. ../README.md says what each file holds.

Each adapter is made with get_peft_model, every number of it is drawn anew (so that nothing is zero or one by default), it is
written with save_pretrained, and what is kept is what PeftModel.from_pretrained computes with it on a fresh base.
"""
import json, os, shutil, sys, warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from peft import LoraConfig, PeftModel, get_peft_model

torch.set_num_threads(1)
QV = ["q_proj", "v_proj"]
KINDS = {
    "qwen2": {
        "all_linear": dict(target_modules="all-linear"),
        "suffixes": dict(target_modules=["self_attn.q_proj", "1.mlp.down_proj", "layers.2.self_attn.o_proj"]),
        "regex": dict(target_modules=r".*\.(0|2)\.(self_attn\.v_proj|mlp\.up_proj)"),
        "layers": dict(target_modules=QV + ["gate_proj"], layers_to_transform=[0, 2], layers_pattern="layers"),
        "layer": dict(target_modules=["k_proj"], layers_to_transform=1),
        "patterns": dict(target_modules="all-linear", use_rslora=True,
                         rank_pattern={"q_proj": 2, "layers.1.mlp.down_proj": 7, "^model.layers.2.self_attn.k_proj": 1,
                                       r".*\.0\.mlp\..*": 5},
                         alpha_pattern={"v_proj": 3, "layers.0.self_attn.o_proj": 11.5}),
        "exclude": dict(target_modules="all-linear", exclude_modules=["k_proj", "layers.1.mlp.up_proj"]),
        "exclude_regex": dict(target_modules=QV, exclude_modules=r".*\.1\..*"),
        "lora_bias": dict(target_modules=QV + ["o_proj", "down_proj"], lora_bias=True),
        "bias_lora_only": dict(target_modules=QV + ["o_proj"], bias="lora_only"),
        "bias_all": dict(target_modules=["q_proj", "up_proj"], bias="all"),
        "saved_head": dict(target_modules=QV, modules_to_save=["lm_head"]),
        "saved_embedding": dict(target_modules=QV, modules_to_save=["embed_tokens"]),
        "saved_both": dict(target_modules=QV, modules_to_save=["lm_head", "embed_tokens"]),
        "saved_tied": dict(target_modules=QV, modules_to_save=["embed_tokens"], ensure_weight_tying=True),
        "tokens": dict(target_modules=QV, trainable_token_indices=[3, 40, 301]),
        "lora_head": dict(target_modules=["q_proj", "lm_head"]),
        "lora_embedding": dict(target_modules=["q_proj", "embed_tokens"]),
        "dora": dict(target_modules="all-linear", use_dora=True),
        "dora_patterns": dict(target_modules=QV + ["down_proj"], use_dora=True, use_rslora=True, bias="lora_only",
                              rank_pattern={"down_proj": 6}, layers_to_transform=[1, 2]),
        "lora_embedding_tied": dict(target_modules=["q_proj", "embed_tokens"], ensure_weight_tying=True),
        "dora_head": dict(target_modules=["q_proj", "lm_head"], use_dora=True),
    },
    "llama3": {
        "saved_both": dict(target_modules="all-linear", modules_to_save=["lm_head", "model.embed_tokens"]),
        "tokens": dict(target_modules=QV, trainable_token_indices={"embed_tokens": [9, 5, 77], "lm_head": [77, 1]}),
        "lora_head": dict(target_modules=["q_proj", "lm_head", "embed_tokens"]),
        "dora": dict(target_modules=["q_proj", "o_proj", "gate_proj"], use_dora=True),
    },
}


def base(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def redraw(model, gen):
    """Every trainable number anew: factors and biases small and non-zero, magnitudes and saved tables near what they were."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if not p.requires_grad:
                continue
            noise = torch.randn(p.shape, generator=gen)
            if "lora_magnitude_vector" in name:
                p.mul_(1 + 0.3 * noise)
            elif "modules_to_save" in name or "trainable_tokens" in name or name.endswith("base_layer.bias"):
                p.add_(0.2 * noise)
            elif name.endswith(".bias") and "lora_B" not in name:
                p.add_(0.2 * noise)
            else:
                p.copy_(0.1 * noise)


def main(goldens):
    out = goldens / "peft"
    for model, kinds in KINDS.items():
        folder = goldens / model / "model"
        shutil.rmtree(out / model, ignore_errors=True)
        row = json.loads((goldens / model / "generate.json").read_text())[1]
        prompt = torch.tensor([row["prompt_ids"]])
        ids = torch.randint(8, base(folder).config.vocab_size, (1, 17), generator=torch.Generator().manual_seed(5))
        ids[0, :4] = torch.tensor([3, 40, 301, 77])
        tensors, greedy = {"input_ids": ids}, {"prompt_ids": row["prompt_ids"]}
        for i, (kind, settings) in enumerate(kinds.items()):
            made = get_peft_model(base(folder), LoraConfig(r=4, lora_alpha=6, lora_dropout=0.0, task_type="CAUSAL_LM", **settings))
            redraw(made, torch.Generator().manual_seed(100 + i))
            made.save_pretrained(out / model / kind)
            (out / model / kind / "README.md").unlink(missing_ok=True)
            config = out / model / kind / "adapter_config.json"
            text = json.loads(config.read_text())
            text["base_model_name_or_path"] = "goldens/" + model  # not the path of the machine that made it
            for key in ("target_modules", "exclude_modules", "modules_to_save"):  # sets, in another order each time
                if isinstance(text[key], list):
                    text[key] = sorted(text[key])
            config.write_text(json.dumps(text, indent=2, sort_keys=True))
            peft = PeftModel.from_pretrained(base(folder), out / model / kind).eval()
            with torch.no_grad():
                tensors[kind + ".logits"] = peft(input_ids=ids).logits[0]
                reply = peft.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=24)
            greedy[kind] = reply[0][prompt.shape[1]:].tolist()
            print(model, kind, len(greedy[kind]), "tokens")
        save_file({k: v.contiguous() for k, v in tensors.items()}, out / model / "expected.safetensors")
        (out / model / "expected.json").write_text(json.dumps(greedy))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
