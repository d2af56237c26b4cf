#!/bin/sh
# Builds the library between Candor and each MPI that there is a compiler for, and lays them out as the bindings pack them.
#   build.sh TARGET   makes TARGET/native/candor/native/linux-ARCH/libcandor_mpi_{openmpi,mpich}.so
# What cannot be built is skipped by name; what fails to build is an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$1
native=$target/native
rm -rf "$native" # a library of an earlier build is not this one's

skip() {
    echo "comm-mpi: skipped $1: $2"
}

if [ "$(uname -s)" != Linux ]; then
    skip "libcandor_mpi_openmpi.so, libcandor_mpi_mpich.so" "they are built on Linux only"
    exit 0
fi
case $(uname -m) in
    x86_64) arch=amd64 ;; # as Java calls it
    *) arch=$(uname -m) ;;
esac
packed=$native/candor/native/linux-$arch
mkdir -p "$packed"

# is COMPILER MACRO: whether its mpi.h defines what this MPI alone defines. MPICH's is in those that have its binary interface.
is() {
    command -v "$1" >/dev/null && printf '#include <mpi.h>\n#ifndef %s\n#error another\n#endif\n' "$2" |
        "$1" -x c -fsyntax-only - 2>/dev/null
}

# build NAME MACRO COMPILER…: with the first compiler that is this MPI's.
build() {
    name=$1
    macro=$2
    shift 2
    library=libcandor_mpi_$name.so
    for compiler in "$@"; do
        if is "$compiler" "$macro"; then
            "$compiler" -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -I"$here/include" \
                -o "$packed/$library" "$here/src/candor_mpi.c"
            return
        fi
    done
    skip "$library" "there is none of $* on the PATH, or it is another MPI's"
}

build openmpi OPEN_MPI mpicc.openmpi mpicc
build mpich MPICH_VERSION mpicc.mpich mpicc
