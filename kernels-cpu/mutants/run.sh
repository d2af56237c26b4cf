#!/bin/sh
# run.sh DIR [NAME]…   plants one bug after another in a copy of the sources, builds it in DIR, and demands that the suite fails
# Fails where a bug is not found, or where a patch no longer fits. First the suite must pass without any: else "found" would mean nothing.
#
# A mutant is NAME.patch in this folder: the change, before it a line "form: NAME" where it is another form of test/run.sh than the plain
# one that finds it, and a line "kind: NAME" where it is in one kind's kernels alone. What this machine cannot try is skipped by name.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
mkdir -p "$1"
directory=$(cd "$1" && pwd)
shift
if [ $# -eq 0 ]; then
    for patch in "$here"/*.patch; do
        name=${patch##*/}
        set -- "$@" "${name%.patch}"
    done
fi

lay_out() { # the sources as they are
    rm -rf "$directory/tree" "$directory/build"
    mkdir -p "$directory/tree"
    cp -r "$root/build.sh" "$root/include" "$root/src" "$directory/tree/"
}

suite() { # FORM; a bug may make it endless
    limit=
    if command -v timeout >/dev/null; then
        limit="timeout 900"
    fi
    # shellcheck disable=SC2086 # words
    ROOT=$directory/tree FORMS=$1 $limit sh "$root/test/run.sh" "$directory/build" >"$directory/out" 2>&1
}

passed=" "
control() { # FORM: once for each
    case $passed in
        *" $1 "*) return ;;
    esac
    lay_out
    if ! suite "$1"; then
        cat "$directory/out" >&2
        echo "run.sh: the suite fails in the form $1 without a bug" >&2
        exit 2
    fi
    cp "$directory/out" "$directory/$1.control"
    passed="$passed$1 "
}

missed=0
for name in "$@"; do
    form=$(sed -n 's/^form: //p' "$here/$name.patch")
    form=${form:-plain}
    control "$form"
    kind=$(sed -n 's/^kind: //p' "$here/$name.patch")
    if [ -n "$kind" ] && grep -q "^$kind *skipped" "$directory/$form.control"; then
        echo "$name: skipped: $kind"
        continue
    fi
    lay_out
    if ! patch -s -p1 -d "$directory/tree" <"$here/$name.patch" >"$directory/out"; then
        echo "$name: the patch does not fit"
        missed=1
        continue
    fi
    if suite "$form"; then
        if [ -e "$directory/build/$form/suite" ]; then
            echo "$name: NOT FOUND"
            missed=1
        else
            echo "$name: $(cat "$directory/out")"
        fi
    elif [ -e "$directory/build/$form/suite" ]; then
        echo "$name: found: $(grep -m 1 WRONG "$directory/out" | cut -c 1-100)"
    else
        cat "$directory/out"
        echo "$name: does not build"
        missed=1
    fi
done
exit $missed
