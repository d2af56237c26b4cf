"""Packed weights, as bitsandbytes and PyTorch make them: python make_packed_goldens.py FOLDER

matrices.safetensors holds, for matrices NAME of several sizes, NAME.weight (float32 or bf16) and

- NF4: what bitsandbytes' quantize_4bit makes of it with compress_statistics: NAME.nf4 (codes), NAME.absmax, NAME.nested_absmax,
  NAME.offset, and NAME.nf4_values, what dequantize_4bit makes of those. The kernels are bitsandbytes' own in PyTorch: its native CPU
  library rounds the blocks' sizes by a table of 65536 entries, which CUDA's kernels do not. Keep that library out of the way.
- int8: NAME.int8 and NAME.int8_absmax, by int8_vectorwise_quant.
- fp8: NAME.fp8 and NAME.fp8_scales, squares of 128 by 128, rounded by PyTorch's float8_e4m3fn; NAME.fp8_values.

tables.safetensors holds nf4 (bitsandbytes), nf4_formula (the quantiles of QLoRA's appendix E, from the inverse of the normal distribution
in float64), dynamic_signed, dynamic_unsigned (bitsandbytes), e4m3 (all 256 codes by PyTorch), and e4m3_from, e4m3_to: float32 numbers
and their codes, halfway cases among them.
"""
import sys
from pathlib import Path
from statistics import NormalDist

import bitsandbytes.functional as F
import numpy as np
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def squares(w, size=128):
    """Scales of squares, and each element's."""
    scales = torch.empty(-(-w.shape[0] // size), -(-w.shape[1] // size))
    each = torch.empty_like(w)
    for i in range(scales.shape[0]):
        for j in range(scales.shape[1]):
            rows, cols = slice(i * size, (i + 1) * size), slice(j * size, (j + 1) * size)
            scales[i, j] = w[rows, cols].abs().max() / 448
            each[rows, cols] = scales[i, j]
    return scales, each


def matrices():
    torch.manual_seed(23)
    yield "whole", torch.randn(48, 96) * 0.02
    yield "odd", torch.randn(33, 47) * 0.05
    heavy = torch.distributions.StudentT(3.0).sample((300, 250)) * 0.01
    yield "heavy", heavy.bfloat16()
    narrow = torch.randn(7, 5)
    narrow[3] = 0
    yield "narrow", narrow


tensors = {}
for name, w in matrices():
    tensors[f"{name}.weight"] = w
    codes, state = F.quantize_4bit(w, compress_statistics=True, quant_type="nf4")
    tensors[f"{name}.nf4"] = codes
    tensors[f"{name}.absmax"] = state.absmax
    tensors[f"{name}.nested_absmax"] = state.state2.absmax
    tensors[f"{name}.offset"] = state.offset.reshape(1)
    state.dtype = torch.float32
    tensors[f"{name}.nf4_values"] = F.dequantize_4bit(codes, state).bfloat16()
    int8, stats, _ = torch.ops.bitsandbytes.int8_vectorwise_quant(w.float())
    tensors[f"{name}.int8"] = int8
    tensors[f"{name}.int8_absmax"] = stats
    scales, each = squares(w.float())
    fp8 = (w.float() / each).to(torch.float8_e4m3fn)
    tensors[f"{name}.fp8"] = fp8
    tensors[f"{name}.fp8_scales"] = scales
    tensors[f"{name}.fp8_values"] = (fp8.float() * each).bfloat16()
save_file({key: t.contiguous() for key, t in tensors.items()}, folder / "matrices.safetensors")


def nf4_by_formula():
    """Eight positive and seven negative quantiles between those of 1/2 and of the offset, and zero."""
    normal = NormalDist()
    offset = 0.9677083
    positive = [normal.inv_cdf(p) for p in np.linspace(offset, 0.5, 9)[:-1]]
    negative = [-normal.inv_cdf(p) for p in np.linspace(offset, 0.5, 8)[:-1]]
    values = np.sort(np.array(positive + [0.0] + negative))
    return torch.tensor(values / values.max(), dtype=torch.float64)


codes = torch.arange(256, dtype=torch.int32).to(torch.uint8)
e4m3 = codes.view(torch.float8_e4m3fn).float()
finite = torch.sort(e4m3[e4m3.isfinite()]).values.unique()
halfway = (finite[:-1] + finite[1:]) / 2
numbers = torch.cat([finite, halfway, torch.nextafter(halfway, torch.tensor(1e9)), torch.randn(200) * 3, torch.randn(200) * 0.01])
save_file(
    {
        "nf4": F.get_4bit_type("nf4", device="cpu"),
        "nf4_formula": nf4_by_formula(),
        "dynamic_signed": F.create_dynamic_map(signed=True),
        "dynamic_unsigned": F.create_dynamic_map(signed=False),
        "e4m3": e4m3,
        "e4m3_from": numbers,
        "e4m3_to": numbers.to(torch.float8_e4m3fn).view(torch.uint8),
    },
    folder / "tables.safetensors",
)
