// Package wire is the messages that Azure's language workers and their host exchange, as generated code.
//
// functionrpc.proto has those that stanch uses, with the names and numbers of
// the original definition, which the workers speak; wire_test.go holds it to
// them. After a change there run go generate: it needs protoc-gen-go v1.36.12
// and protoc-gen-go-grpc v1.6.2 on PATH, and a protoc, which PROTOC may name.
package wire

//go:generate sh generate.sh
