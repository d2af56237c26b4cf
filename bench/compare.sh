#!/usr/bin/env bash
# Measures Candor beside its peers, in turns, piece by piece, into bench/results/DATE-COMMIT-peers.md.
#   bench/compare.sh PYTHON PIECE…     these pieces, in this order; PYTHON has torch, transformers and peft
#   bench/compare.sh PYTHON all        all of them
#   bench/compare.sh                   names them
# CANDOR_BENCH_WITH is put in front of each measurement, as in record.sh.
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=.mvn/jdk.sh
. .mvn/jdk.sh

fail() { # MESSAGE
    printf 'bench/compare.sh: %s\n' "$1" >&2
    exit 2
}

piece() { # its class with arguments, and the peer's script
    case $1 in
        step-sft-tiny) args=(StepComparison sft tiny 8 256 2 9) peer=step ;;
        step-kto-tiny) args=(StepComparison kto tiny 8 256 2 7) peer=step ;;
        step-sft-small) args=(StepComparison sft small 4 256 2 5) peer=step ;;
        step-sft-qwen2.5-0.5b) args=(StepComparison sft qwen2.5-0.5b 1 256 2 5) peer=step ;;
        step-sft-qwen2.5-0.5b-bf16-weights) args=(StepComparison sft qwen2.5-0.5b:bf16 1 256 2 5) peer=step ;;
        decode-qwen2.5-0.5b-bf16-weights) args=(DecodeComparison qwen2.5-0.5b:bf16 1 16 2 5) peer=generate ;;
        step-full-world) args=(StepComparison full world 64 50 2 9) peer=step ;;
        decode-1-127) args=(DecodeComparison tiny 1 127 2 9) peer=generate ;;
        decode-64-64) args=(DecodeComparison tiny 64 64 2 9) peer=generate ;;
        matmul-tiny) args=(MatmulComparison tiny all 2048 2 9) peer=matmul ;;
        matmul-small) args=(MatmulComparison small all 1024 2 5) peer=matmul ;;
        matmul-qwen2.5-0.5b) args=(MatmulComparison qwen2.5-0.5b 'query,gate,down' 256 2 5) peer=matmul ;;
        step-sft-tiny-bf16) args=(StepComparison sft tiny:bf16 8 256 2 9 bfloat16) peer=step ;;
        step-kto-tiny-bf16) args=(StepComparison kto tiny:bf16 8 256 2 7 bfloat16) peer=step ;;
        step-sft-small-bf16) args=(StepComparison sft small:bf16 4 256 2 5 bfloat16) peer=step ;;
        step-sft-qwen2.5-0.5b-bf16) args=(StepComparison sft qwen2.5-0.5b:bf16 1 256 2 5 bfloat16) peer=step ;;
        step-full-world-bf16) args=(StepComparison full world 64 50 2 9 bfloat16) peer=step ;;
        decode-1-127-bf16) args=(DecodeComparison tiny:bf16 1 127 2 9 bfloat16) peer=generate ;;
        decode-64-64-bf16) args=(DecodeComparison tiny:bf16 64 64 2 9 bfloat16) peer=generate ;;
        decode-qwen2.5-0.5b-bf16) args=(DecodeComparison qwen2.5-0.5b:bf16 1 16 2 5 bfloat16) peer=generate ;;
        matmul-tiny-bf16) args=(MatmulComparison tiny all 2048 2 9 bfloat16) peer=matmul ;;
        matmul-small-bf16) args=(MatmulComparison small all 1024 2 5 bfloat16) peer=matmul ;;
        matmul-qwen2.5-0.5b-bf16) args=(MatmulComparison qwen2.5-0.5b 'query,gate,down' 256 2 5 bfloat16) peer=matmul ;;
        *) fail "no piece $1" ;;
    esac
}

pieces=$(sed -n "s|^        \([a-z0-9.-]*\)) args=.*|\1|p" bench/compare.sh)
if [[ $# == 0 ]]; then
    echo "$pieces"
    exit
fi
[[ $# -ge 2 ]] || fail "give PYTHON and a piece, or all"
if [[ $2 == all ]]; then
    read -r -d '' -a wanted <<<"$pieces" || true
else
    wanted=("${@:2}")
fi
for name in "${wanted[@]}"; do
    piece "$name" # a wrong name shows before anything is measured
done

# As it was named, not where a link leads: Python finds a virtual environment by the path that it is started with.
python=$1
[[ $python != */* || $python == /* ]] || python=$here/$python
python=$(command -v "$python") || fail "no program $1"
versions=$("$python" -c 'from importlib.metadata import version as of
print(f"PyTorch {of('\''torch'\'')}, transformers {of('\''transformers'\'')}, PEFT {of('\''peft'\'')}")' 2>/dev/null) ||
    fail "$1 has not all of torch, transformers and peft"
jdk=$(find_jdk 25 25) || fail "no JDK 25 found: install one, or say where it is with CANDOR_JAVA_HOME"

export LC_ALL=C.UTF-8 # Java writes × as ? in a locale without it
# Builds the benchmarks, too; what Maven leaves in front of the line, as colours are reset, goes.
machine=$(./candor bench Machine | tail -n 1 | sed 's/^.*Commit /Commit /')
commit=${machine#Commit }
results=bench/results/$(date -u +%F)-${commit%%;*}-peers.md
read -r -a flags <<<"$(sed -n 's:.*<candor.jvm>\(.*\)</candor.jvm>.*:\1:p' pom.xml)"
read -r -a with <<<"${CANDOR_BENCH_WITH:-}"
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for name in "${wanted[@]}"; do
    piece "$name"
    printf '\n%s\n' "$name"
    ${with[@]+"${with[@]}"} "$jdk/bin/java" "${flags[@]}" -cp bench/target/candor-bench.jar "candor.bench.${args[0]}" \
        "${args[@]:1}" "$python" "bench/peers/$peer.py" | tee "$output"
    [[ -s $results ]] || printf '%s\n%s.\n' "$machine" "$versions" >"$results"
    # shellcheck disable=SC2016 # the backquotes are Markdown's
    { printf '\n## %s\n\n`%s`\n\n```\n' "$name" "${args[*]}" && cat "$output" && printf '```\n'; } >>"$results"
done
printf '\n%s\n' "$results"
