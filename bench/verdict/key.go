package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// keys are the files of a pair that bundles are signed with.
type keys struct{ private, public string }

// newKeys makes a pair below a folder.
func newKeys(dir string) (k keys, err error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return k, fmt.Errorf("make a key: %w", err)
	}
	k = keys{filepath.Join(dir, "private.pem"), filepath.Join(dir, "public.pem")}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return k, fmt.Errorf("make a key: %w", err)
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return k, fmt.Errorf("make a key: %w", err)
	}
	if err := os.WriteFile(k.private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return k, fmt.Errorf("make a key: %w", err)
	}
	return k, os.WriteFile(k.public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}), 0o644)
}
