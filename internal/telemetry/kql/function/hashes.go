package function

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// hashes are the functions that make a number, or digits, of a value. hash is
// xxHash64 of a text's bytes or of a datetime's ticks, the others are of the bytes
// of a text or of what a datetime is written as: so it follows from Kusto's
// documented results. Types that no result is documented for are refused.
func hashes() []Func {
	return []Func{
		{Name: "hash", Args: []string{"string", "string, integer", "datetime", "datetime, integer"}, Type: schema.Long, Make: ofScalar(hash)},
		{Name: "hash_xxhash64", Args: []string{"string", "string, integer", "datetime", "datetime, integer"}, Type: schema.Long, Make: ofScalar(hash)},
		{Name: "hash_sha256", Args: []string{"string", "datetime"}, Type: schema.String, Make: ofScalar(text1(func(s string) string { d := sha256.Sum256([]byte(s)); return hex.EncodeToString(d[:]) }))},
		{Name: "hash_sha1", Args: []string{"string", "datetime"}, Type: schema.String, Make: ofScalar(text1(func(s string) string { d := sha1.Sum([]byte(s)); return hex.EncodeToString(d[:]) }))},
		{Name: "hash_md5", Args: []string{"string", "datetime"}, Type: schema.String, Make: ofScalar(text1(func(s string) string { d := md5.Sum([]byte(s)); return hex.EncodeToString(d[:]) }))},
	}
}

// ofScalar refuses a dynamic, which a text would stand for otherwise.
func ofScalar(eval Eval) func([]Arg) (Eval, error) {
	return func(described []Arg) (Eval, error) {
		if described[0].Type == schema.Dynamic {
			return nil, errors.New("it takes no dynamic; convert it, such as with tostring(…)")
		}
		return eval, nil
	}
}

func hash(args []value.Value) value.Value {
	var b []byte
	if args[0].Kind() == value.KindString {
		b = []byte(args[0].Str())
	} else {
		b = binary.LittleEndian.AppendUint64(nil, uint64(args[0].Long()))
	}
	h := int64(xxHash64(b))
	if len(args) > 1 {
		mod := args[1].Long()
		if mod <= 0 {
			return value.Null
		}
		if h %= mod; h < 0 {
			h += mod
		}
	}
	return value.Long(h)
}

// The primes of xxHash64 (Yann Collet's specification).
const (
	prime1 uint64 = 11400714785074694791
	prime2 uint64 = 14029467366897019727
	prime3 uint64 = 1609587929392839161
	prime4 uint64 = 9650029242287828579
	prime5 uint64 = 2870177450012600261
)

func xxHash64(b []byte) uint64 {
	n := uint64(len(b))
	var h uint64
	if len(b) >= 32 {
		p1, p2 := prime1, prime2
		v := [4]uint64{p1 + p2, p2, 0, -p1}
		for ; len(b) >= 32; b = b[32:] {
			for i := range v {
				v[i] = xxRound(v[i], binary.LittleEndian.Uint64(b[8*i:]))
			}
		}
		h = bits.RotateLeft64(v[0], 1) + bits.RotateLeft64(v[1], 7) + bits.RotateLeft64(v[2], 12) + bits.RotateLeft64(v[3], 18)
		for _, x := range v {
			h = (h^xxRound(0, x))*prime1 + prime4
		}
	} else {
		h = prime5
	}
	h += n
	for ; len(b) >= 8; b = b[8:] {
		h = bits.RotateLeft64(h^xxRound(0, binary.LittleEndian.Uint64(b)), 27)*prime1 + prime4
	}
	if len(b) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(b))*prime1, 23)*prime2 + prime3
		b = b[4:]
	}
	for _, c := range b {
		h = bits.RotateLeft64(h^uint64(c)*prime5, 11) * prime1
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

func xxRound(acc, input uint64) uint64 {
	return bits.RotateLeft64(acc+input*prime2, 31) * prime1
}
