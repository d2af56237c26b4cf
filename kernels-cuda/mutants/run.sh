#!/bin/bash
# run.sh BUILD [NAME]...: plants one bug after another, and says which mode finds it. BUILD is CMake's build folder, with the
# emulated libraries and op_check built. Fails where a bug is found by no mode, or where a patch no longer fits. Before a bug is
# planted, the same file without it, built and run in the same way, must pass in every form: else "found" would mean nothing.
#
# FORMS in the environment leaves forms out, as in FORMS="plain race"; EXTRA_FLAGS go to the compiler behind the build's own.
#
# A mutant is NAME.patch in this folder: two lines "compile: FILE" and "suite: NAME", a third one "mode: KEY=VALUE" where the
# emulator's device has to be another one, then the change to FILE or to what it includes.
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
build=$(cd "$1" && pwd) || exit 2
shift
names=("$@")
[ ${#names[@]} -gt 0 ] || names=($(cd "$here" && ls *.patch | sed 's/\.patch$//'))
source "$build/emulator/flags.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seeds="1 2 3 4"
FORMS=${FORMS:-plain race asan}
export ASAN_OPTIONS=detect_leaks=0

objects() {  # FORM: the runtime's objects
    case $1 in
        plain) ls "$build"/emulator/CMakeFiles/emulator_runtime.dir/src/*.o ;;
        race) ls "$build"/emulator/CMakeFiles/emulator_runtime.dir/src/*.o "$build"/emulator/CMakeFiles/emulator_hooks.dir/src/*.o ;;
        asan) ls "$build"/emulator/CMakeFiles/emulator_runtime_asan.dir/src/*.o ;;
    esac
}

build_form() {  # FORM: compiles the changed file, and links it with what is there already
    local form=$1 extra="" link="" suffix="_$1" object="$work/$1.o"
    [ "$form" = plain ] && suffix=""
    [ "$form" = race ] && extra=$race
    [ "$form" = asan ] && extra=$asan && link=$asan
    g++ -std=gnu++17 -fPIC -fvisibility=hidden $flags $extra $EXTRA_FLAGS -I"$root/emulator/include" -I"$work/tree/include" -I"$work/tree/src" \
        -I"$work/tree/src/device" -I"$work/tree/emulator/src" -x c++ -c "$work/tree/$compiled" -o "$object" || return 1
    if [ "$kind" = kernel ]; then
        mkdir -p "$work/$form"
        local others
        others=$(ls "$build/emulator/CMakeFiles/kernels_$form.dir/__/src/"*.o | grep -v "/$(basename "$compiled").o") || return 1
        g++ -shared $link $object $others $(objects "$form") -o "$work/$form/libcandor_emulated$suffix.so" -pthread -ldl
    else
        local others
        others=$(ls "$build/emulator/CMakeFiles/emulator_test_objects_$form.dir/test/"*.o | grep -v "/$(basename "$compiled").o") || return 1
        g++ $link $object $others $(objects "$form") -o "$work/test_$form" -rdynamic -pthread -ldl
    fi
}

run_form() {  # FORM MODE: 0 where the mutant is not found
    local suffix="_$1" mode="$2 $own_mode"
    [ "$1" = plain ] && suffix=""
    if [ "$kind" = kernel ]; then
        { LD_LIBRARY_PATH="$work/$1" timeout 300 "$build/test/op_check$suffix" -m "$mode" "$suite"; } > "$work/out" 2>&1
    else
        HARNESS_MODE="$mode" timeout 300 "$work/test_$1" "$suite" > "$work/out" 2>&1
    fi
}

lay_out() {  # the sources as they are
    rm -rf "$work/tree"
    mkdir -p "$work/tree/emulator"
    cp -r "$root/src" "$root/include" "$work/tree/"
    cp -r "$root/emulator/src" "$root/emulator/test" "$work/tree/emulator/"
}

build_forms() {
    local form
    for form in $FORMS; do build_form "$form" || return 1; done
}

declare -A passed
control() {  # what is compiled and its suite, without a bug; once for each
    local form mode
    [ -z "${passed[$compiled $suite]}" ] || return 0
    if ! build_forms; then
        echo "run.sh: $compiled does not build without a bug; build everything first: cmake --build $build" >&2
        exit 2
    fi
    for form in $FORMS; do
        mode="async=lazy"
        [ "$form" = race ] && mode=""
        if ! run_form "$form" "$mode"; then
            tail -n 5 "$work/out" >&2
            echo "run.sh: $suite fails in the form $form without a bug; build everything first: cmake --build $build" >&2
            exit 2
        fi
    done
    passed[$compiled $suite]=1
}

mark() {  # FORM MODE: prints whether it is found
    if [[ " $FORMS " != *" $1 "* ]]; then printf ' %-6s' "(out)"; elif run_form "$1" "$2"; then printf ' %-6s' "-"; else printf ' %-6s' found; found=1; fi
}

printf '%-40s %-6s %-6s %-6s %-6s %-6s\n' mutant lazy eager random race asan
missed=0
for name in "${names[@]}"; do
    patch="$here/$name.patch"
    compiled=$(sed -n 's/^compile: //p' "$patch")
    suite=$(sed -n 's/^suite: //p' "$patch")
    own_mode=$(sed -n 's/^mode: //p' "$patch")
    kind=kernel
    [[ $compiled == emulator/* ]] && kind=test
    lay_out
    control
    if ! patch -s -p1 -d "$work/tree" < "$patch" > "$work/out"; then
        echo "$name: the patch does not fit"
        missed=1
        continue
    fi
    if ! build_forms; then
        echo "$name: does not build"
        missed=1
        continue
    fi
    found=0
    printf '%-40s' "$name"
    mark plain "async=lazy"
    mark plain "async=eager"
    hits=0
    if [[ " $FORMS " == *" plain "* ]]; then
        for seed in $seeds; do run_form plain "sched=shuffle async=random seed=$seed" || hits=$((hits + 1)); done
    fi
    [ $hits -gt 0 ] && found=1
    printf ' %-6s' "$hits/$(echo $seeds | wc -w)"
    mark race ""
    mark asan "async=lazy"
    [ $found = 1 ] && echo || { echo " NOT FOUND"; missed=1; }
done
exit $missed
