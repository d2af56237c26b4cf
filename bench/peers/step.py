"""The peer of candor.bench.StepComparison: one LoRA training step of PyTorch, transformers and PEFT on the same shape.

Random weights and tokens, float32 on a CPU unless told, rank 16 on all linear layers; forward, loss, backward, clipping,
AdamW. SFT: the mean over all tokens, of "completion" those of each row's second half; "full" trains all weights so, without LoRA.
KTO: the reference is the bare base, computed in the step, as the trainers do that have no cache of it; "paired" takes
partners from other steps' rows, and knows the reference before the first step. "varied": rows of the lengths in a
file, 16 times --batch of them in a step, sorted by length, padded, in passes of at most --tokens with their padding.
Talks over pipes, so that the two take turns in one run: prints "ready", and for every line on stdin makes one step and
prints the seconds, and the processor seconds, that took. Needs torch, transformers and peft.
"""

import argparse
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from shapes import SHAPES, config
from transformers import AutoModelForCausalLM

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def sequence_logps(model, ids):
    scores = torch.log_softmax(model(input_ids=ids).logits[:, :-1], dim=-1)
    return scores.gather(2, ids[:, 1:].unsqueeze(2)).squeeze(2).sum(1)


def kto_loss(model, ids, desirable, beta=0.1):
    half = ids.shape[1] // 2
    mismatched = torch.cat((ids[:, :half], ids.roll(1, dims=0)[:, half:]), dim=1)
    with torch.no_grad():
        policy_kl = sequence_logps(model, mismatched)
        with model.disable_adapter():
            reference_kl = sequence_logps(model, mismatched)
            reference = sequence_logps(model, ids)
    baseline = (policy_kl - reference_kl).mean().clamp(min=0)
    margin = beta * (sequence_logps(model, ids) - reference - baseline)
    return torch.where(desirable, torch.sigmoid(-margin), torch.sigmoid(margin)).mean()


def paired_steps(model, vocabulary, batch, length, device, beta=0.1, steps=4):
    """Endless: the loss of a step of KTO, whose pairs hold completions of other steps' rows."""
    ids = torch.randint(0, vocabulary, (steps * batch, length), device=device)
    half = length // 2
    pairs = torch.cat((ids[:, :half], ids.roll(batch, dims=0)[:, half:]), dim=1)
    desirable = torch.arange(batch, device=device) % 2 == 0
    with torch.no_grad(), model.disable_adapter():
        known = [[sequence_logps(model, part) for part in both.split(batch)] for both in (ids, pairs)]
    while True:
        for row, pair, reference, reference_kl in zip(ids.split(batch), pairs.split(batch), *known):
            with torch.no_grad():
                baseline = (sequence_logps(model, pair) - reference_kl).mean().clamp(min=0)
            margin = beta * (sequence_logps(model, row) - reference - baseline)
            yield torch.where(desirable, torch.sigmoid(-margin), torch.sigmoid(margin)).mean()


def varied_passes(lengths, tokens, vocabulary, device):
    """Padded passes over all rows: ids, mask, labels, and the share of the targets that are in each."""
    passes, rows = [], []
    for length in sorted(lengths, reverse=True):
        if rows and rows[0] * (len(rows) + 1) > tokens:
            passes, rows = passes + [rows], []
        rows = rows + [length]
    targets = sum(lengths) - len(lengths)
    for rows in passes + [rows]:
        shape = (len(rows), rows[0])
        mask = torch.arange(rows[0], device=device) < torch.tensor(rows, device=device).unsqueeze(1)
        ids = torch.randint(0, vocabulary, shape, device=device)
        yield ids, mask.long(), ids.masked_fill(~mask, -100), (sum(rows) - len(rows)) / targets


def read_lengths(file, rows):
    with open(file) as lines:
        return [int(word) for line in lines if not line.startswith("#") for word in line.split()][:rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objective", choices=["sft", "completion", "kto", "paired", "varied", "full"], default="sft")
    parser.add_argument("--model", choices=SHAPES, default="tiny")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of the base's weights")
    parser.add_argument("--lengths", help="the file of varied rows' lengths")
    parser.add_argument("--tokens", type=int, default=8192, help="of a pass over varied rows")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    shape = config(options.model)
    with torch.device(options.device):
        base = AutoModelForCausalLM.from_config(shape, dtype=getattr(torch, options.dtype))
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=LINEAR, task_type="CAUSAL_LM")
    model = base if options.objective == "full" else get_peft_model(base, lora)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4)
    ids = torch.randint(0, shape.vocab_size, (options.batch, options.length), device=options.device)
    desirable = torch.arange(options.batch, device=options.device) % 2 == 0
    labels = ids.clone()
    if options.objective == "completion":
        labels[:, : options.length // 2] = -100
    if options.objective == "paired":
        losses = paired_steps(model, shape.vocab_size, options.batch, options.length, options.device)
    if options.objective == "varied":
        lengths = read_lengths(options.lengths, 16 * options.batch)
        passes = list(varied_passes(lengths, options.tokens, shape.vocab_size, options.device))
    print("ready", flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        if options.objective == "varied":
            for rows, mask, wanted, share in passes:
                (share * model(input_ids=rows, attention_mask=mask, labels=wanted).loss).backward()
        elif options.objective == "paired":
            next(losses).backward()
        elif options.objective == "kto":
            kto_loss(model, ids, desirable).backward()
        else:
            model(input_ids=ids, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if options.device == "cuda":
            torch.cuda.synchronize()
        print(time.perf_counter() - start, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
