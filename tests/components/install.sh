#!/usr/bin/env bash
# Installs the servers that the tests run for themselves. What can't be had here is left out: its tests then say so.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || packages+=(prometheus)
command -v npm >/dev/null || packages+=(npm)
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "not installed (it takes Debian and root): ${packages[*]}" >&2
  fi
fi

described=.venv/github
wanted=$(cat tests/components/github/{package-lock.json,cut.py} | sha256sum)
if [[ $(cat $described/.made-of 2>/dev/null) != "$wanted" ]]; then
  if command -v npm >/dev/null; then
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    cp tests/components/github/{package.json,package-lock.json,.npmrc} "$unpacked"
    (cd "$unpacked" && npm ci --silent --no-audit --no-fund >/dev/null)
    python3 tests/components/github/cut.py "$unpacked/node_modules" $described
    echo "$wanted" >$described/.made-of
  else
    echo "not installed (it takes npm): GitHub's description of its API" >&2
  fi
fi
