#!/usr/bin/env bash
# Packs what ./mvnw -Prelease package has built into an archive that runs without a JDK. Maven calls it.
#   package.sh TARGET VERSION TIME   makes TARGET/candor-VERSION-OS-ARCH.tar.xz and TARGET/SHA256SUMS; files in it are of TIME
#   XZ_OPT          how hard to compress, as xz has it: -1 is quick
#   CANDOR_COMMIT   the commit that it says it is of, where that is not as git has it here
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$1
version=$2
time=$3
# shellcheck source=.mvn/jdk.sh
. "$root/.mvn/jdk.sh"
# shellcheck source=.mvn/start-cache.sh
. "$root/.mvn/start-cache.sh"

[[ $(tar --version) == *GNU* ]] || { echo "package.sh: needs GNU tar and coreutils" >&2; exit 2; }
jdk=$(find_jdk 25 25) || { echo "package.sh: found no JDK 25, whose runtime goes into the archive" >&2; exit 2; }
os=$(uname -s | tr '[:upper:]' '[:lower:]')
arch=$(uname -m)
name=candor-$version-$os-$arch
mkdir -p "$target"
target=$(cd "$target" && pwd) # the JVM and tar want one that holds in any folder
stage=$target/$name
built=$root/cli/target

# What our code and our libraries need, as jdeps tells it, without what is asked for nowhere on our ways: java.desktop, java.sql
# and java.compiler, which Jackson and others serve where they are. jdk.crypto.ec and jdk.zipfs are found as services.
modules=java.base,java.logging,java.management,java.naming,java.net.http,java.xml
modules+=,jdk.crypto.ec,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs

rm -rf "$stage" "$stage.tar.xz"
mkdir -p "$stage/lib"
"$jdk/bin/jlink" --add-modules "$modules" --no-header-files --no-man-pages --strip-java-debug-attributes \
    --output "$stage/runtime"
# A JVM with more than 32 GB of heap has other pointers than the start-up cache, and starts from this, which comes with JDKs.
"$stage/runtime/bin/java" -XX:-UseCompressedOops -Xshare:dump >/dev/null

# As the build's class path names them: its folder of libraries may still hold jars of an earlier build.
IFS=: read -ra paths <<<"$(<"$built/class-path")"
jars=("$built/candor-cli.jar")
class_path=candor-cli.jar
for path in "${paths[@]##*/}"; do
    jars+=("$built/lib/$path")
    class_path+=:$path
done
"$jdk/bin/java" "$root/dist/Slim.java" "$os" "$arch" "$stage/lib" "${jars[@]}"
printf '%s\n' "$class_path" >"$stage/lib/class-path"

flags=$(sed -n 's:.*<candor.jvm>\(.*\)</candor.jvm>.*:\1:p' "$root/pom.xml")
commit=${CANDOR_COMMIT:-$(git -C "$root" describe --always --dirty '--exclude=*' 2>/dev/null || echo unknown)}
printf '%s\n' "$flags" "-Dcandor.commit=$commit" >"$stage/lib/java.args"
cp "$root/dist/launcher" "$stage/candor"
cp "$root/.mvn/start.sh" "$stage/lib/start.sh"
cp "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$stage"
mkdir "$stage/docs"
cp -r "$root"/docs/*.md "$root/docs/images" "$stage/docs"
[[ ! -r $built/candor.cdx.json ]] || cp "$built/candor.cdx.json" "$stage/sbom.cdx.json"

# Where Debian and its like look for them below /usr or /usr/local; what zsh reads is sourced.
share=$stage/share
mkdir -p "$share/bash-completion/completions" "$share/fish/vendor_completions.d" "$share/zsh" "$share/man/man1"
"$stage/candor" completion bash >"$share/bash-completion/completions/candor"
"$stage/candor" completion fish >"$share/fish/vendor_completions.d/candor.fish"
"$stage/candor" completion zsh >"$share/zsh/candor.zsh"
"$stage/candor" completion man --output "$share/man/man1" >/dev/null

# The cache holds the time of every jar, and so is made when these have theirs; it is found again wherever the folder goes.
chmod -R u=rwX,go=rX "$stage"
find "$stage" -exec touch -h -d "$time" {} +
{
    printf '%s\n' "$flags" -cp
    printf '"%s"\n' "$stage/lib/${class_path//:/:$stage/lib/}"
} >"$target/start.args"
make_start_cache "$stage/runtime/bin/java" "$target/start.args" "$stage/lib/start.aot"
[[ -s $stage/lib/start.aot ]] || { echo "package.sh: the start-up cache could not be made" >&2; exit 1; }
chmod 644 "$stage/lib/start.aot"
rm -f "$target/start.args"

tar --sort=name --mtime="$time" --owner=0 --group=0 --numeric-owner -C "$target" -cf - "$name" | xz -T0 >"$stage.tar.xz"
(cd "$target" && sha256sum -- *.tar.xz >SHA256SUMS)
echo "package.sh: $stage.tar.xz: $(du -m "$stage.tar.xz" | cut -f1) MB, unpacked $(du -sm "$stage" | cut -f1) MB"
