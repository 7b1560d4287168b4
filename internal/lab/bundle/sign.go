package bundle

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// signedText is what is signed: the manifest, said to be one, so that the signature is
// good for nothing else.
func signedText(manifest []byte) []byte {
	return append([]byte("stanch lab bundle, format 1\n"), manifest...)
}

// Sign vouches for a folder that is ended and as it was sealed. It writes manifest.sig:
// the public key and the signature of manifest.json, which has the sums of all else.
func Sign(dir string, key ed25519.PrivateKey) error {
	if len(key) != ed25519.PrivateKeySize {
		return errors.New("sign the bundle: the key is no private key of Ed25519")
	}
	b, err := whole(dir)
	if err != nil {
		return fmt.Errorf("sign the bundle: %w", err)
	}
	text := fmt.Sprintf("ed25519 %x\n%x\n", key.Public(), ed25519.Sign(key, signedText(b.text)))
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return fmt.Errorf("sign the bundle: %w", err)
	}
	defer root.Close()
	return replace(root, signatureName, []byte(text))
}

// Verify says whether the folder is as whoever holds the key signed it. The error names
// what is not.
func Verify(dir string, key ed25519.PublicKey) error {
	b, err := whole(dir)
	if err != nil {
		return fmt.Errorf("verify the bundle: %w", err)
	}
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return fmt.Errorf("verify the bundle: %w", err)
	}
	defer root.Close()
	signer, err := signedBy(root, b.text)
	if err != nil {
		return fmt.Errorf("verify the bundle: %w", err)
	}
	if !signer.Equal(key) {
		return fmt.Errorf("verify the bundle: it was signed with the key %x, and not with %x", []byte(signer), []byte(key))
	}
	return nil
}

// whole opens a folder that is ended and as it was sealed.
func whole(dir string) (*Bundle, error) {
	b, err := Open(dir)
	if err != nil {
		return nil, err
	}
	lines, err := b.Check()
	if err != nil {
		return nil, err
	}
	if b.Manifest.State == lab.Running || len(lines) > 0 {
		const most = 5
		if more := len(lines) - most; more > 0 {
			lines = append(lines[:most:most], fmt.Sprintf("and %d more", more))
		}
		return nil, fmt.Errorf("it is not as it was sealed: %s", strings.Join(lines, "; "))
	}
	return b, nil
}

// signedBy is the key that a manifest is signed with, whoever holds it.
func signedBy(root *os.Root, manifest []byte) (ed25519.PublicKey, error) {
	text, err := readFile(root, signatureName, 4096)
	if err != nil {
		return nil, err
	}
	first, second, _ := strings.Cut(string(text), "\n")
	key, err := hex.DecodeString(strings.TrimPrefix(first, "ed25519 "))
	signature, err2 := hex.DecodeString(strings.TrimSuffix(second, "\n"))
	if err != nil || err2 != nil || len(key) != ed25519.PublicKeySize || len(signature) != ed25519.SignatureSize ||
		fmt.Sprintf("ed25519 %x\n%x\n", key, signature) != string(text) {
		return nil, fmt.Errorf("%s: is no signature", signatureName)
	}
	if !ed25519.Verify(key, signedText(manifest), signature) {
		return nil, fmt.Errorf("%s: does not fit the manifest", signatureName)
	}
	return key, nil
}
