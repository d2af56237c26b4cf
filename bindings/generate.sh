#!/bin/sh
# Makes candor.bindings.generated anew from the C headers of the kernels, with the jextract on the PATH
# (https://jdk.java.net/jextract, one for JDK 25). Run it after every change of a header; a test compares the two.
set -eu
cd "$(dirname "$0")"
output=src/main/java

if ! command -v jextract >/dev/null; then
    echo "generate.sh: there is no jextract on the PATH; get one from https://jdk.java.net/jextract" >&2
    exit 2
fi

includes=$(mktemp)
trap 'rm -f "$includes"' EXIT

# generate HEADER PACKAGE CLASS
generate() {
    generated=$output/$(echo "$2" | tr . /)
    # Our own names alone: jextract would take everything of stdint.h too.
    jextract --dump-includes "$includes.all" "$1"
    grep -E '^--include-[a-z]+ (candor|CANDOR)_' "$includes.all" | grep -vE ' candor_(device|stream|event|graph) ' >"$includes"
    rm -f "$includes.all"
    find "$generated" -maxdepth 1 -name '*.java' ! -name package-info.java -delete
    jextract "@$includes" --output "$output" --target-package "$2" --header-class-name "$3" "$1"
    echo "$(find "$generated" -maxdepth 1 -name '*.java' ! -name package-info.java | wc -l) files in $generated"
}

generate ../kernels-cuda/include/candor_kernels.h candor.bindings.generated CandorKernels
generate ../kernels-cpu/include/candor_cpu.h candor.bindings.generated.cpu CandorCpu
