#!/usr/bin/env bash
# Installs the servers that the tests run for themselves. What can't be had here is left out: its tests then say so.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || packages+=(prometheus)
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "not installed (it takes Debian and root): ${packages[*]}" >&2
  fi
fi
