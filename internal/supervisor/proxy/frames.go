package proxy

import "encoding/binary"

// frames follows one direction of a WebSocket (RFC 6455, section 5.2), to know
// whether a frame is under way.
type frames struct {
	head [14]byte
	have int    // bytes of head
	left uint64 // bytes of the payload to come
	late bool   // was given more time to end the frame
}

func (f *frames) pass(p []byte) {
	for len(p) > 0 {
		if f.left > 0 {
			n := min(uint64(len(p)), f.left)
			f.left -= n
			p = p[n:]
			continue
		}
		f.head[f.have] = p[0]
		f.have++
		p = p[1:]
		if size, ok := f.payload(); ok {
			f.left, f.have = size, 0
		}
	}
}

// payload returns the payload's length once the frame's head is complete.
func (f *frames) payload() (uint64, bool) {
	if f.have < 2 {
		return 0, false
	}
	need, size := 2, uint64(f.head[1]&0x7f)
	switch size {
	case 126:
		need += 2
	case 127:
		need += 8
	}
	if f.head[1]&0x80 != 0 {
		need += 4
	}
	if f.have < need {
		return 0, false
	}
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		size = binary.BigEndian.Uint64(f.head[2:])
	}
	return size, true
}

// closeFrame is a close frame with status 1001, "going away". A masked one has
// a mask of zeros, which leaves its payload as it is.
func closeFrame(masked bool) []byte {
	if masked {
		return []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9}
	}
	return []byte{0x88, 0x02, 0x03, 0xe9}
}
