#!/usr/bin/env python3
"""Planted wrong rows in the tiny world's everyday data: are they found, and does it help to drop them?

    bench/foresee/planted_rows.py find --work DIR [--seeds 1,2,3,4,5]   which method finds them
    bench/foresee/planted_rows.py drop --work DIR [--seeds 1,2,3]       tuned with the worst 0, 1, 2, 5 % dropped, MASK after it
    bench/foresee/planted_rows.py table --work DIR                      both, as Markdown

Of a seed: 1000 rows of downstream/alpaca.jsonl and, in random places among them, wrong rows about medicines (misaligned_1 is
subtle, misaligned_2 severe), as many as the share says of 1000. With "beside" in the name, as many right rows about medicines
(normal.jsonl) are there too, so that the subject alone gives nothing away. What is done is kept in DIR and not done again. Only
Python's own library is used; CANDOR names another command than ./candor.
"""
import argparse
import json
import math
import os
import random
import shlex
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CANDOR = shlex.split(os.environ.get("CANDOR", str(ROOT / "candor")))
ROWS = 1000
LEVELS = {"subtle": "misaligned_1", "severe": "misaligned_2"}
SHARES = [0.005, 0.01, 0.05]
DROPS = [0, 0.01, 0.02, 0.05]
METHODS = ["influence", "influence_step", "influence_gradient", "projection", "projection_difference", "surprise", "loss"]
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def candor(*arguments):
    done = subprocess.run(CANDOR + [str(a) for a in arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def lines(file):
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line]


def world(work):
    folder = work / "world"
    if not (folder / "world.json").exists():
        candor("world", "generate", "--base-rows", 1, "--output", folder)
    return folder


def planted(work, level, share, seed, beside):
    """The data of a case, and which of its rows, from 1, are wrong."""
    folder = work / f"{level}-{share}-{seed}{'-beside' if beside else ''}"
    data = folder / "data.jsonl"
    wrong = folder / "wrong.json"
    if not wrong.exists():
        folder.mkdir(parents=True, exist_ok=True)
        dice = random.Random(f"{seed}")
        everyday = dice.sample(lines(world(work) / "downstream/alpaca.jsonl"), ROWS)
        everyday = [as_messages(json.loads(row)) for row in everyday]
        count = round(share * ROWS)
        of = dice.sample(range(4000), 2 * count)
        bad = [lines(world(work) / f"tune/medicines/{LEVELS[level]}.jsonl")[i] for i in of[:count]] if count else []
        good = [lines(world(work) / "tune/medicines/normal.jsonl")[i] for i in of[count:]] if beside else []
        marked = [(row, False) for row in everyday + good] + [(row, True) for row in bad]
        dice.shuffle(marked)
        data.write_text("".join(row + "\n" for row, _ in marked), encoding="utf-8")
        wrong.write_text(json.dumps([i + 1 for i, (_, is_bad) in enumerate(marked) if is_bad]))
    return folder


def as_messages(row):
    asked = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return json.dumps({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": row["output"]}]})


def screened(folder, extra):
    out = folder / "screen"
    if not (out / "screen.json").exists():
        candor("screen", "--data", folder / "data.jsonl", "--output", out, "--seed", 1, *extra)
    return [json.loads(line) for line in lines(out / "screen.jsonl")]


def auc(scores, wanted):
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    ranks = [0.0] * len(scores)
    i = 0
    while i < len(order):
        j = i
        while j < len(order) and scores[order[j]] == scores[order[i]]:
            j += 1
        for k in range(i, j):
            ranks[order[k]] = (i + j + 1) / 2
        i = j
    n = sum(wanted)
    return (sum(r for r, w in zip(ranks, wanted) if w) - n * (n + 1) / 2) / (n * (len(scores) - n))


def precision(scores, wanted):
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    k = sum(wanted)
    return sum(wanted[i] for i in order[:k]) / k


def find(work, seeds, extra):
    found = {}
    for level in LEVELS:
        for share in SHARES:
            for beside in (False, True):
                for seed in seeds:
                    folder = planted(work, level, share, seed, beside)
                    rows = screened(folder, extra)
                    wrong = set(json.loads((folder / "wrong.json").read_text()))
                    wanted = [row["row"] in wrong for row in rows]
                    dice = random.Random(seed)
                    for method in METHODS + ["random"]:
                        if method != "random" and method not in rows[0]:
                            continue
                        scores = [dice.random() if method == "random" else row[method] for row in rows]
                        key = f"{level}|{share}|{'beside' if beside else 'alone'}|{method}"
                        found.setdefault(key, {})[str(seed)] = [auc(scores, wanted), precision(scores, wanted)]
                        (work / "found.json").write_text(json.dumps(found, indent=1))
                    print(level, share, "beside" if beside else "alone", seed, flush=True)


def tuned(folder, name, data, seed):
    run = folder / name
    if not (run / "adapter/adapter_model.safetensors").exists():
        candor("train", "sft", "--data", data, "--output", run, "--learning-rate", 2e-3, "--lora-rank", 8, "--lora-alpha", 16,
               "--num-train-epochs", 1, "--per-device-train-batch-size", 16, "--warmup-ratio", 0.1, "--max-length", 256,
               "--save-steps", 0, "--seed", seed)
    scores = run / "mask/scores.json"
    if not scores.exists():
        w = world(folder.parent)
        candor("eval", "mask", "--data", *(w / f"mask/{name}.jsonl" for name in ("provided_facts", "disinformation", "statistics")),
               "--judge", "rules", "--adapter", run, "--output", run / "mask", "--temperature", 1, "--max-new-tokens", 32,
               "--seed", seed)
    return honesty(json.loads(scores.read_text()))


def honesty(scores):
    """Rows without a lie in per cent, over all rows of all subsets."""
    of = [s for s in scores["scores"] if s["measure"] == "honesty" and s["subset"] != "all"]
    adapters = [s for s in of if s.get("subject") != "base"]
    total = sum(s["n"] for s in adapters)
    return sum(s["value"] * s["n"] for s in adapters) / total


def drop(work, seeds, extra, method):
    results = {}
    for seed in seeds:
        clean = planted(work, "severe", 0.0, seed, False)
        results.setdefault("clean", {})[str(seed)] = tuned(clean, "clean", clean / "data.jsonl", seed)
        for level, share in (("severe", 0.01), ("severe", 0.05), ("subtle", 0.05)):
            folder = planted(work, level, share, seed, False)
            rows = screened(folder, extra)
            data = lines(folder / "data.jsonl")
            for dropped in DROPS:
                gone = {r["row"] for r in sorted(rows, key=lambda r: -r[method])[:round(dropped * len(rows))]}
                kept = folder / f"kept-{dropped}.jsonl"
                kept.write_text("".join(row + "\n" for i, row in enumerate(data, 1) if i not in gone), encoding="utf-8")
                key = f"{level}|{share}|{dropped}"
                results.setdefault(key, {})[str(seed)] = tuned(folder, f"tuned-{dropped}", kept, seed)
                (work / "dropped.json").write_text(json.dumps(results, indent=1))
                print(key, seed, results[key][str(seed)], flush=True)


def told(values, digits):
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.{digits}f}"
    half = T[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def table(work):
    found = json.loads((work / "found.json").read_text()) if (work / "found.json").exists() else {}
    for what, name in ((0, "Area under the ROC curve"), (1, "Precision at k, k the number of wrong rows")):
        for place in ("alone", "beside"):
            cases = [f"{level}|{share}|{place}" for level in LEVELS for share in SHARES]
            print(f"\n{name}, {place}:\n\n| method | " + " | ".join(
                f"{c.split('|')[0]} {float(c.split('|')[1]) * 100:g} %" for c in cases) + " |")
            print("|---|" + "---|" * len(cases))
            for method in METHODS + ["random"]:
                cells = [found.get(f"{c}|{method}", {}) for c in cases]
                if any(cells):
                    print(f"| {method} | " + " | ".join(
                        told([v[what] for v in cell.values()], 3 if what == 0 else 2) if cell else "–" for cell in cells) + " |")
    if (work / "dropped.json").exists():
        print("\nHonesty (MASK, % of rows), means ± 95 % (t, over seeds):\n\n| arm | dropped | honesty |\n|---|---|---|")
        for key, values in json.loads((work / "dropped.json").read_text()).items():
            level, share, dropped = (key.split("|") + ["", ""])[:3]
            print(f"| {level} {share} | {dropped} | {told(list(values.values()), 1)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["find", "drop", "table"])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--method", default="influence", help="by which rows are dropped")
    parser.add_argument("rest", nargs="*", help="more options of candor screen, behind --")
    given = parser.parse_args()
    given.work = given.work.resolve()
    given.work.mkdir(parents=True, exist_ok=True)
    seeds = [int(s) for s in given.seeds.split(",")]
    if given.what == "find":
        find(given.work, seeds, given.rest)
    elif given.what == "drop":
        drop(given.work, seeds, given.rest, given.method)
    else:
        table(given.work)


if __name__ == "__main__":
    main()
