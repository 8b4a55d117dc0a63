#!/usr/bin/env bash
# Provides what checks manifests, in build/k8s-tools and .venv-k8s: kustomize and promtool from this
# machine or from Debian's packages, the rest from PyPI and npm by locks/k8s.txt and a lock file.
# Ends with 3, and says why, where that cannot be.
set -euo pipefail
cd "$(dirname "$0")/../.."

cannot() { echo "k8s tools: $*" >&2; exit 3; }
tools=$PWD/build/k8s-tools
mkdir -p "$tools"

# Packages of two Debian releases, unpacked beside everything else; nothing is installed.
from_debian() { # release, package, program
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || cannot "$3 is not here, and this is no Debian"
  local folder mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  [ -n "$mirror" ] || cannot "$3 is not here, and apt knows no mirror"
  folder=$(mktemp -d)
  mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
  : >"$folder/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$folder/sources"
  local own=(-o "Dir::Etc::sourcelist=$folder/sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
  (
    cd "$folder"
    apt-get "${own[@]}" -q update >/dev/null
    apt-get "${own[@]}" -q download "$2" >/dev/null
    dpkg-deb -x ./*.deb unpacked
  ) || cannot "$3 cannot be had from Debian's packages"
  cp "$folder/unpacked/usr/bin/$3" "$tools/$3"
  rm -rf "$folder"
}

provide() { # release, package, program
  [ -x "$tools/$3" ] && return
  if command -v "$3" >/dev/null; then ln -sf "$(command -v "$3")" "$tools/$3"; else from_debian "$@"; fi
}

provide trixie kustomize kustomize
provide bookworm prometheus promtool

uv=$(command -v uv || echo "$PWD/.uv/bin/uv")
if ! cmp -s locks/k8s.txt .venv-k8s/.installed; then
  [ -d .venv-k8s ] || "$uv" venv -q --python .venv/bin/python .venv-k8s
  UV_COMPILE_BYTECODE=0 "$uv" pip install -q --python .venv-k8s/bin/python --require-hashes -r locks/k8s.txt ||
    cannot "locks/k8s.txt cannot be installed"
  cp locks/k8s.txt .venv-k8s/.installed
fi

command -v npm >/dev/null || cannot "npm is not here: the schemas of custom resources come from it"
if ! cmp -s deploy/ci/k8s/package-lock.json build/k8s-tools/package-lock.json; then
  cp deploy/ci/k8s/package.json "$tools/package.json"
  (cd "$tools" && cp ../../deploy/ci/k8s/package-lock.json . &&
    npm ci --silent --ignore-scripts --no-audit --no-fund >/dev/null 2>&1) || {
    rm -f "$tools/package-lock.json"
    cannot "the schemas of custom resources cannot be installed"
  }
fi
