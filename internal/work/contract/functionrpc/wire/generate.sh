#!/bin/sh
# The protoc of a Python environment does too: PROTOC="python3 -m grpc_tools.protoc"
set -e
${PROTOC:-protoc} -I. --go_out=. --go_opt=paths=source_relative \
	--go-grpc_out=. --go-grpc_opt=paths=source_relative functionrpc.proto
${GO:-go} tool -modfile="$(git rev-parse --show-toplevel)/tools/go.mod" gofumpt -w functionrpc.pb.go functionrpc_grpc.pb.go
