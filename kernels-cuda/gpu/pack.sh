#!/usr/bin/env bash
# Packs what a bare machine with a GPU needs, which has neither Java nor Maven: pack.sh FOLDER. Runs where Candor is built.
#   FOLDER/run.sh              what to run there (see its head)
#   FOLDER/candor-gpu.tar.xz   a runtime image, jars, native libraries and programs, the sources to build them again, peers
# With nvcc on the PATH it holds the GPU's library for the architectures in ARCHS (as CMake names them; all by default, which
# takes long: ARCHS=90a-real is an H100's alone); without, the emulated one, which run.sh --emulated takes.
#   EMULATED=0    leaves the emulated library out
#   MOST_MIB=64   fails where the folder has more
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
kernels=$root/kernels-cuda
# shellcheck source=.mvn/jdk.sh
. "$root/.mvn/jdk.sh"
[[ $# -eq 1 ]] || { echo "pack.sh: say which folder" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
jdk=$(find_jdk 25 25) || { echo "pack.sh: no JDK 25 found; CANDOR_JAVA_HOME names one" >&2; exit 2; }
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

echo "jars"
(cd "$root" && ./mvnw -B -q -ntp -Dmaven.test.skip=true -Dexec.skip=true -pl bench,cli -am package)

echo "native libraries and programs"
cuda=OFF
! command -v nvcc >/dev/null || cuda=ON
build=$kernels/target/gpu
cmake -S "$kernels" -B "$build" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release -DCANDOR_CUDA=$cuda \
    -Darchitectures="${ARCHS:-80-real;86-real;89-real;90a-real;90-virtual}" >"$stage/cmake.log"
targets=()
[[ ${EMULATED:-1} = 0 ]] || targets+=(candor_emulated op_check op_time wrappers)
[[ $cuda = OFF ]] || targets+=(candor_cuda op_check_cuda op_time_cuda wrappers_cuda)
cmake --build "$build" --parallel "$(nproc)" --target "${targets[@]}" >"$stage/build.log" 2>&1 ||
    { cat "$stage/build.log" >&2; exit 1; }
mkdir -p "$stage/candor/native"
for target in "${targets[@]}"; do
    for file in "$build"/{emulator,cuda,test,gpu}/{"lib$target.so","$target"}; do
        [[ ! -f $file ]] || cp "$file" "$stage/candor/native"
    done
done
strip --strip-debug "$stage"/candor/native/*

echo "a runtime image"
modules=java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.crypto.ec,jdk.httpserver
modules+=,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs
"$jdk/bin/jlink" --add-modules "$modules" --compress=zip-0 --strip-debug --no-header-files --no-man-pages \
    --output "$stage/candor/runtime"

# Jars go in uncompressed, for xz does better; without what only reads Parquet, and without other systems' libraries.
echo "class path"
mkdir -p "$stage/candor/lib"
repack() { # JAR
    local work=$stage/jar name=${1##*/}
    rm -rf "$work" && mkdir "$work"
    (cd "$work" && "$jdk/bin/jar" xf "$1" && rm -rf native/lib/{osx,win,linux-aarch64}* META-INF/maven candor/native &&
        { [[ ! -f META-INF/MANIFEST.MF ]] || mv META-INF/MANIFEST.MF ../manifest; } &&
        "$jdk/bin/jar" cf0M "$stage/candor/lib/$name" .)
}
IFS=: read -ra jars <<<"$(<"$root/cli/target/class-path")"
for jar in "$root/cli/target/candor-cli.jar" "$root/bench/target"/candor-bench-*.jar "${jars[@]##*/}"; do
    case $jar in
        hadoop-* | parquet-* | zstd-jni* | snappy-* | jts-* | woodstox-* | stax2-* | aircompressor-* | carpet-* | jna-*) continue ;;
        /*) repack "$jar" ;;
        *) repack "$root/cli/target/lib/$jar" ;;
    esac
done

echo "sources, peers, the wrappers' record"
mkdir -p "$stage/candor/kernels-cuda" "$stage/candor/peers"
for part in CMakeLists.txt include src emulator test gpu cuda; do cp -r "$kernels/$part" "$stage/candor/kernels-cuda"; done
cp "$root"/bench/peers/*.py "$root/bench/src/main/resources/candor/bench/lengths.txt" "$stage/candor/peers"
{
    sed -n 's:.*<candor.jvm>\(.*\)</candor.jvm>.*:\1:p' "$root/pom.xml" | tr ' ' '\n'
} >"$stage/candor/java.args"
git -C "$root" describe --always --dirty --exclude='*' >"$stage/candor/commit" 2>/dev/null || echo unknown >"$stage/candor/commit"

echo "packing"
tar -C "$stage" --owner=0 --group=0 --sort=name -cf - candor | xz -T0 -6 >"$folder/candor-gpu.tar.xz"
cp "$here/run.sh" "$folder/run.sh"
bytes=$(du -sb "$folder" | cut -f1)
echo "$folder: $((bytes >> 20)) MiB"
[[ $bytes -le $((${MOST_MIB:-64} << 20)) ]] || { echo "pack.sh: more than ${MOST_MIB:-64} MiB; name fewer ARCHS" >&2; exit 1; }
