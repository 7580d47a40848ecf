#!/bin/sh
# Installs what the tests run for real and pip cannot bring: as root on Debian; elsewhere it says what is missing.
set -eu

missing=""
need() { # need PACKAGE COMMAND...: the package, and how to see that it is there
    package=$1; shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
zbar() { ldconfig -p 2>/dev/null | grep -q libzbar || ls /opt/homebrew/lib/libzbar.dylib /usr/local/lib/libzbar.dylib; }
chinese_font() { ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc || ls /System/Library/Fonts/PingFang.ttc; }
chromium_is_there() { command -v chromium || ls "/Applications/Chromium.app"; }

need libzbar0 zbar
need chromium chromium_is_there
need fonts-noto-cjk chinese_font
need wrk command -v wrk
need nodejs command -v node
need softhsm2 command -v softhsm2-util

[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need:$missing. Install them first (Debian: sudo apt install$missing; macOS: brew install zbar wrk chromium node softhsm)." >&2
    exit 1
fi
