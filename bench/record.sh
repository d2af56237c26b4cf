#!/usr/bin/env bash
# Measures what bench/results holds, piece by piece; each piece takes two to four minutes on two cores.
#   bench/record.sh PIECE…     these pieces, in this order
#   bench/record.sh all        all of them
#   bench/record.sh            names them
# CANDOR_BENCH_WITH is put in front of each measurement: nice -n -5, or taskset -c 0,1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

linear=linear.query,linear.query.lora,linear.query.backward,linear.query.lora.backward
linear+=,linear.gate,linear.gate.lora,linear.gate.backward,linear.gate.lora.backward
linear+=,linear.down,linear.down.lora,linear.down.backward,linear.down.lora.backward
others=attention,attention.both,rmsNorm,rmsNorm.backward,rope,swiGlu,swiGlu.backward,logProb,logProb.both,adamW
some=linear.gate,linear.gate.lora,linear.gate.backward,linear.gate.lora.backward,attention,attention.both,swiGlu
some+=,swiGlu.backward,rmsNorm,logProb,logProb.both
large=linear.query,linear.gate,linear.gate.lora.backward,linear.down,attention,attention.both,logProb,logProb.both
short=(--forks 2 --iterations 3 --iteration-millis 500) # of two JVMs one may have compiled its loops less well

piece() { # its arguments for ./candor bench
    case $1 in
        ops-tiny-linear) args=(--shape tiny --op "$linear" "${short[@]}") ;;
        ops-tiny-others) args=(--shape tiny --op "$others" "${short[@]}") ;;
        ops-tiny-plain) args=(--shape tiny --op "$some" --tokens 256 --backend plain "${short[@]}") ;;
        ops-tiny-quick) args=(--shape tiny --op "$some" --tokens 256 --backend cpu "${short[@]}") ;;
        ops-small-linear) args=(--shape small --op "$linear" "${short[@]}") ;;
        ops-small-others) args=(--shape small --op "$others" "${short[@]}") ;;
        ops-qwen2.5-0.5b) args=(--shape qwen2.5-0.5b --op "$large" "${short[@]}") ;;
        ops-llama-3.1-8b) args=(--shape llama-3.1-8b --op "$large" --iterations 3 --iteration-millis 500) ;;
        scaling-length-batch) args=(Scaling --param 'curve=length,batch') ;;
        scaling-rank-adapters-layers) args=(Scaling --param 'curve=rank,adapters,layers') ;;
        tiles) args=(TileBenchmark) ;;
        step-tiny) args=(StepBenchmark --iteration-millis 3000) ;;
        step-small) args=(StepBenchmark --shape small --param batch=4 --iteration-millis 3000) ;;
        step-adapters) args=('StepBenchmark.(sft|kto)$' --param 'adapters=1,4' --param batch=2 --iteration-millis 3000) ;;
        profile) args=(Profile) ;;
        profile-kto) args=(Profile --param objective=kto) ;;
        profile-small) args=(Profile --shape small --param batch=4) ;;
        decode) args=(DecodeBenchmark --iteration-millis 3000) ;;
        text) args=('TextBenchmark|PackingBenchmark' --iteration-millis 1000) ;;
        calls) args=('CallBenchmark|LaunchBenchmark|TokenizingBenchmark' --iterations 5 --iteration-millis 1000) ;;
        start-up) args=(StartUp) ;;
        *) echo "bench/record.sh: no piece $1" >&2; exit 2 ;;
    esac
}

pieces=$(sed -n "s|^        \([a-z0-9.-]*\)) args=.*|\1|p" bench/record.sh)
if [[ $# == 0 ]]; then
    echo "$pieces"
    exit
fi
[[ $1 != all ]] || read -r -d '' -a wanted <<<"$pieces" || true
[[ $1 == all ]] || wanted=("$@")
for name in "${wanted[@]}"; do
    piece "$name" # a wrong name shows before anything is measured
done
read -r -a with <<<"${CANDOR_BENCH_WITH:-}"
for name in "${wanted[@]}"; do
    piece "$name"
    ${with[@]+"${with[@]}"} ./candor bench "${args[@]}" --name "$name" --output bench/results
done
