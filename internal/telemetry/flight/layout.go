package flight

import (
	"encoding/binary"
	"hash/crc32"
)

// The file, from its start. All numbers are in the machine's byte order: the
// reader runs where the writer ran.
//
//	header   one page: who wrote it, when, and whether it was closed
//	dense    every sample, for seconds to minutes
//	thin     one sample a second, that with most memory in use, for ten minutes
//	notes    events
//	slots    requests in flight, each connection has its own
//	lines    output, records of varying length
const (
	magic   = "STANCHFR"
	version = 1

	headerSize = 4096
	sampleSize = 96
	noteSize   = 384
	slotSize   = 128

	denseCount = 4096
	thinCount  = 600
	noteCount  = 512
	slotCount  = 4096

	denseAt  = headerSize
	thinAt   = denseAt + denseCount*sampleSize
	notesAt  = thinAt + thinCount*sampleSize
	slotsAt  = notesAt + noteCount*noteSize
	linesAt  = slotsAt + slotCount*slotSize
	linesLen = 128 << 10
	fileSize = (linesAt + linesLen + 4095) &^ 4095
)

// The header's fields. Magic, version and the mark of a clean end keep their
// places in all versions.
const (
	headVersion = 8
	headClean   = 12 // outside of the checksum: it is set at the end
	headSum     = 16
	headSeed    = 20
	headPID     = 24
	headWall    = 32
	headBoot    = 40
	headEnd     = 48
)

// castagnoli has an instruction of its own on x86 and ARM.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// native is the machine's byte order.
var native = binary.NativeEndian

func put64(b []byte, v int64) { native.PutUint64(b, uint64(v)) }

func get64(b []byte) int64 { return int64(native.Uint64(b)) }

// sum is the checksum of a record. The
// seed is the run's own, so that no record of an earlier run passes for one of
// this.
func sum(seed uint32, b []byte) uint32 { return crc32.Update(seed, castagnoli, b) }
