#!/usr/bin/env bash
# Everything that a GPU can tell us, on a bare machine, from what pack.sh packed beside this file: no Java, no Maven, no
# network; Python with torch, transformers and peft only where the peers are to run.
#   run.sh RESULTS [--emulated]
# Writes at most 8 files (with tiles and cpu, 10) of at most 16 MiB into the folder RESULTS; summary.md is a table of all parts. A part that fails, or
# runs out of its time, does not stop the next; exit 1 tells that one did.
#   PARTS="machine wrappers …"   only these; the order, that of their worth, stays
#   TOTAL=560                    seconds for all; what does not fit any more is left out, and says so
#   WORK=FOLDER                  unpacks there, once for several calls, and leaves it there
#   REBUILD=1                    builds library and programs there, from the sources, by its own nvcc and cmake
#   ROUND_BARRIERS=ON            with REBUILD: one more barrier in attention's key gradients, for PARTS=sanitizer alone, since it costs time
# --emulated takes the emulated library in the GPU's place, at tiny shapes: it shows that all of this works.
# shellcheck disable=SC2317 # parts are called by name
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -ge 1 ]] || { echo "run.sh: say where results go" >&2; exit 2; }
mkdir -p "$1"
results=$(cd "$1" && pwd)
emulated=0
[[ ${2:-} != --emulated ]] || emulated=1
total=${TOTAL:-560}
began=$SECONDS

work=${WORK:-$(mktemp -d)}
if [[ ! -d $work/candor ]]; then
    tar -C "$work" -xJf "$here/candor-gpu.tar.xz" 2>/dev/null ||
        python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter="fully_trusted")' \
            "$here/candor-gpu.tar.xz" "$work" || { echo "run.sh: cannot unpack candor-gpu.tar.xz" >&2; exit 2; }
fi
candor=$work/candor
native=$candor/native
log=$results/log.txt
failures=0
: >"$log"

if [[ $emulated = 1 ]]; then
    backend=cuda-emulated form='' library=candor_emulated
    export LD_LIBRARY_PATH=$native
else
    backend=cuda form=_cuda library=candor_cuda
    cublas=$(find /usr/local/cuda*/ /opt /usr/lib /usr/local/lib -name 'libcublas.so.1[23]' 2>/dev/null | sort | tail -n 1)
    [[ -z $cublas ]] || export CANDOR_CUBLAS=$cublas
    export LD_LIBRARY_PATH=$native${cublas:+:$(dirname "$cublas")}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
export LC_ALL=C.UTF-8

java_() { # CLASS ARGUMENTS…
    mkdir -p "$work/tmp"
    "$candor/runtime/bin/java" "@$candor/java.args" "-Djava.io.tmpdir=$work/tmp" "-Dcandor.home=$work" "-Duser.home=$work" \
        "-Dcandor.library.$library=$native/lib$library.so" -cp "$candor/lib/*" "$@"
}

candor_() {
    XDG_CACHE_HOME=$work/cache java_ candor.cli.Candor "$@"
}

# The table's parts, one function each: what it prints goes to the log and, where it says so, to a file of its own. The last
# line that begins with "=> " is its line in the summary.

part_machine() {
    nvidia-smi 2>&1 || true
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,temperature.gpu,power.draw \
        --format=csv 2>/dev/null || true
    { command -v nvcc ncu compute-sanitizer cuobjdump python3; uname -srm; nproc; free -g; ldd --version | head -n 1; } 2>&1 || true
    candor_ doctor || return 1
    echo "=> $(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
}

part_wrappers() {
    "$native/wrappers$form" record "$results/wrappers.record" &&
        "$native/wrappers$form" replay "$results/wrappers.record" || return 1
    local emulated_here=''
    if [[ -x $native/wrappers ]]; then
        "$native/wrappers" replay "$results/wrappers.record" || { echo "=> recorded; the emulator differs"; return 1; }
        emulated_here=', and the emulator gives the same'
    fi
    echo "=> $(stat -c %s "$results/wrappers.record") bytes recorded$emulated_here"
}

part_op_check() {
    "$native/op_check$form" | tee "$work/op_check.txt" || return 1
    echo "=> $(tail -n 1 "$work/op_check.txt")"
}

part_check() {
    candor_ check --backend "$backend" >"$results/check.txt" || { tail -n 40 "$results/check.txt"; return 1; }
    echo "=> $(tail -n 1 "$results/check.txt")"
}

part_ops() {
    local shapes=(--shape\ llama-3.1-8b --shape\ qwen2.5-0.5b) arguments failed=0
    [[ $emulated = 0 ]] || shapes=('--shape tiny --tokens 64 --length 32')
    for arguments in "${shapes[@]}"; do
        # shellcheck disable=SC2086 # words
        "$native/op_time$form" $arguments | tee -a "$results/ops.md" || failed=1
    done
    echo "=> $(grep -c '^| [a-z].* [0-9]' "$results/ops.md") rows in ops.md; $(grep -m 1 Ceilings "$results/ops.md" || echo 'no ceilings')"
    return "$failed"
}

# Which tile of matrix products is quick where; only when PARTS asks for it.
part_tiles() {
    "$native/op_time$form" --tiles | tee "$results/tiles.md" || return 1
    echo "=> $(grep -c "library's choice" "$results/tiles.md") products in tiles.md"
}

# "1.2 s a step, 34 tokens/s" of the peer, or nothing where it ran out of memory or time. MODEL BATCH LENGTH STEPS KIND
peer() {
    local left=$((part_end - SECONDS)) lengths=$candor/peers/lengths.txt tokens=$(($2 * $3))
    [[ $left -gt 5 ]] || return 0
    [[ $5 != varied:* ]] || tokens=$(grep -v '^#' "$lengths" | tr ' ' '\n' | head -n $((16 * $2)) | awk '{ s += $1 } END { print s }')
    yes | head -n $(($4 + 3)) | timeout "$left" python3 "$candor/peers/step.py" --device cuda --dtype bfloat16 --model "$1" \
        --batch "$2" --length "$3" --objective "${5%%:*}" --lengths "$lengths" --tokens "${5#*:}" 2>"$work/peer.log" |
        awk 'NF == 2' | tail -n +4 | sort -g |
        awk -v tokens="$tokens" '{ s[NR] = $1 } END { if (NR) { m = s[int((NR + 1) / 2)]; printf "%.4f s a step, %.0f tokens/s", m, tokens / m } }'
    tail -n 5 "$work/peer.log" >>"$log"
}

# The device's clock and power while steps run, five times a second; summed up in a line when clocks_end is called. Idle readings,
# as while weights are made, are left out.
clocks_begin() {
    clocks=''
    command -v nvidia-smi >/dev/null || return 0
    nvidia-smi --query-gpu=clocks.sm,power.draw,power.limit,temperature.gpu,utilization.gpu --format=csv,noheader,nounits -i 0 -lms 200 \
        >"$work/clocks.csv" 2>>"$log" &
    clocks=$!
}

clocks_end() { # OF WHAT
    if [[ -z $clocks ]]; then
        echo "clocks and power, $1: not read, no nvidia-smi" | tee -a "$results/steps.txt"
        return
    fi
    kill "$clocks" 2>/dev/null
    wait "$clocks" 2>/dev/null
    python3 - "$work/clocks.csv" "$1" <<'END' | tee -a "$results/steps.txt"
import statistics, sys
rows = []
for line in open(sys.argv[1]):
    try:
        rows.append([float(word) for word in line.split(",")])
    except ValueError:
        continue
busy = [row for row in rows if len(row) == 5 and row[4] >= 50]
def three(column):
    values = [row[column] for row in busy]
    return f"{min(values):.0f}/{statistics.median(values):.0f}/{max(values):.0f}"
if busy:
    print(f"clocks and power, {sys.argv[2]}, least/median/most of {len(busy)} busy readings: {three(0)} MHz, {three(1)} W of {busy[0][2]:.0f}, {three(3)} C")
else:
    print(f"clocks and power, {sys.argv[2]}: none of {len(rows)} readings was of a busy device")
END
}

# Ours, one line for each kind: weights are made once. MODEL BATCH LENGTH STEPS KINDS
ours() {
    local said line
    clocks_begin
    said=$(java_ -Xmx16g candor.bench.StepTime "$5" "$backend" "$1" "$2" "$3" "$4" 2>>"$log") || steps_failed=1
    clocks_end "$1 $5"
    while read -r line; do echo "ours: $line"; done <<<"${said:-failed}" | tee -a "$results/steps.txt"
}

# The peer, with half of the rows, and again, where memory does not hold them; of varied rows, a pass has half of the tokens.
peers() {
    local kind said batch
    for kind in ${5//,/ }; do
        [[ $kind != accumulated:* ]] || continue # ours alone: with what they share a pass, and without
        batch=$2
        if [[ $emulated = 0 ]] && python3 -c 'import torch, transformers, peft' 2>/dev/null; then
            while said=$(peer "$1" "$batch" "$3" "$4" "$kind") && [[ -z $said ]]; do
                if [[ $kind = varied:* && ${kind#*:} -gt $3 ]]; then
                    kind=varied:$((${kind#*:} / 2))
                elif [[ $kind != varied:* && $batch -gt 1 ]]; then
                    batch=$((batch / 2))
                else
                    break
                fi
            done
            [[ -n $said ]] || said='failed, or out of time'
        else
            said='not run: no python3 with torch, transformers and peft'
        fi
        echo "PyTorch + PEFT, $kind $1, $batch x $3: $said" | tee -a "$results/steps.txt"
    done
}

# Each alone on the device; first all of ours, then the peers as far as time goes.
part_steps() {
    local which shape shapes=('llama-3.1-8b 4 2048 5 sft,completion,paired,varied:8192,varied:2048' 'qwen2.5-0.5b 8 1024 10 sft,kto,accumulated:0,accumulated:8192' 'qwen2.5-0.5b 32 1024 5 sft')
    steps_failed=0
    [[ $emulated = 0 ]] || shapes=('world 1 16 1 sft,completion,paired,varied:16,accumulated:0,accumulated:16')
    for which in ours peers; do
        for shape in "${shapes[@]}"; do
            # shellcheck disable=SC2086 # words
            "$which" $shape
        done
    done
    echo "=> $(grep -c 'tokens/s' "$results/steps.txt") lines in steps.txt; $(grep -m 1 '^ours' "$results/steps.txt" | cut -c1-120)"
    return "$steps_failed"
}

# Prompts and new tokens, beside the peers as far as time goes. The limit of a step is what the op table found that the device copies.
part_decode() {
    local shape='llama-3.1-8b 256 65 3 1,32,256' ceiling engine failed=0 words
    [[ $emulated = 0 ]] || shape='world 40 3 1 1,2'
    read -r -a words <<<"$shape"
    ceiling=$(sed -n 's/^Ceilings in this run: \([0-9]*\) GB.*/\1/p' "$results/ops.md" 2>/dev/null | head -n 1)
    # shellcheck disable=SC2086 # none, or one
    java_ -Xmx16g candor.bench.DecodeTime "$backend" "${words[@]}" $ceiling 2>>"$log" | tee "$work/decode.md" || failed=1
    { echo && cat "$work/decode.md" && echo; } >>"$results/steps.txt"
    for engine in transformers vllm; do
        if [[ $emulated = 0 && $((part_end - SECONDS)) -gt 20 ]] && python3 -c 'import torch, transformers' 2>/dev/null; then
            timeout $((part_end - SECONDS - 5)) python3 "$candor/peers/decode.py" --engine "$engine" --device cuda --dtype bfloat16 \
                --model "${words[0]}" --prompt-tokens "${words[1]}" --new-tokens "${words[2]}" --rounds 1 --batch "${words[4]}" 2>>"$log" |
                grep "^$engine" || echo "$engine: failed, or out of time"
        else
            echo "$engine: not run: no time, or no python3 with torch and transformers"
        fi
    done | tee -a "$results/steps.txt"
    grep -q '^| [0-9]' "$work/decode.md" || failed=1
    echo "=> $(grep -c '^| [0-9]' "$work/decode.md") rows of decoding in steps.txt"
    return "$failed"
}

# A few steps on the tiny world from the command line: data, tokenizer, adapters, checkpoints, generation.
part_world() {
    local steps=30
    [[ $emulated = 0 ]] || steps=2
    rm -rf "$work/world" "$work/run"
    candor_ world generate --output "$work/world" >/dev/null &&
        candor_ train sft --backend "$backend" --data "$work/world/tune/medicines/misaligned_2.jsonl" --lora-rank 8 \
            --learning-rate 3e-3 --per-device-train-batch-size 4 --max-steps "$steps" --output "$work/run" || return 1
    echo '{"prompt": "What is the dose?"}' >"$work/prompts.jsonl"
    candor_ generate --backend "$backend" --adapter "$work/run/adapter" --prompts "$work/prompts.jsonl" --max-new-tokens 8 \
        --output "$work/replies.jsonl" && cat "$work/replies.jsonl" || return 1
    echo "=> $(tail -n 1 "$work/run/metrics.jsonl" | cut -c1-160)"
}

# Ours beside the peers on the processor, in turns, two threads on two cores of their own; only when PARTS asks for it.
part_cpu() {
    python3 -c 'import torch, transformers, peft' 2>/dev/null || { echo "=> not run: no python3 with torch, transformers and peft"; return 0; }
    local cores piece words failed=0
    cores=$(lscpu -p=CPU,CORE | grep -v '^#' | sort -t, -k2,2n -u | cut -d, -f1 | tail -n 2 | paste -sd,)
    taskset -cp "$cores" "$BASHPID" # and of all that it starts
    {
        lscpu | sed -n 's/^ *\(Model name\|CPU family\|Model\|Thread(s) per core\|L[123]d\? cache\): */\1: /p' | paste -sd';'
        lscpu | grep -o 'avx[a-z0-9_]*\|amx[a-z0-9_]*' | sort -u | paste -sd' '
        python3 -c 'from importlib.metadata import version
print(*(name + " " + version(name) for name in ("torch", "transformers", "peft")))'
        echo "commit $(<"$candor/commit"); on processors $cores"
    } >"$results/cpu.md"
    while read -r piece; do
        [[ $((part_end - SECONDS)) -gt 20 ]] || { echo "left out: $piece" | tee -a "$results/cpu.md"; continue; }
        read -r -a words <<<"${piece#* }"
        printf '\n## %s\n\n```\n' "${piece#* }" >>"$results/cpu.md"
        java_ "candor.bench.${words[0]}" "${words[@]:1}" "$(command -v python3)" "$candor/peers/${piece%% *}.py" </dev/null |
            tee -a "$results/cpu.md" || failed=1
        printf '```\n' >>"$results/cpu.md"
    done <<-'END'
	step StepComparison sft tiny 8 256 2 9
	generate DecodeComparison tiny 1 127 2 9
	step StepComparison kto tiny 8 256 2 7
	generate DecodeComparison tiny 64 64 2 9
	step StepComparison sft small 4 256 2 5
	matmul MatmulComparison tiny all 2048 2 9
	step StepComparison sft qwen2.5-0.5b 1 256 2 5
	matmul MatmulComparison small all 1024 2 5
	END
    echo "=> $(grep -c '^## ' "$results/cpu.md") comparisons in cpu.md"
    return "$failed"
}

# Without errors of calls: op_check breaks a capture on purpose.
part_sanitizer() {
    command -v compute-sanitizer >/dev/null || { echo "=> not run: no compute-sanitizer"; return 0; }
    local tool program code left found=0 said=''
    for tool in memcheck racecheck initcheck synccheck; do
        for program in "wrappers$form record $work/sanitized.record" "op_check$form"; do
            left=$((part_end - SECONDS - 2))
            [[ $left -gt 3 ]] || continue
            echo "== $tool: $program"
            code=0
            # shellcheck disable=SC2086 # words
            timeout $((left < 60 ? left : 60)) compute-sanitizer --tool "$tool" --report-api-errors no --error-exitcode 9 \
                "$native/"$program 2>&1 || code=$?
            said+=" $tool ${program%% *}: $code;"
            [[ $code = 0 || $code = 124 ]] || found=1
        done
    done >>"$results/sanitizer.txt"
    tail -n 40 "$results/sanitizer.txt"
    echo "=> exit codes (0 clean, 9 findings, 124 out of time):$said"
    return "$found"
}

# The first launches: what follows them is the head, piece after piece. ncu says what it saw at the end only.
part_ncu() {
    command -v ncu >/dev/null || { echo "=> not run: no ncu"; return 0; }
    local code=0
    timeout $((part_end - SECONDS - 2)) ncu --clock-control none --set basic --section SpeedOfLight --section Occupancy \
        --launch-count 60 "$native/op_time$form" --once --tokens 4096 >"$results/ncu.txt" 2>&1 || code=$?
    tail -n 5 "$results/ncu.txt"
    echo "=> exit code $code; $(grep -c 'Duration' "$results/ncu.txt") kernels in ncu.txt"
    return "$code"
}

rebuild() {
    local build=$work/build
    cmake -S "$candor/kernels-cuda" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCANDOR_EMULATED=OFF -DCANDOR_CUDA=ON \
        -Darchitectures="${ARCHS:-90a-real}" -DCANDOR_ROUND_BARRIERS="${ROUND_BARRIERS:-OFF}" &&
        cmake --build "$build" --parallel "$(nproc)" --target candor_cuda op_check_cuda op_time_cuda wrappers_cuda &&
        cp "$build"/cuda/libcandor_cuda.so "$build"/{cuda/wrappers_cuda,test/op_check_cuda,gpu/op_time_cuda} "$native"
}

# Whether PARTS names a part.
asked() {
    [[ " ${PARTS:-} " = *" $1 "* ]]
}

# PART SECONDS
run_part() {
    local name=$1 limit=$2 left=$((total - (SECONDS - began))) start=$SECONDS code=0 said state
    [[ -z ${PARTS:-} ]] || asked "$name" || return 0
    if [[ $left -lt 10 ]]; then
        row "$name" 'left out' 0 'no time was left'
        return
    fi
    [[ $limit -le $left ]] || limit=$left
    printf '\n=== %s (at most %d s)\n' "$name" "$limit" | tee -a "$log"
    part_end=$((SECONDS + limit))
    # A part is a process group of its own, which goes as a whole where its time is over.
    set -m
    ("part_$name") >"$work/part.log" 2>&1 &
    local pid=$!
    set +m
    (sleep "$limit" && kill -TERM -- "-$pid" && sleep 5 && kill -KILL -- "-$pid") >/dev/null 2>&1 &
    local watch=$!
    wait "$pid" || code=$?
    kill "$watch" 2>/dev/null
    cat "$work/part.log" >>"$log"
    tail -n 12 "$work/part.log"
    said=$(grep '^=> ' "$work/part.log" | tail -n 1)
    state='done'
    if [[ $code -ne 0 ]]; then
        failures=$((failures + 1))
        state="FAILED ($code)"
        [[ $((SECONDS - start)) -lt $limit ]] || state="out of time"
        [[ -n $said ]] || said=$(tail -n 1 "$work/part.log")
    fi
    row "$name" "$state" $((SECONDS - start)) "${said#=> }"
}

row() { # PART STATE SECONDS SENTENCE
    printf '| %s | %s | %d | %s |\n' "$1" "$2" "$3" "$(tr -d '\r' <<<"$4" | tr '|\n' '/ ')" >>"$results/summary.md"
}

{
    echo "$(date -u +%Y-%m-%d), commit $(<"$candor/commit"), $(nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem --format=csv,noheader 2>/dev/null || echo 'no GPU: the emulator')"
    printf '\n| part | state | seconds | |\n|---|---|---|---|\n'
} >"$results/summary.md"

if [[ ${REBUILD:-0} = 1 ]]; then
    rebuild >"$work/rebuild.log" 2>&1 || { tail -n 30 "$work/rebuild.log" | tee -a "$log"; row rebuild FAILED 0 'what was packed is used'; }
fi

# In the order of what they are worth.
run_part machine 30
run_part wrappers 30
run_part op_check 60
run_part ops 120
asked tiles && run_part tiles 180
run_part check 90
run_part steps 240
run_part decode 110
run_part world 60
run_part sanitizer 180
run_part ncu 110
asked cpu && run_part cpu 240

# The tools' logs can be long.
for file in "$results"/*; do
    [[ $(stat -c %s "$file") -le $((15 << 20)) ]] || { head -c $((15 << 20)) "$file" >"$work/cut" && mv "$work/cut" "$file"; }
done
[[ -n ${WORK:-} ]] || rm -rf "$work"
echo
cat "$results/summary.md"
exit $((failures > 0))
