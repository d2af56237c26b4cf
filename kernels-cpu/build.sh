#!/bin/sh
# Builds the CPU backend's native kernels and lays them out as the bindings pack them.
#   build.sh TARGET   makes TARGET/native/candor/native/OS-ARCH/libcandor_cpu.so, with the C compiler that CC names (else cc, gcc, clang);
#                     CFLAGS are more flags for it
# Without a compiler that will do it is skipped by name; what fails to build is an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$1
native=$target/native
rm -rf "$native" # a library of an earlier build is not this one's

skip() {
    echo "kernels-cpu: skipped $1: $2"
}

compiler=
for name in ${CC:-cc gcc clang}; do
    if command -v "$name" >/dev/null; then
        compiler=$name
        break
    fi
done
if [ -z "$compiler" ]; then
    skip "the native kernels" "there is none of ${CC:-cc, gcc, clang} on the PATH; Java's Vector API computes"
    exit 0
fi

# The compiler's machine: it may be another than this one.
machine=$("$compiler" -dumpmachine 2>/dev/null || echo unknown)
case $machine in
    *-linux-*) os=linux file=libcandor_cpu.so ;;
    *-darwin*) os=mac-os-x file=libcandor_cpu.dylib ;; # as Java calls them
    *)
        skip "the native kernels" "they are built for Linux and macOS, not for $machine; Java's Vector API computes"
        exit 0
        ;;
esac
case $machine in
    x86_64-*)
        arch=amd64
        kinds="avx2 avx512 avx512bf16 amx"
        ;;
    aarch64-* | arm64-*)
        arch=aarch64
        kinds="neon neonbf16"
        ;;
    *)
        skip "$file" "there are no kernels for $machine; Java's Vector API computes"
        exit 0
        ;;
esac

# What the compiler is told of each kind of processor.
flags() {
    case $1 in
        avx2) echo -mavx2 -mfma ;;
        avx512) echo -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma ;;
        avx512bf16) echo "$(flags avx512)" -mavx512bf16 ;;
        amx) echo "$(flags avx512bf16)" -mamx-tile -mamx-bf16 ;;
        neon) echo -march=armv8-a ;;
        neonbf16) echo -march=armv8.2-a+bf16 ;;
    esac
}

objects=$target/objects
rm -rf "$objects"
mkdir -p "$objects"

# compile NAME FLAG…
compile() {
    name=$1
    shift
    # shellcheck disable=SC2086 # flags are words
    "$compiler" -std=gnu11 -O3 -ffp-contract=off -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I"$here/include" "$@" ${CFLAGS:-} \
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
compile attention
rm -f "$objects/try.o"
mkdir -p "$native/candor/native/$os-$arch"
# shellcheck disable=SC2086
"$compiler" -shared ${CFLAGS:-} -o "$native/candor/native/$os-$arch/$file" "$objects"/*.o
