#!/bin/sh
# Builds the CPU backend's native kernels and lays them out as the bindings pack them.
#   build.sh TARGET   makes TARGET/native/candor/native/OS-ARCH/libcandor_cpu.so, with the C compiler that CC names (else cc, gcc, clang)
# Without a compiler that will do it is skipped by name; what fails to build is an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$1
native=$target/native
rm -rf "$native" # a library of an earlier build is not this one's

skip() {
    echo "kernels-cpu: skipped $1: $2"
}

case $(uname -s) in
    Linux) os=linux file=libcandor_cpu.so ;;
    Darwin) os=mac-os-x file=libcandor_cpu.dylib ;; # as Java calls them
    *)
        skip libcandor_cpu.so "it is built on Linux and macOS only; Java's Vector API computes"
        exit 0
        ;;
esac
case $(uname -m) in
    x86_64)
        arch=amd64
        kinds="avx2 avx512 avx512bf16"
        ;;
    aarch64 | arm64)
        arch=aarch64
        kinds=
        ;;
    *)
        skip "$file" "there are no kernels for $(uname -m); Java's Vector API computes"
        exit 0
        ;;
esac

compiler=
for name in ${CC:-cc gcc clang}; do
    if command -v "$name" >/dev/null; then
        compiler=$name
        break
    fi
done
if [ -z "$compiler" ]; then
    skip "$file" "there is none of ${CC:-cc, gcc, clang} on the PATH; Java's Vector API computes"
    exit 0
fi

# What the compiler is told of each kind of processor.
flags() {
    case $1 in
        avx2) echo -mavx2 -mfma ;;
        avx512) echo -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma ;;
        avx512bf16) echo "$(flags avx512)" -mavx512bf16 ;;
    esac
}

objects=$target/objects
rm -rf "$objects"
mkdir -p "$objects"

# compile NAME FLAG…
compile() {
    name=$1
    shift
    "$compiler" -std=gnu11 -O3 -ffp-contract=off -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I"$here/include" "$@" \
        -c "$here/src/$name.c" -o "$objects/$name.o"
}

has=
for kind in $kinds; do
    # shellcheck disable=SC2046 # flags are words
    if ! echo 'int main(void) { return 0; }' | "$compiler" $(flags "$kind") -x c -c -o "$objects/try.o" - 2>/dev/null; then
        skip "$kind in $file" "$compiler does not know $(flags "$kind")"
        continue
    fi
    # shellcheck disable=SC2046
    compile "$kind" $(flags "$kind")
    has="$has -DCANDOR_CPU_WITH_$(echo "$kind" | tr '[:lower:]' '[:upper:]')"
done
# shellcheck disable=SC2086
compile api $has
rm -f "$objects/try.o"
mkdir -p "$native/candor/native/$os-$arch"
"$compiler" -shared -o "$native/candor/native/$os-$arch/$file" "$objects"/*.o
