package export

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// parquet writes Apache Parquet: plain values in pages of zstd, a page a column
// and group of rows, every column optional. That is the least of the format, and
// every reader takes it; the library that writes all of it would make the
// program larger by 8.7 MB. Moments become microseconds since 1970, and lose the
// seventh digit of a second; guids, decimals and spans become text, dynamics JSON.
//
// The format: https://github.com/apache/parquet-format, README.md, Encodings.md
// and parquet.thrift, version 2.10.
type parquet struct {
	out     io.Writer
	zstd    *zstd.Encoder
	columns []chunk
	rows    int // of the group
	size    int // of the group's values
	total   int64
	at      int64 // bytes written
	groups  []group
	page    []byte
	packed  []byte
}

// A group is written when it has so many rows or bytes.
const (
	mostGroupRows  = 128 << 10
	mostGroupBytes = 32 << 20
)

// The numbers that the format gives to types, conversions, encodings and codecs.
const (
	typeBoolean, typeInt32, typeInt64, typeDouble, typeByteArray = 0, 1, 2, 5, 6
	convertedNone, convertedUTF8, convertedMicros, convertedJSON = -1, 0, 10, 19
	encodingPlain, encodingRLE                                   = 0, 3
	codecZstd                                                    = 6
)

// chunk is a column's values of the group that is gathered.
type chunk struct {
	schema.Column
	physical, converted int64
	values              []byte
	levels              []byte // runs of present and absent values
	run                 uint64
	present             bool // what the run is of
	bits                int  // of the last byte, for booleans
}

// group is what the footer tells of a group that was written.
type group struct {
	rows   int64
	chunks []place
}

type place struct{ at, raw, packed int64 }

func newParquet(out io.Writer, t schema.Table) *parquet {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic("parquet: the options of zstd are wrong: " + err.Error())
	}
	p := &parquet{out: out, zstd: z}
	for _, c := range t.Columns {
		one := chunk{Column: c, physical: typeByteArray, converted: convertedUTF8}
		switch c.Type {
		case schema.Bool:
			one.physical, one.converted = typeBoolean, convertedNone
		case schema.Int:
			one.physical, one.converted = typeInt32, convertedNone
		case schema.Long:
			one.physical, one.converted = typeInt64, convertedNone
		case schema.Real:
			one.physical, one.converted = typeDouble, convertedNone
		case schema.Datetime:
			one.physical, one.converted = typeInt64, convertedMicros
		case schema.Dynamic:
			one.converted = convertedJSON
		}
		p.columns = append(p.columns, one)
	}
	return p
}

func (p *parquet) row(row []value.Value) error {
	if p.at == 0 {
		if err := p.write([]byte("PAR1")); err != nil {
			return err
		}
	}
	for i := range p.columns {
		before := len(p.columns[i].values)
		p.columns[i].add(row[i])
		p.size += len(p.columns[i].values) - before
	}
	if p.rows++; p.rows >= mostGroupRows || p.size >= mostGroupBytes {
		return p.flush()
	}
	return nil
}

func (c *chunk) add(v value.Value) {
	present := !v.IsNull()
	if present != c.present && c.run > 0 {
		c.endRun()
	}
	c.present = present
	c.run++
	if !present {
		return
	}
	switch c.physical {
	case typeBoolean:
		if c.bits%8 == 0 {
			c.values = append(c.values, 0)
		}
		if v.Bool() {
			c.values[len(c.values)-1] |= 1 << (c.bits % 8)
		}
		c.bits++
	case typeInt32:
		c.values = binary.LittleEndian.AppendUint32(c.values, uint32(v.Long()))
	case typeInt64:
		n := v.Long()
		if c.converted == convertedMicros {
			n = (n - value.Epoch) / value.Microsecond
		}
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(n))
	case typeDouble:
		c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(v.Real()))
	default:
		from := len(c.values)
		c.values = append(c.values, 0, 0, 0, 0)
		if c.converted == convertedJSON {
			c.values = v.AppendJSON(c.values)
		} else {
			c.values = v.AppendText(c.values)
		}
		binary.LittleEndian.PutUint32(c.values[from:], uint32(len(c.values)-from-4))
	}
}

// endRun writes a run of levels, as the format's hybrid of runs and bits has it.
func (c *chunk) endRun() {
	level := byte(0)
	if c.present {
		level = 1
	}
	c.levels = append(binary.AppendUvarint(c.levels, c.run<<1), level)
	c.run = 0
}

// flush writes the group.
func (p *parquet) flush() error {
	if p.rows == 0 {
		return nil
	}
	g := group{rows: int64(p.rows)}
	for i := range p.columns {
		c := &p.columns[i]
		c.endRun()
		p.page = binary.LittleEndian.AppendUint32(p.page[:0], uint32(len(c.levels)))
		p.page = append(append(p.page, c.levels...), c.values...)
		p.packed = p.zstd.EncodeAll(p.page, p.packed[:0])
		header := pageHeader(p.rows, len(p.page), len(p.packed))
		g.chunks = append(g.chunks, place{p.at, int64(len(header) + len(p.page)), int64(len(header) + len(p.packed))})
		if err := p.write(header); err != nil {
			return err
		}
		if err := p.write(p.packed); err != nil {
			return err
		}
		c.values, c.levels, c.bits, c.run = c.values[:0], c.levels[:0], 0, 0
	}
	p.groups = append(p.groups, g)
	p.total += g.rows
	p.rows, p.size = 0, 0
	return nil
}

func (p *parquet) write(b []byte) error {
	n, err := p.out.Write(b)
	p.at += int64(n)
	return err
}

func (p *parquet) end() error {
	if err := p.flush(); err != nil {
		return err
	}
	footer := p.footer()
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return p.write(append(footer, "PAR1"...))
}
