"""The peer of candor.bench.DecodeComparison: transformers' generate on a random model of the same shape.

Talks over pipes, so that the two take turns in one run: prints "ready", and for every line on stdin generates once and
prints the seconds, and the processor seconds, that took. Needs torch and transformers.
"""

import argparse
import sys
import time

import torch
from shapes import SHAPES, config
from transformers import AutoModelForCausalLM


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=SHAPES, default="tiny")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--prompt-tokens", type=int, default=64)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of the weights")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    shape = config(options.model, bos_token_id=None, eos_token_id=None, pad_token_id=0)
    model = AutoModelForCausalLM.from_config(shape, dtype=getattr(torch, options.dtype)).eval()
    prompts = torch.randint(1, shape.vocab_size, (options.batch, options.prompt_tokens))
    mask = torch.ones_like(prompts)
    print("ready", flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            out = model.generate(
                input_ids=prompts, attention_mask=mask, do_sample=False, max_new_tokens=options.new_tokens
            )
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        assert out.shape == (options.batch, options.prompt_tokens + options.new_tokens)
        print(seconds, cpu, flush=True)


if __name__ == "__main__":
    main()
