#!/bin/sh
# Builds the libraries that this machine has compilers for, and lays them out as the bindings pack them. Maven calls it.
#   build.sh TARGET   builds in TARGET/build, and makes TARGET/native/candor/native/linux-ARCH/libcandor_*.so
# What cannot be built is skipped by name; what fails to build is an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$1
native=$target/native
rm -rf "$native" # a library of an earlier build is not this one's

skip() {
    echo "kernels-cuda: skipped $1: $2"
}

if [ "$(uname -s)" != Linux ]; then
    skip "libcandor_emulated.so, libcandor_cuda.so" "they are built on Linux only"
    exit 0
fi
for tool in cmake g++ make; do
    if ! command -v "$tool" >/dev/null; then
        skip "libcandor_emulated.so, libcandor_cuda.so" "there is no $tool on the PATH"
        exit 0
    fi
done

case $(uname -m) in
    x86_64) arch=amd64 ;; # as Java calls it
    *) arch=$(uname -m) ;;
esac
packed=$native/candor/native/linux-$arch
cuda=OFF
if command -v nvcc >/dev/null; then
    cuda=ON
else
    skip "libcandor_cuda.so" "there is no nvcc on the PATH"
fi

mkdir -p "$target/build" "$packed"
log=$target/build/build.log
build() {
    cmake -S "$here" -B "$target/build" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release -DCANDOR_CUDA=$cuda &&
        cmake --build "$target/build" --parallel "$(nproc)" --target "$@"
}
if [ "$cuda" = ON ]; then set -- candor_emulated candor_cuda; else set -- candor_emulated; fi
if ! build "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "kernels-cuda: the build failed, for the reasons above" >&2
    exit 1
fi
cp "$target/build/emulator/libcandor_emulated.so" "$packed"
[ "$cuda" = OFF ] || cp "$target/build/cuda/libcandor_cuda.so" "$packed"
