# shellcheck shell=sh
# How candor, mvnw and .ci/run find a JDK. POSIX sh, sourced by them.
#
# find_jdk LOWEST HIGHEST  prints the home of the first JDK whose feature version lies in that range, or fails.
#
# Asked in this order: CANDOR_JAVA_HOME, JAVA_HOME, the java on PATH, the folders in which JDKs usually lie.
# CANDOR_JDK_SEARCH, folders separated by colons, takes the place of the usual folders.
# A JDK says what it is in its "release" file: no JVM is started to ask.

jdk_folders() {
    if [ -n "${CANDOR_JDK_SEARCH+set}" ]; then
        printf '%s' "$CANDOR_JDK_SEARCH"
        return
    fi
    printf '%s' "/usr/lib/jvm:/usr/lib64/jvm:/usr/java:/usr/local/lib/jvm:/usr/local:/opt:/opt/java:/opt/jdk"
    printf '%s' ":/Library/Java/JavaVirtualMachines:/opt/homebrew/opt"
    [ -z "${HOME:-}" ] || printf ':%s' "$HOME/.sdkman/candidates/java" "$HOME/.jdks" "$HOME/.asdf/installs/java" \
        "$HOME/.local/share/mise/installs/java" "$HOME/.jenv/versions" "$HOME/.jbang/cache/jdks" "$HOME/.gradle/jdks" \
        "$HOME/Library/Java/JavaVirtualMachines"
}

# jdk_fits HOME LOWEST HIGHEST
jdk_fits() {
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
    while IFS='=' read -r jdk_key jdk_value; do
        [ "$jdk_key" = JAVA_VERSION ] || continue
        jdk_value=${jdk_value#\"}
        jdk_value=${jdk_value%%[!0-9]*}
        [ -n "$jdk_value" ] && [ "$jdk_value" -ge "$2" ] && [ "$jdk_value" -le "$3" ]
        return
    done <"$1/release"
    return 1
}

find_jdk() {
    jdk_lowest=$1
    jdk_highest=$2
    jdk_on_path=$(command -v java 2>/dev/null) && jdk_on_path=$(readlink -f "$jdk_on_path" 2>/dev/null) || jdk_on_path=
    jdk_on_path=${jdk_on_path%/bin/java}
    for jdk_home in "${CANDOR_JAVA_HOME:-}" "${JAVA_HOME:-}" "$jdk_on_path"; do
        if [ -n "$jdk_home" ] && jdk_fits "$jdk_home" "$jdk_lowest" "$jdk_highest"; then
            printf '%s\n' "$jdk_home"
            return
        fi
    done

    jdk_ifs=$IFS
    IFS=:
    set -f
    # shellcheck disable=SC2046 # split at the colons, and only there
    set -- $(jdk_folders)
    set +f
    IFS=$jdk_ifs
    for jdk_folder in "$@"; do
        for jdk_entry in "$jdk_folder"/*; do
            # The second and third forms are macOS's: a bundle, and Homebrew's link to one.
            for jdk_home in "$jdk_entry" "$jdk_entry/Contents/Home" "$jdk_entry/libexec/openjdk.jdk/Contents/Home"; do
                if jdk_fits "$jdk_home" "$jdk_lowest" "$jdk_highest"; then
                    printf '%s\n' "$jdk_home"
                    return
                fi
            done
        done
    done
    return 1
}
