#!/usr/bin/env bash
# Installs the Debian packages that the tests and benchmarks drive: container clients, a browser, a
# second database, other servers. Does nothing when all are there.
#
# Who is neither root nor in continuous integration (CI set) is told what is missing and may go on;
# the tests that need it are then skipped. Everywhere else something missing is an error.
set -euo pipefail

# A file, or the name of a command, and the package that brings it.
needed=(
  skopeo skopeo
  podman podman
  buildah buildah
  dockerd docker.io
  runc runc
  ip iproute2
  docker-registry docker-registry
  chromium chromium
  /usr/share/fonts/truetype/liberation fonts-liberation
  /usr/share/fonts/truetype/droid fonts-droid-fallback
  /usr/lib/postgresql postgresql
  nginx nginx
  wrk wrk
  strace strace
  gcc gcc
  /usr/include/stdio.h libc6-dev
  mkfs.ext4 e2fsprogs
  openssl openssl
)

PATH="$PATH:/usr/sbin:/sbin"
missing=()
for ((i = 0; i < ${#needed[@]}; i += 2)); do
  case ${needed[i]} in
    /*) [ -e "${needed[i]}" ] ;;
    *) command -v "${needed[i]}" >/dev/null ;;
  esac || missing+=("${needed[i + 1]}")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these Debian packages: ${missing[*]}" >&2
  [ -z "${CI:-}" ] && [ "$(id -u)" -ne 0 ] || exit 1
  exit 0
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=
finish() {
  local status=$?
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log" $made_policy
}
trap finish EXIT

# Some of the packages bring services. The tests start what they need themselves, so none is started
# here; a machine that has a policy for this keeps its own.
if [ ! -e "$policy" ]; then
  made_policy=$policy
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-unsafe-io)
(
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
) >"$log" 2>&1
