"""AdamW with moments in eight bits, as bitsandbytes' own form in PyTorch computes it: python make_adamw8_goldens.py FOLDER

Writes FOLDER/steps.safetensors: w (the start), then for each of six steps gI (the gradient), and behind it wI, mI and vI (codes), mI_largest
and vI_largest. Two full blocks of 256 and a short one; the gradients of a block are zero for some steps, others differ by
powers of ten. Betas, rates, decays and scales are in the metadata. The form that is called is there for other devices, in a module
that wants triton; nothing of triton is needed for it.
"""
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

import torch

torch.compile = lambda function: function
sys.modules["triton"] = sys.modules["triton.language"] = MagicMock()

from bitsandbytes.backends.triton.kernels_optim import optimizer_update_8bit_blockwise_pytorch as update
from bitsandbytes.functional import create_dynamic_map
from safetensors.torch import save_file

torch.set_num_threads(1)
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(5)
count, block = 611, 256
blocks = -(-count // block)
w = torch.randn(count)
m, v = torch.zeros(count, dtype=torch.uint8), torch.zeros(count, dtype=torch.uint8)
m_largest, v_largest = torch.zeros(blocks), torch.zeros(blocks)
signed, unsigned = create_dynamic_map(signed=True), create_dynamic_map(signed=False)
tensors = {"w": w.clone()}
steps = []
for step in range(1, 7):
    g = torch.randn(count) * 10.0 ** torch.randint(-4, 1, (count,))
    if step in (1, 4):
        g[block : 2 * block] = 0
    now = dict(learning_rate=0.01 / step, beta1=0.9, beta2=0.95, epsilon=1e-8, weight_decay=0.1 * (step % 2), grad_scale=1 - 0.1 * step)
    tensors[f"g{step}"] = g
    update(
        w, g, m, v, now["beta1"], now["beta2"], 0.0, 0.0, now["epsilon"], step, now["learning_rate"], signed, unsigned, m_largest,
        v_largest, now["weight_decay"], now["grad_scale"], False, optimizer_name="adam",
    )
    for name, tensor in dict(w=w, m=m, v=v).items():
        tensors[f"{name}{step}"] = tensor.to(torch.float32).clone()
    tensors[f"m{step}_largest"], tensors[f"v{step}_largest"] = m_largest.clone(), v_largest.clone()
    steps.append(now)
save_file(tensors, folder / "steps.safetensors", metadata={"steps": json.dumps(steps)})
