# shellcheck shell=bash
# How the JVM's start-up cache is made (an AOT cache: JEPs 483, 514 and 515). Sourced by candor.
#
# make_start_cache JAVA ARGS_FILE CACHE  lets JAVA do once what users do first (candor.cli.Rehearsal), with the flags and the class
# path of ARGS_FILE, and keep in CACHE what it loaded for that. A start with the same JVM, class path, modules and kind of heap takes
# classes from there; any other passes the cache over. It appears whole or not at all; without it a start is slower, nothing else:
# so what goes wrong here is told to nobody.
make_start_cache() {
    local java=$1 args=$2 cache=$3 rehearsal
    rehearsal=$(mktemp -d) || return 0
    # Flags of the environment would be the cache's, too. What the rehearsal unpacks and writes goes with its folder.
    if env -u JDK_JAVA_OPTIONS -u JAVA_TOOL_OPTIONS -u _JAVA_OPTIONS XDG_CACHE_HOME="$rehearsal" HF_HUB_OFFLINE=1 \
        "$java" "@$args" "-XX:AOTCacheOutput=$rehearsal/cache" candor.cli.Rehearsal "$rehearsal" \
        </dev/null >/dev/null 2>&1 && [[ -s $rehearsal/cache ]]; then
        { cp "$rehearsal/cache" "$cache.$$" && mv -f "$cache.$$" "$cache"; } 2>/dev/null
    fi
    rm -rf "$rehearsal" "$cache.$$"
}
