#!/bin/sh
# Makes docs/images/report.png, the picture of README.md: the first screen of the quickstart's report, by Chromium.
#   docs/screenshot.sh [REPORT.html]     of a report that is there; without it, the quickstart is run first
# Chromium is the program that CHROMIUM names, or the first of its usual names on the PATH.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
report=${1:-}
if [ -z "$report" ]; then
    (cd "$root" && ./candor quickstart --output runs/quickstart)
    report=$root/runs/quickstart/report.html
fi
report=$(cd "$(dirname "$report")" && pwd)/$(basename "$report")

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
trap 'rm -rf "$profile"' EXIT
mkdir -p "$root/docs/images"
"$browser" --headless --no-sandbox --hide-scrollbars --user-data-dir="$profile" --window-size=1280,820 \
    --screenshot="$root/docs/images/report.png" "file://$report" >/dev/null 2>&1
test -s "$root/docs/images/report.png"
echo "$root/docs/images/report.png"
