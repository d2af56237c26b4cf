#!/bin/sh
# Makes the pictures of the manual in docs/images/, by Chromium:
#   docs/screenshot.sh [REPORT.html]     report.png, the picture of README.md: the first screen of a report that is there; without it,
#                                        of the quickstart's, which is run first
#   docs/screenshot.sh --watch DIR       watch.png: candor watch of a folder, as it is now
# Chromium is the program that CHROMIUM names, or the first of its usual names on the PATH; Candor the one that CANDOR names, or this
# checkout's.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
candor=${CANDOR:-$root/candor}

browser=
for name in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
    if command -v "$name" >/dev/null; then
        browser=$name
        break
    fi
done
if [ -z "$browser" ]; then
    echo "screenshot.sh: there is no Chromium on the PATH; install it, or name it by CHROMIUM" >&2
    exit 2
fi

# A folder of its own: a browser that is open keeps its settings to itself.
profile=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$profile"' EXIT
mkdir -p "$root/docs/images"

picture() { # NAME ADDRESS
    "$browser" --headless --no-sandbox --hide-scrollbars --user-data-dir="$profile/browser" --window-size=1280,820 \
        --screenshot="$root/docs/images/$1" "$2" >/dev/null 2>&1
    test -s "$root/docs/images/$1"
    echo "$root/docs/images/$1"
}

if [ "${1:-}" = --watch ]; then
    : >"$profile/address"
    "$candor" watch "$2" --port 0 >"$profile/address" &
    server=$!
    while ! grep -q http "$profile/address"; do
        kill -0 "$server"
        sleep 1
    done
    picture watch.png "$(cat "$profile/address")"
    exit
fi

report=${1:-}
if [ -z "$report" ]; then
    (cd "$root" && "$candor" quickstart --output runs/quickstart)
    report=$root/runs/quickstart/report.html
fi
picture report.png "file://$(cd "$(dirname "$report")" && pwd)/$(basename "$report")"
