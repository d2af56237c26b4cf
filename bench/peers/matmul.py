"""The peer of candor.bench.MatmulComparison: PyTorch's own matmul, which is MKL's or oneDNN's, on the same shape.

Talks over pipes, so that the two take turns in one run: prints "ready", and for every line on stdin multiplies so many times
and prints the seconds, and the processor seconds, that took. Needs torch.
"""

import argparse
import sys
import time

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--inner", type=int, required=True)
    parser.add_argument("--outer", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of operands and result")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    dtype = getattr(torch, options.dtype)
    x = torch.rand(options.rows, options.inner).to(dtype)
    w = torch.rand(options.outer, options.inner).to(dtype)
    y = torch.empty(options.rows, options.outer, dtype=dtype)
    print("ready", flush=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(options.repeats):
            torch.matmul(x, w.t(), out=y)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        assert torch.isfinite(y).all() and y.min() > 0
        print(seconds, cpu, flush=True)


if __name__ == "__main__":
    main()
