package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

type bench struct {
	settings
	stage   *rig.Stage
	program string
	dir     string // of the store
	names   []string
	known   map[string]payload
	bytes   int64
}

type payload struct {
	size   int64
	digest string
}

// fill makes the store with its blobs, in an order that the seed decides.
func (b *bench) fill(ctx context.Context) (err error) {
	if b.dir, err = b.stage.Scratch("store"); err != nil {
		return err
	}
	store, err := file.Open(b.dir, file.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	random := rand.New(rand.NewPCG(b.seed, 1))
	b.known = map[string]payload{}
	smallest := math.Log(1e6)
	for i := range b.blobs {
		size := int64(math.Exp(smallest + random.Float64()*(math.Log(float64(b.most))-smallest)))
		if i == 0 {
			size = b.most // one that is as large as it gets is among them
		}
		name, sum := fmt.Sprintf("%03d", i), sha256.New()
		var seed [32]byte
		seed[0], seed[1] = byte(i), byte(b.seed)
		body := io.TeeReader(io.LimitReader(rand.NewChaCha8(seed), size), sum)
		if _, err := store.Blobs().Put(ctx, blob.Name{Container: "payloads", Path: name}, blob.Head{}, body, blob.Want{}); err != nil {
			return err
		}
		b.known[name], b.bytes = payload{size, hex.EncodeToString(sum.Sum(nil))}, b.bytes+size
		b.names = append(b.names, name)
	}
	random.Shuffle(len(b.names), func(i, j int) { b.names[i], b.names[j] = b.names[j], b.names[i] })
	return nil
}

// warm reads all blobs, so that the first run finds what the others do. The files of
// the database are left alone: to close one drops the locks that this process has.
func (b *bench) warm() error {
	return filepath.WalkDir(b.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) != "payloads" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	})
}

// middle is the size that parts the smaller half from the larger.
func (b *bench) middle() int64 {
	var sizes []int64
	for _, p := range b.known {
		sizes = append(sizes, p.size)
	}
	slices.Sort(sizes)
	return sizes[len(sizes)/2]
}
