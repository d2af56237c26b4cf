"""Golden cases with packed weights, in the layout of the others: python make_packed_cases.py MAKE_GOLDENS_PY OUT [CASE]

MAKE_GOLDENS_PY is the script that wrote the first cases; this one gives it bases whose linear layers are packed: nf4 and int8 written by
transformers with bitsandbytes, fp8 in the layout of Qwen 3's published checkpoints (squares of 128 by 128). What everything is computed
from in float32 is the numbers that the packed weights stand for, rounded to bf16. (bitsandbytes' own
products in float32 leave that rounding out; in bf16, in which QLoRA computes, it is there.) Keep its native CPU library out of the way: it
rounds the sizes of blocks by a table.
"""
import copy
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import bitsandbytes.functional as F
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaForCausalLM, Qwen3ForCausalLM

spec = importlib.util.spec_from_file_location("make_goldens", sys.argv[1])
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)


def linears(model):
    return {name: m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and name != "lm_head"}


def bitsandbytes(config):
    def write(model, save, folder):
        with tempfile.TemporaryDirectory() as plain:
            save(copy.deepcopy(model).bfloat16(), plain)
            packed = AutoModelForCausalLM.from_pretrained(plain, dtype=torch.bfloat16, quantization_config=config, device_map="cpu")
            packed.save_pretrained(folder)
        return {f"{n}.weight": unpacked(m.weight) for n, m in linears(packed).items()}
    return write


def unpacked(weight):
    if weight.dtype == torch.int8:
        return (weight.data.float() * (weight.SCB / 127).unsqueeze(1)).bfloat16().float()
    return F.dequantize_4bit(weight.data, weight.quant_state).float()


def fp8(model, save, folder):
    save(copy.deepcopy(model).bfloat16(), folder)
    tensors = load_file(folder / "model.safetensors")
    values = {}
    for name in linears(model):
        w = tensors[f"{name}.weight"].float()
        scales = torch.empty(-(-w.shape[0] // 128), -(-w.shape[1] // 128))
        each = torch.empty_like(w)
        for i in range(scales.shape[0]):
            for j in range(scales.shape[1]):
                square = (slice(i * 128, i * 128 + 128), slice(j * 128, j * 128 + 128))
                scales[i, j] = w[square].abs().max() / 448
                each[square] = scales[i, j]
        codes = (w / each).to(torch.float8_e4m3fn)
        tensors[f"{name}.weight"], tensors[f"{name}.weight_scale_inv"] = codes, scales
        values[f"{name}.weight"] = (codes.float() * each).bfloat16().float()
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["quantization_config"] = dict(activation_scheme="dynamic", fmt="e4m3", modules_to_not_convert=["lm_head"],
                                         quant_method="fp8", weight_block_size=[128, 128])
    path.write_text(json.dumps(config, indent=2))
    return values


def case(name, cls, family, write, lora):
    class Base(cls):
        values = None

        def save_pretrained(self, folder, **kw):
            folder.mkdir(parents=True)
            Base.values = {k: v.bfloat16().float() for k, v in self.state_dict().items()} | write(self, cls.save_pretrained, folder)
            self.load_state_dict(Base.values)

        @classmethod
        def from_pretrained(c, folder, dtype):
            model = cls(config).eval()
            model.load_state_dict(Base.values)
            return model

    config = {n: c for n, _, _, c in base.cases(0)}[family]
    config.architectures = [cls.__name__]
    Base.__name__ = cls.__name__
    base.make_case(Path(sys.argv[2]), name, "llama" if cls is LlamaForCausalLM else "qwen", Base, config, 0, lora)


CASES = {
    "nf4": lambda: case("nf4", LlamaForCausalLM, "llama3", bitsandbytes(BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)),
        dict(r=4, lora_alpha=8, target_modules=base.ALL_LINEAR)),
    "int8": lambda: case("int8", LlamaForCausalLM, "llama3", bitsandbytes(BitsAndBytesConfig(load_in_8bit=True)),
                         dict(r=6, lora_alpha=9, target_modules=["q_proj", "k_proj", "o_proj", "down_proj"])),
    "fp8": lambda: case("fp8", Qwen3ForCausalLM, "qwen3", fp8, dict(r=4, lora_alpha=4, target_modules=["q_proj", "v_proj"])),
}

if __name__ == "__main__":
    for name in sys.argv[3:] or CASES:
        CASES[name]()
