#!/usr/bin/env bash
# Installs the servers that the tests run for themselves. What can't be had here is left out: its tests then say so.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
command -v prometheus >/dev/null && command -v promtool >/dev/null || packages+=(prometheus)
command -v chromium >/dev/null || packages+=(chromium fonts-liberation fonts-noto-color-emoji)
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "not installed (it takes Debian and root): ${packages[*]}" >&2
  fi
fi

# MLflow pins older packages than the product's: it has an environment of its own
stamp=.venv-mlflow/.installed
if [[ ! -e $stamp || requirements/mlflow.txt -nt $stamp ]]; then
  rm -rf .venv-mlflow
  if ! { "${PYTHON:-python3}" -m venv .venv-mlflow &&
    .venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/mlflow.txt &&
    touch "$stamp"; }; then
    rm -rf .venv-mlflow
    echo "not installed: MLflow, from requirements/mlflow.txt" >&2
  fi
fi
