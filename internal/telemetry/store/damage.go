package store

import (
	"fmt"
	"path/filepath"
	"slices"
)

// maxDamage is how many places are told one by one.
const maxDamage = 1000

// Damage is something that could not be read and was left out.
type Damage struct {
	File   string
	Offset int64
	Bytes  int64
	Reason string
}

func (d Damage) String() string {
	return fmt.Sprintf("%s: %d bytes at %d were left out: %s", d.File, d.Bytes, d.Offset, d.Reason)
}

// Damage is what was left out so far. Beyond a thousand places, the last entry
// stands for all the others.
func (d *Dir) Damage() []Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Clone(d.damage)
	if d.more.Bytes > 0 {
		all = append(all, d.more)
	}
	return all
}

func (d *Dir) damaged(file string, offset, bytes int64, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := Damage{filepath.Base(file), offset, bytes, reason}
	switch {
	case slices.Contains(d.damage, found): // by another scan
	case len(d.damage) < maxDamage:
		d.damage = append(d.damage, found)
	default:
		d.more = Damage{found.File, offset, d.more.Bytes + bytes, "there are more such places than are told; this is the last of them, with the bytes of all"}
	}
}
