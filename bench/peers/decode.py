"""The peers of candor.bench.DecodeTime: transformers' generate, and vLLM where it is installed, on a random model of the same shape.

Prints a line for each batch: prompt tokens a second, new tokens a second and milliseconds a step, each engine for itself, the
median of some rounds. A batch that does not fit is said, and so is an engine that is missing. Needs torch and transformers.
"""

import argparse
import statistics
import tempfile
import time

import torch
from shapes import SHAPES, config


def medians(generate, batch, options):
    """Seconds to the first new tokens, and of each step behind them."""

    def median(more):
        seconds = []
        for round_ in range(-2, options.rounds):
            prompts = torch.randint(1, options.vocabulary, (batch, options.prompt_tokens))
            start = time.perf_counter()
            generate(prompts, more)
            if round_ >= 0:
                seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    first = median(1)
    return first, (median(options.new_tokens) - first) / (options.new_tokens - 1)


def transformers(options):
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    shape = config(options.model, bos_token_id=None, eos_token_id=None, pad_token_id=0)
    with torch.device(options.device):
        model = AutoModelForCausalLM.from_config(shape, dtype=getattr(torch, options.dtype)).eval()

    def generate(prompts, more):
        prompts = prompts.to(options.device)
        with torch.inference_mode():
            out = model.generate(
                input_ids=prompts, attention_mask=torch.ones_like(prompts), do_sample=False, min_new_tokens=more, max_new_tokens=more
            )
        assert out.cpu().shape == (prompts.shape[0], prompts.shape[1] + more)

    return generate


def vllm(options):
    from vllm import LLM, SamplingParams

    folder = tempfile.mkdtemp()
    config(options.model, architectures=["LlamaForCausalLM" if "llama" in options.model else "Qwen2ForCausalLM"]).save_pretrained(folder)
    model = LLM(
        model=folder,
        load_format="dummy",
        skip_tokenizer_init=True,
        dtype=options.dtype,
        max_model_len=options.prompt_tokens + options.new_tokens,
        max_num_seqs=max(options.batch),
        enable_prefix_caching=False,
        seed=0,
    )

    def generate(prompts, more):
        sampling = SamplingParams(temperature=0, max_tokens=more, min_tokens=more, ignore_eos=True, detokenize=False)
        out = model.generate([{"prompt_token_ids": row} for row in prompts.tolist()], sampling, use_tqdm=False)
        assert all(len(one.outputs[0].token_ids) == more for one in out)

    return generate


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=SHAPES, default="tiny")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of weights and activations")
    parser.add_argument("--batch", type=lambda text: [int(each) for each in text.split(",")], default=[1, 32], help="of these sizes, each")
    parser.add_argument("--prompt-tokens", type=int, default=64)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=["transformers", "vllm"], default="transformers")
    options = parser.parse_args()
    options.vocabulary = config(options.model).vocab_size
    try:
        generate = {"transformers": transformers, "vllm": vllm}[options.engine](options)
    except ImportError as missing:
        print(f"{options.engine}: not run: {missing}", flush=True)
        return
    for batch in options.batch:
        try:
            first, step = medians(generate, batch, options)
        except torch.cuda.OutOfMemoryError:
            print(f"{options.engine}, {batch}: out of memory", flush=True)
            continue
        print(
            f"{options.engine}, {batch} x {options.prompt_tokens} + {options.new_tokens}: {batch * options.prompt_tokens / first:.0f}"
            f" prompt tokens/s, {batch / step:.0f} new tokens/s, {step * 1e3:.2f} ms a step",
            flush=True,
        )


if __name__ == "__main__":
    main()
