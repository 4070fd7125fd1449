#!/bin/sh
# What the tests need and pip cannot bring: a real PostgreSQL server, bubblewrap, Chromium, podman and the kernel's headers, from Debian's packages.
set -eu
missing=
command -v bwrap >/dev/null || missing="bubblewrap"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$missing chromium"
command -v podman >/dev/null || command -v docker >/dev/null || missing="$missing podman runc"
[ -e /usr/include/asm-generic/unistd.h ] || missing="$missing linux-libc-dev"
[ -n "$missing" ] || exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
echo "installing$(echo " $missing" | tr -s ' ') (Debian packages that the tests use)"
if command -v apt-get >/dev/null && $sudo apt-get update -qq >/dev/null 2>&1 &&
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
  exit 0
fi
echo "the tests need these system packages, which could not be installed here: $missing (bwrap, initdb, chromium, podman, asm-generic/unistd.h); install them and run again" >&2
exit 2
