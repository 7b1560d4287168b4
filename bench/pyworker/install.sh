#!/bin/sh
# Installs Azure's Python worker once, below .cache/pyworker, in the forms that
# can be had, each with exact versions:
#
#   complete   4.34.0, both programming models, shared payloads. Its source comes
#              from the repository that AZURE_PYTHON_WORKER names, a URL or a path;
#              it is not to be had as a package. Python 3.8 to 3.12
#   libraries  what the worker is from Python 3.13 on, from PyPI: the code that
#              indexes, loads and runs functions. Only the loop that reads the
#              stream is not published; loop.py stands in for it
#   ancient    1.1.9, complete, from PyPI: the first programming model. Python 3.8
#
# A form that can't be installed is named on stderr, and its tests are skipped. It
# is an error if there is none.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache=${CACHE:-$here/../../.cache/pyworker}
repository=${AZURE_PYTHON_WORKER:-https://github.com/Azure/azure-functions-python-worker}
commit=7e6acf36
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# python VERSION... prints the first interpreter of these versions.
python() {
	for version; do
		for candidate in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python /usr/bin/python3; do
			if "$candidate" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
				echo "$candidate"
				return
			fi
		done
	done
	echo "no Python $*" >&2
	return 1
}

# venv NAME PYTHON PACKAGE... makes an environment with the packages.
venv() {
	name=$1 interpreter=$2
	shift 2
	"$interpreter" -m venv "$cache/$name/venv" &&
		"$cache/$name/venv/bin/pip" --quiet --disable-pip-version-check install "$@"
}

complete() {
	interpreter=$(python 3.11 3.12 3.10 3.9 3.8) || return
	GIT_TERMINAL_PROMPT=0 timeout 300 git clone --quiet --no-checkout "$repository" "$cache/complete/source" &&
		git -C "$cache/complete/source" checkout --quiet "$commit" || return
	venv complete "$interpreter" azure-functions==1.22.0b4 azurefunctions-extensions-base==1.0.0 \
		python-dateutil==2.9.0.post0 protobuf==4.25.8 grpcio==1.59.5 grpcio-tools==1.59.5 'setuptools<81' || return
	# As the project's own build does: code of the definition, with imports that are relative.
	source=$cache/complete/source/azure_functions_worker/protos
	"$cache/complete/venv/bin/python" -m grpc_tools.protoc -I"$source/_src/src/proto" --python_out="$source" --grpc_python_out="$source" \
		FunctionRpc.proto identity/ClaimsIdentityRpc.proto shared/NullableTypes.proto || return
	sed -i -E 's/^from (identity|shared) import/from ..\1 import/' "$source"/identity/*_pb2.py "$source"/shared/*_pb2.py &&
		sed -i -E 's/^from (identity|shared) import/from .\1 import/; s/^import FunctionRpc_pb2/from . import FunctionRpc_pb2/' "$source"/FunctionRpc_pb2*.py || return
	cp "$cache/complete/source/python/prodV4/worker.py" "$cache/complete/source/worker.py"
}

libraries() {
	interpreter=$(python 3.13) || return
	venv libraries "$interpreter" azure-functions-runtime==1.3.0 azure-functions-runtime-v1==1.2.0 \
		azure-functions==2.3.0 azurefunctions-extensions-base==1.2.0 grpcio==1.70.0 protobuf==5.29.5
}

ancient() {
	interpreter=$(python 3.8) || return
	venv ancient "$interpreter" azure-functions-worker==1.1.9 azure-functions==1.5.0 grpcio==1.33.2 grpcio-tools==1.33.2 protobuf==3.20.3
}

found=0
for form in complete libraries ancient; do
	if [ ! -e "$cache/$form/done" ]; then
		rm -rf "${cache:?}/$form"
		mkdir "$cache/$form"
		if ! "$form" >&2; then
			echo "pyworker: $form could not be installed" >&2
			rm -rf "${cache:?}/$form"
			continue
		fi
		touch "$cache/$form/done"
	fi
	# stanch takes a worker.py with its environment beside it.
	[ "$form" != libraries ] || cp "$here/loop.py" "$cache/libraries/worker.py"
	echo "$form"
	found=1
done
[ "$found" = 1 ]
