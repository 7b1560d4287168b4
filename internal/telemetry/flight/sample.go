package flight

import (
	"math"
	"sync"
	"time"
)

// samples are two rings: all of the last seconds, and the highest of each of
// the last 600 seconds. A sample in both has one number, by which the reader
// knows it.
type samples struct {
	mu     sync.Mutex
	number int64 // of the last; from 1

	second int64 // of the last thin sample, by the boot clock
	thin   int   // its place
	most   int64 // its Used
}

// Sample records one look at the memory. A zero At is now.
func (r *Recorder) Sample(s Sample) {
	if s.At.IsZero() {
		s.At = time.Now()
	}
	m := &r.samples
	m.mu.Lock()
	defer m.mu.Unlock()
	r.clock.adjust()
	boot := r.clock.at(s.At)
	m.number++
	r.writeSample(denseAt+int((m.number-1)%denseCount)*sampleSize, m.number, boot, &s)

	switch second := boot / int64(time.Second); {
	case m.number == 1 || second > m.second:
		if m.number > 1 {
			m.thin = (m.thin + 1) % thinCount
		}
		m.second, m.most = second, s.Used
	case s.Used > m.most:
		m.most = s.Used
	default:
		return
	}
	r.writeSample(thinAt+m.thin*sampleSize, m.number, boot, &s)
}

func (r *Recorder) writeSample(at int, number, boot int64, s *Sample) {
	b := r.mem[at : at+sampleSize]
	put64(b, number)
	put64(b[8:], s.At.UnixNano())
	put64(b[16:], boot)
	put64(b[24:], s.Used)
	put64(b[32:], s.Limit)
	put64(b[40:], s.Container)
	put64(b[48:], s.Self)
	put64(b[56:], int64(s.SomeTotal))
	put64(b[64:], int64(s.FullTotal))
	put64(b[72:], s.OOMKills)
	native.PutUint32(b[80:], uint32(min(max(s.InFlight, 0), math.MaxInt32)))
	native.PutUint32(b[84:], uint32(min(max(s.Queue, 0), 0xffffff))|uint32(s.Band)<<24)
	native.PutUint32(b[88:], 0)
	native.PutUint32(b[92:], sum(r.seed, b[:92]))
}

// sampleStamp is false if the record is torn.
func sampleStamp(seed uint32, b []byte) (stamp, bool) {
	return stamp{number: get64(b), wall: get64(b[8:]), boot: get64(b[16:])}, native.Uint32(b[92:]) == sum(seed, b[:92])
}

func readSample(b []byte, at time.Time) Sample {
	last := native.Uint32(b[84:])
	return Sample{
		At: at, Used: get64(b[24:]), Limit: get64(b[32:]), Container: get64(b[40:]), Self: get64(b[48:]),
		SomeTotal: time.Duration(get64(b[56:])), FullTotal: time.Duration(get64(b[64:])), OOMKills: get64(b[72:]),
		InFlight: int(native.Uint32(b[80:])), Queue: int(last & 0xffffff), Band: uint8(last >> 24),
	}
}
