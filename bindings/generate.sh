#!/bin/sh
# Makes candor.bindings.generated anew from kernels-cuda/include/candor_kernels.h, with the jextract on the PATH
# (https://jdk.java.net/jextract, one for JDK 25). Run it after every change of the header; a test compares the two.
set -eu
cd "$(dirname "$0")"
header=../kernels-cuda/include/candor_kernels.h
output=src/main/java
generated=$output/candor/bindings/generated

if ! command -v jextract >/dev/null; then
    echo "generate.sh: there is no jextract on the PATH; get one from https://jdk.java.net/jextract" >&2
    exit 2
fi

includes=$(mktemp)
trap 'rm -f "$includes"' EXIT
# Our own names alone: jextract would take everything of stdint.h too.
jextract --dump-includes "$includes.all" "$header"
grep -E '^--include-[a-z]+ (candor|CANDOR)_' "$includes.all" | grep -vE ' candor_(device|stream|event|graph) ' >"$includes"
rm -f "$includes.all"

find "$generated" -name '*.java' ! -name package-info.java -delete
jextract "@$includes" --output "$output" --target-package candor.bindings.generated --header-class-name CandorKernels "$header"
echo "$(find "$generated" -name '*.java' ! -name package-info.java | wc -l) files in $generated"
