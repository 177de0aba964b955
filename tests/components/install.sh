#!/usr/bin/env bash
# Installs the servers that the tests run for themselves. What can't be had here is left out: its tests then say so.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || packages+=(prometheus)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
command -v java >/dev/null || packages+=(openjdk-17-jre-headless)
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "not installed (it takes Debian and root): ${packages[*]}" >&2
  fi
fi

# Spark pins what the product does not: an environment of its own
if [[ requirements/spark.txt -nt .venv-spark/.installed ]]; then
  "${PYTHON:-python3}" -m venv .venv-spark
  .venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/spark.txt
  touch .venv-spark/.installed
fi
