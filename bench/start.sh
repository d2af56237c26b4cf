#!/usr/bin/env bash
# bench/start.sh [CANDOR…]: how long a start takes, from Enter to the end of the command, and for chat on a terminal (tmux, where it
# is installed) from Enter to the end of the first reply, whose question was typed ahead. Each launcher in turn, RUNS times (10);
# medians in milliseconds. Launchers of other checkouts may be named to be compared with: ./candor is taken otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
runs=${RUNS:-10}
[[ $# -gt 0 ]] || set -- ./candor
question='What is the cargo of the Seabird?'
taken=$(mktemp -d)
trap 'rm -rf "$taken"' EXIT

now() { date +%s%N; }
# clocked FILE COMMAND…: adds the milliseconds that the command took to the file.
clocked() {
    local file=$1 start
    shift
    start=$(now)
    "$@" >/dev/null 2>&1 </dev/null
    echo $((($(now) - start) / 1000000)) >>"$file"
}
over_a_pipe() { "$1" chat <<<"$question"; }
on_a_terminal() {
    tmux -L candor-start new-session -d -x 100 -y 40 "'$1' chat"
    tmux -L candor-start send-keys "$question" Enter
    until tmux -L candor-start capture-pane -p | grep -q 'cargo of the Seabird is'; do sleep 0.005; done
    tmux -L candor-start kill-server
}
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }

for candor in "$@"; do
    over_a_pipe "$candor" >/dev/null 2>&1 # builds, and unpacks the model
done
for ((run = 0; run < runs; run++)); do
    each=0
    for candor in "$@"; do
        each=$((each + 1))
        clocked "$taken/$each.version" "$candor" --version
        clocked "$taken/$each.help" "$candor" --help
        clocked "$taken/$each.train" "$candor" train sft --help
        clocked "$taken/$each.pipe" over_a_pipe "$candor"
        ! command -v tmux >/dev/null || clocked "$taken/$each.terminal" on_a_terminal "$candor"
    done
done
each=0
printf '%-40s %9s %9s %9s %9s %9s\n' 'milliseconds' --version --help 'train sft' 'chat pipe' 'terminal'
for candor in "$@"; do
    each=$((each + 1))
    printf '%-40s' "${candor: -40}"
    for what in version help train pipe terminal; do
        [[ ! -e $taken/$each.$what ]] || printf ' %9s' "$(median "$taken/$each.$what")"
    done
    echo
done
