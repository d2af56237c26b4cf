#!/bin/sh
# run.sh DIR   builds the kernels in each form that this machine can try, in folders of DIR, and runs the suite with each:
#              as it is (with AMX by its model), by clang, with sanitizers, and for 64-bit ARM under QEMU
# What the machine has no compiler for is skipped by name. FORMS names those to try (else: plain clang sanitized arm).
# ROOT is where the sources are, if not beside this file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${ROOT:-$(dirname "$here")}
mkdir -p "$1"
directory=$(cd "$1" && pwd)
failed=
bytes= # of attention, in the form before

skip() {
    echo "kernels-cpu: skipped $1: $2"
}

# form NAME COMPILER FLAGS PREFIX…: builds, and runs the suite behind PREFIX.
form() {
    name=$1
    compiler=$2
    flags=$3
    shift 3
    echo "kernels-cpu: $name"
    CC=$compiler CFLAGS=$flags sh "$root/build.sh" "$directory/$name"
    if ! [ -e "$directory/$name/objects/api.o" ]; then
        return
    fi
    native=-march=native
    case $("$compiler" -dumpmachine) in
        arm64-*-darwin*) native= ;;
    esac
    if [ $# -gt 0 ]; then
        native=-static # for an emulator of processors
    fi
    # shellcheck disable=SC2086 # flags are words
    "$compiler" -std=gnu11 -O3 $native -ffp-contract=off -Wall -Wextra -Werror -I"$root/include" $flags "$here"/*.c \
        "$directory/$name"/objects/*.o -o "$directory/$name/suite" -lm
    if ! "$@" "$directory/$name/suite" ${ONE_OF:+"$ONE_OF"} >"$directory/$name/out"; then
        echo "kernels-cpu: $name FAILED"
        failed=1
    fi
    cat "$directory/$name/out"
    now=$(sed -n "s/^attention's bytes: [0-9a-f]* //p" "$directory/$name/out")
    if [ -n "$bytes" ] && [ "$now" != "$bytes" ]; then
        echo "kernels-cpu: $name FAILED: attention's bytes in floats are $now, in the form before $bytes"
        failed=1
    fi
    bytes=$now
}

# can COMPILER FLAGS: whether it makes programs.
can() {
    # shellcheck disable=SC2086
    command -v "$1" >/dev/null && echo 'int main(void) { return 0; }' | "$1" $2 -x c -o "$directory/try" - 2>/dev/null
}

asked() {
    case " ${FORMS:-plain clang sanitized arm} " in
        *" $1 "*) ;;
        *) return 1 ;;
    esac
}

if asked plain; then
    if can "${CC:-cc}" ""; then
        form plain "${CC:-cc}" -DCANDOR_CPU_EMULATE_AMX
    else
        skip plain "${CC:-cc} is not on the PATH"
    fi
fi
if asked clang; then
    if can clang ""; then
        form clang clang -DCANDOR_CPU_EMULATE_AMX
    else
        skip clang "it is not on the PATH"
    fi
fi
if asked sanitized; then
    sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1"
    if can "${CC:-cc}" "$sanitizers"; then
        ONE_OF=${ONE_OF:-5} ASAN_OPTIONS=detect_leaks=1 form sanitized "${CC:-cc}" "-DCANDOR_CPU_EMULATE_AMX $sanitizers"
    else
        skip sanitized "${CC:-cc} does not have $sanitizers"
    fi
fi
if asked arm; then
    if ! can aarch64-linux-gnu-gcc ""; then
        skip arm "aarch64-linux-gnu-gcc is not on the PATH, or has no C library"
    elif ! command -v qemu-aarch64 >/dev/null; then
        skip arm "qemu-aarch64 is not on the PATH"
    else
        ONE_OF=${ONE_OF:-23} form arm aarch64-linux-gnu-gcc "" qemu-aarch64 -cpu max
    fi
fi
rm -f "$directory/try"
[ -z "$failed" ]
