#!/usr/bin/env bash
# Makes Docker usable on this machine, if that can be: engine, compose, buildx, a running daemon.
# Says why not and ends with 3 where it cannot. Installs only on Debian, only as root.
# A daemon it starts has its number in build/dockerd.pid, for whoever ends it.
set -euo pipefail
cd "$(dirname "$0")/../.."

cannot() { echo "docker: $*" >&2; exit 3; }
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" | head -n 1
}

install_engine() {
  command -v dockerd >/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || cannot "no engine here, and only root on Debian may install one"
  apt-get update -q >/dev/null
  apt-get install -y -q --no-install-recommends docker.io >/dev/null || cannot "the engine cannot be installed"
}

# Debian 12 has no compose v2; Debian 13's plugins run there, unpacked beside everything else.
install_plugins() {
  docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 && return
  command -v apt-get >/dev/null || cannot "compose v2 and buildx are missing"
  local folder
  folder=$(mktemp -d)
  mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
  : >"$folder/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) trixie main" >"$folder/sources"
  local own=(-o "Dir::Etc::sourcelist=$folder/sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
  (
    cd "$folder"
    apt-get "${own[@]}" -q update >/dev/null
    apt-get "${own[@]}" -q download docker-compose docker-buildx >/dev/null
    for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
  ) || cannot "compose v2 and buildx cannot be installed"
  mkdir -p "$HOME/.docker/cli-plugins"
  cp "$folder"/unpacked/usr/libexec/docker/cli-plugins/* "$HOME/.docker/cli-plugins/"
  rm -rf "$folder"
}

start_daemon() {
  docker info >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || cannot "no daemon answers, and only root may start one"
  mkdir -p build
  local log=build/dockerd.log
  setsid dockerd --pidfile "$PWD/build/dockerd.pid" >"$log" 2>&1 &
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && return
    sleep 0.5
  done
  cannot "the daemon does not start: $(tail -n 1 "$log")"
}

if ! docker info >/dev/null 2>&1; then
  install_engine
  start_daemon
fi
install_plugins
echo "docker $(docker version --format '{{.Server.Version}}'), $(docker compose version --short)"
