package export

import "encoding/binary"

// thrift writes structs in Thrift's compact protocol, in which Parquet keeps its
// headers: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type thrift struct {
	buf  []byte
	last int // the number of the struct's last field
}

// The protocol's types.
const (
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) field(id, kind int) {
	t.buf = append(t.buf, byte((id-t.last)<<4|kind))
	t.last = id
}

func (t *thrift) integer(n int64) { t.buf = binary.AppendUvarint(t.buf, uint64(n<<1)^uint64(n>>63)) }

func (t *thrift) text(s string) { t.buf = append(binary.AppendUvarint(t.buf, uint64(len(s))), s...) }

func (t *thrift) i32(id int, n int64) { t.field(id, thriftI32); t.integer(n) }

func (t *thrift) i64(id int, n int64) { t.field(id, thriftI64); t.integer(n) }

func (t *thrift) string(id int, s string) { t.field(id, thriftBinary); t.text(s) }

// list begins a list; its elements follow.
func (t *thrift) list(id, kind, n int) {
	t.field(id, thriftList)
	if n < 15 {
		t.buf = append(t.buf, byte(n<<4|kind))
		return
	}
	t.buf = binary.AppendUvarint(append(t.buf, byte(0xf0|kind)), uint64(n))
}

// nested writes a struct, as a field or, with the id 0, as an element.
func (t *thrift) nested(id int, fields func()) {
	if id > 0 {
		t.field(id, thriftStruct)
	}
	outer := t.last
	t.last = 0
	fields()
	t.buf = append(t.buf, 0)
	t.last = outer
}

// pageHeader is the header of a data page.
func pageHeader(values, raw, packed int) []byte {
	var t thrift
	t.nested(0, func() {
		t.i32(1, 0) // DATA_PAGE
		t.i32(2, int64(raw))
		t.i32(3, int64(packed))
		t.nested(5, func() {
			t.i32(1, int64(values))
			t.i32(2, encodingPlain)
			t.i32(3, encodingRLE)
			t.i32(4, encodingRLE)
		})
	})
	return t.buf
}

// footer is the file's metadata.
func (p *parquet) footer() []byte {
	var t thrift
	t.nested(0, func() {
		t.i32(1, 2)
		t.list(2, thriftStruct, len(p.columns)+1)
		t.nested(0, func() {
			t.string(4, "schema")
			t.i32(5, int64(len(p.columns)))
		})
		for _, c := range p.columns {
			t.nested(0, func() {
				t.i32(1, c.physical)
				t.i32(3, 1) // OPTIONAL
				t.string(4, c.Name)
				if c.converted != convertedNone {
					t.i32(6, c.converted)
				}
			})
		}
		t.i64(3, p.total)
		t.list(4, thriftStruct, len(p.groups))
		for _, g := range p.groups {
			t.nested(0, func() { p.group(&t, g) })
		}
		t.string(6, "stanch")
	})
	return t.buf
}

func (p *parquet) group(t *thrift, g group) {
	size := int64(0)
	t.list(1, thriftStruct, len(p.columns))
	for i, c := range p.columns {
		at := g.chunks[i]
		size += at.raw
		t.nested(0, func() {
			t.i64(2, at.at)
			t.nested(3, func() {
				t.i32(1, c.physical)
				t.list(2, thriftI32, 2)
				t.integer(encodingPlain)
				t.integer(encodingRLE)
				t.list(3, thriftBinary, 1)
				t.text(c.Name)
				t.i32(4, codecZstd)
				t.i64(5, g.rows)
				t.i64(6, at.raw)
				t.i64(7, at.packed)
				t.i64(9, at.at)
			})
		})
	}
	t.i64(2, size)
	t.i64(3, g.rows)
}
