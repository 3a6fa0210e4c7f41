#!/usr/bin/env bash
# Installs the Debian packages that the tests drive: real clients, a browser, a second database.
set -euo pipefail

declare -A needed=(
  [skopeo]=skopeo [podman]=podman [buildah]=buildah [dockerd]=docker.io [runc]=runc
  [docker-registry]=docker-registry [strace]=strace [chromium]=chromium
  [mkfs.ext4]=e2fsprogs [openssl]=openssl [gcc]=gcc
)
missing=()
for command in "${!needed[@]}"; do
  command -v "$command" >/dev/null 2>&1 || missing+=("${needed[$command]}")
done
[ -x /usr/lib/postgresql/15/bin/initdb ] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "These Debian packages are needed by the tests: ${missing[*]}" >&2
  echo "Install them, or run this as root." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-liberation >/dev/null
