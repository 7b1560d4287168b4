package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
)

// privateKey reads an ed25519 key in PEM; nil without a name.
func privateKey(name string) (ed25519.PrivateKey, error) {
	if name == "" {
		return nil, nil
	}
	block, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(block)
	if own, ok := key.(ed25519.PrivateKey); ok && err == nil {
		return own, nil
	}
	return nil, fmt.Errorf("%s is no private key of ed25519\nhint: openssl genpkey -algorithm ed25519 -out key.pem makes one", name)
}

// publicKey reads the key that signatures are held against.
func publicKey(name string) (ed25519.PublicKey, error) {
	block, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(block)
	if own, ok := key.(ed25519.PublicKey); ok && err == nil {
		return own, nil
	}
	return nil, fmt.Errorf("%s is no public key of ed25519\nhint: openssl pkey -in key.pem -pubout -out public.pem makes one", name)
}

func readPEM(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM", name)
	}
	return block.Bytes, nil
}
