#!/bin/sh
# Brings what a bare clone lacks: npm packages always; as root on Debian also the compiler and tools of the kernel datapath.
# What cannot be installed is said and left out: the model datapath and skipped tests take over, and say so too.
set -eu
cd "$(dirname "$0")/../.."

# Installed for this very lock: npm's own record is not newer for a checkout that only touched the file, so its text counts too.
installed() {
  [ -x node_modules/.bin/node ] || return 1
  [ ! package-lock.json -nt node_modules/.package-lock.json ] || cmp -s package-lock.json node_modules/.package-lock.installed
}
if ! installed; then
  echo "installing npm packages" >&2
  # A registry without the binaries of other platforms leaves them out of the lock, which npm ci refuses; npm install takes the locked rest.
  npm ci --no-audit --no-fund >/dev/null 2>&1 || npm install --no-save --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json node_modules/.package-lock.installed
fi

missing=""
command -v clang >/dev/null 2>&1 || missing="$missing clang llvm"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v bpftool >/dev/null 2>&1 || missing="$missing bpftool"
[ -e /usr/include/bpf/bpf_helpers.h ] || missing="$missing libbpf-dev"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed:$missing (needs root and apt-get); the model datapath is used instead of the kernel" >&2
  exit 0
fi
echo "installing$missing" >&2
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
  echo "could not install:$missing; the model datapath is used instead of the kernel" >&2
fi
