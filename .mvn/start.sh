# shellcheck shell=bash
# How a launcher becomes the JVM that runs Candor. Sourced by candor, and by the launcher of a release.
#
# become_candor JAVA CACHE PROGRAM JVM_ARGUMENT… -- ARGUMENT…
#   JAVA          the java to become
#   CACHE         the JVM's start-up cache, which may be missing
#   PROGRAM       how the user called the program, for its own messages
#   JVM_ARGUMENT  what the JVM itself is told, the class path among it; CANDOR_JAVA_OPTS come behind
become_candor() {
    local java=$1 cache=$2 program=$3 jvm=() terminals='' descriptor start=() options=()
    shift 3
    while [[ $1 != -- ]]; do
        jvm+=("$1")
        shift
    done
    shift

    # Java reads arguments and file names in the locale's encoding; in a locale without UTF-8 it would garble them.
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
        *[Uu][Tt][Ff]-8 | *[Uu][Tt][Ff]8) ;;
        *) export LC_ALL=C.UTF-8 ;;
    esac

    # Which of stdin, stdout and stderr are terminals: the shell asks at no cost.
    for descriptor in 0 1 2; do
        [[ ! -t $descriptor ]] || terminals+=$descriptor
    done

    # Before any code of ours runs, the JVM says on standard error that the Vector API, which we compute with, is an incubator
    # module. Until then that goes through a filter, which leaves out this line alone, so that whatever keeps a JVM from starting
    # is still seen; then, before it says anything, the program puts the real standard error, descriptor 7, back in its place, and
    # the filter ends.
    exec 7>&2 2> >(
        exec >&7 7>&-
        while IFS= read -r line || [[ -n $line ]]; do
            [[ $line == 'WARNING: Using incubator modules: jdk.incubator.vector' ]] || printf '%s\n' "$line"
        done
    )

    # A cache that does not fit this JVM or its flags is passed over without a word. Who names one decides alone.
    case " ${CANDOR_JAVA_OPTS:-} ${JDK_JAVA_OPTIONS:-} ${JAVA_TOOL_OPTIONS:-} " in
        *" -XX:AOT"* | *" -XX:SharedArchiveFile"* | *" -XX:ArchiveClassesAtExit"* | *" -Xshare:"*) ;;
        *) [[ ! -r $cache ]] || start=("-XX:AOTCache=$cache" '-Xlog:aot*=off' '-Xlog:cds*=off') ;;
    esac

    read -ra options <<<"${CANDOR_JAVA_OPTS:-}"
    exec "$java" "${jvm[@]}" -Dcandor.stderr=7 "-Dcandor.terminals=$terminals" "-Dcandor.program=$program" \
        ${start[@]+"${start[@]}"} ${options[@]+"${options[@]}"} candor.cli.Candor "$@"
}
