package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// tampering is one trick played on one bundle.
type tampering struct {
	Kind   string `json:"kind"`
	Bundle string `json:"bundle"`
	What   string `json:"what"`
	Caught bool   `json:"caught"`
	Said   string `json:"said"`   // by verify
	Signed bool   `json:"signed"` // caught, where the bundle has to be signed
}

// mostBundles is how many bundles a trick is tried on: some have one run alone, or a worker
// that said nothing.
const mostBundles = 50

// tamperAll plays tricks on copies of the bundles, drawn by the seed, each kind in turn.
func (p programs) tamperAll(ctx context.Context, root string, trials []trial, tricks []trick, n int, seed uint64) ([]tampering, error) {
	var bundles []string
	for _, t := range trials {
		if t.Verified {
			bundles = append(bundles, t.bundle)
		}
	}
	if len(bundles) == 0 || n == 0 {
		return nil, nil
	}
	all, errs := make([]tampering, n), make([]error, n)
	next := make(chan int)
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for i := range next {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				for range mostBundles { // until the trick finds something to edit
					all[i], errs[i] = p.tamper(ctx, root, bundles[r.IntN(len(bundles))], &tricks[i%len(tricks)], r)
					if !errors.Is(errs[i], errNothing) {
						break
					}
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// tamper plays a trick on a copy of a bundle, and lets verify look at it.
func (p programs) tamper(ctx context.Context, root, bundle string, trick *trick, r *rand.Rand) (tampering, error) {
	t := tampering{Kind: trick.kind, Bundle: filepath.Base(bundle)}
	aside, err := os.MkdirTemp(root, "tampered-")
	if err != nil {
		return t, fmt.Errorf("tamper: %w", err)
	}
	defer os.RemoveAll(aside)
	dir := filepath.Join(aside, t.Bundle)
	if err := os.CopyFS(dir, os.DirFS(bundle)); err != nil {
		return t, fmt.Errorf("copy %s: %w", t.Bundle, err)
	}
	// Nobody has to sign, and so it is tried without: what is caught is caught by the sums,
	// or by making anew what follows.
	signature, err := os.ReadFile(filepath.Join(dir, signed))
	if err == nil {
		err = os.Remove(filepath.Join(dir, signed))
	}
	if err != nil {
		return t, fmt.Errorf("take the signature off %s: %w", t.Bundle, err)
	}
	if trick.seal {
		if err := forgeable(dir); err != nil {
			return t, err
		}
	}
	if t.What, err = trick.do(dir, r); err != nil {
		return t, fmt.Errorf("%s of %s: %w", t.Kind, t.Bundle, err)
	}
	if trick.seal {
		if err := reseal(dir); err != nil {
			return t, err
		}
	}
	code, said, err := p.ask(ctx, "", "lab", "verify", dir)
	if err != nil {
		return t, err
	}
	t.Caught, t.Said = code != 0, said
	if err := os.WriteFile(filepath.Join(dir, signed), signature, 0o644); err != nil {
		return t, fmt.Errorf("put the signature back: %w", err)
	}
	code, _, err = p.ask(ctx, "", "lab", "verify", "--key", p.keys.public, dir)
	t.Signed = code != 0
	return t, err
}

// tellTampered prints a line for each kind, and what was not caught without a signature.
// It gives how many were, without one and with one.
func tellTampered(title string, all []tampering) (caught, signed int) {
	fmt.Printf("\n%-50s %-9s %s\n", title, "caught", "with a signature")
	var kinds []string
	right, held, of := map[string]int{}, map[string]int{}, map[string]int{}
	var missed []string
	for _, t := range all {
		if of[t.Kind] == 0 {
			kinds = append(kinds, t.Kind)
		}
		of[t.Kind]++
		if t.Signed {
			held[t.Kind]++
			signed++
		}
		if t.Caught {
			right[t.Kind]++
			caught++
		} else {
			missed = append(missed, fmt.Sprintf("  not caught: %s: %s of %s", t.Kind, t.What, t.Bundle))
		}
	}
	for _, kind := range kinds {
		fmt.Printf("%-50s %-9s %d of %d\n", kind, fmt.Sprintf("%d of %d", right[kind], of[kind]), held[kind], of[kind])
	}
	fmt.Printf("%-50s %-9s %d of %d\n%s", "all", fmt.Sprintf("%d of %d", caught, len(all)), signed, len(all), strings.Join(append(missed, ""), "\n"))
	return caught, signed
}
