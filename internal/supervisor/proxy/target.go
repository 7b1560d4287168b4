package proxy

// checkTarget takes the four forms of RFC 9112, section 3.2, apart.
func (r *request) checkTarget(b []byte) error {
	t := r.target.of(b)
	for _, c := range t {
		if c <= ' ' || c == 0x7f || c == '#' {
			return errTarget
		}
	}
	method := string(r.method.of(b))
	switch {
	case method == "CONNECT":
		return errConnect
	case t[0] == '/':
		return nil
	case len(t) == 1 && t[0] == '*':
		if method != "OPTIONS" {
			return errTarget
		}
		return nil
	}
	scheme := 0
	switch {
	case len(t) > 7 && equalFold(t[:7], "http://"):
		scheme = 7
	case len(t) > 8 && equalFold(t[:8], "https://"):
		scheme = 8
	default:
		return errTarget
	}
	end := scheme
	for end < len(t) && t[end] != '/' && t[end] != '?' {
		end++
	}
	// A target of "http://host?q" has no path to send on, and nobody sends it.
	if end == scheme || end < len(t) && t[end] == '?' || !validHost(t[scheme:end]) {
		return errTarget
	}
	r.host = span{r.target.from + uint32(scheme), r.target.from + uint32(end)}
	r.absHost = true
	r.target.from += uint32(end)
	return nil
}

// validHost accepts what a Host header may hold (RFC 3986 host and port, with
// no user), which may be empty.
func validHost(h []byte) bool {
	for _, c := range h {
		if !hostTable[c] {
			return false
		}
	}
	return true
}

var hostTable = func() [256]bool {
	t := tokenTable
	// "#" and "^" and "`" and "|" are token characters that no host has.
	for _, c := range "#^`|" {
		t[c] = false
	}
	for _, c := range ":[]();,=" {
		t[c] = true
	}
	return t
}()
