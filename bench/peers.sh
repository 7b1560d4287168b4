#!/bin/sh
# Installs the peers that the benches run beside stanch: one function a peer,
# each of which does nothing if its peer is there already.
#
#   bench/peers.sh gunicorn pm2
#
# What is not of the system goes below .cache/peers.
set -eu
cache=$(cd "$(dirname "$0")/.." && pwd)/.cache/peers
mkdir -p "$cache"

# venv NAME PACKAGE... makes a virtual environment with the packages.
venv() {
	name=$1
	shift
	[ -x "$cache/$name/bin/gunicorn" ] && return
	python3 -m venv "$cache/$name"
	"$cache/$name/bin/pip" --quiet --disable-pip-version-check install "$@"
}

# The newest gunicorn.
peer_gunicorn() { venv gunicorn gunicorn; }

# The gunicorn that Debian 12 ships, which many images still have.
peer_gunicorn20() { venv gunicorn20 gunicorn==20.1.0 'setuptools<81'; }

# DuckDB, which reads the telemetry's files as well.
peer_duckdb() {
	[ -x "$cache/duckdb/bin/python" ] && return
	python3 -m venv "$cache/duckdb"
	"$cache/duckdb/bin/pip" --quiet --disable-pip-version-check install duckdb==1.4.1
}

peer_pm2() {
	[ -x "$cache/pm2/node_modules/.bin/pm2" ] && return
	if ! command -v npm >/dev/null; then
		echo "pm2 needs Node and npm: install them first" >&2
		return 1
	fi
	npm install --silent --no-audit --no-fund --prefix "$cache/pm2" pm2@7.0.4
}

# system PROGRAM PACKAGE installs a package of the distribution.
system() {
	command -v "$1" >/dev/null && return
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		echo "$1 is missing: install it first (Debian: apt-get install $2)" >&2
		return 1
	fi
	apt-get -qq update
	# Debian starts a server on port 80 when it installs one; nobody asked for it.
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$2" >/dev/null
}

peer_nginx() { system nginx nginx-light; }
peer_haproxy() { system haproxy haproxy; }
peer_wrk() { system wrk wrk; }

for peer; do
	"peer_$peer"
done
