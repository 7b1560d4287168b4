// Package route turns a request's path into the shape of its route, so that rows of one endpoint have one name.
//
// stanch knows no worker's routes, so it goes by looks: a part of a path that
// is a number, an id or a token stands as {id}, one that is a date as {date};
// words stay. Names would otherwise be as many as requests, and could hold what
// is personal. Begin with [Append].
package route

import "bytes"

// longest is how much of a path is looked at, and how many parts.
const (
	longest = 256
	most    = 12
)

// Append appends a path's shape to dst. The path has no query; what is longer
// than 256 bytes or has more than 12 parts ends in "/…".
func Append(dst, path []byte) []byte {
	cut := len(path) > longest
	if cut {
		path = path[:longest]
	}
	for n := 0; len(path) > 0; n++ {
		part := path
		if i := bytes.IndexByte(path[1:], '/'); i >= 0 {
			part, path = path[:i+1], path[i+1:]
		} else {
			path = nil
		}
		if n == most || cut && path == nil {
			return append(dst, "/…"...)
		}
		if part[0] != '/' {
			dst = appendPart(dst, part)
			continue
		}
		dst = appendPart(append(dst, '/'), part[1:])
	}
	return dst
}

func appendPart(dst, part []byte) []byte {
	switch kindOf(part) {
	case id:
		return append(dst, "{id}"...)
	case date:
		return append(dst, "{date}"...)
	}
	return append(dst, part...)
}

type kind uint8

const (
	word kind = iota
	id
	date
)

// kindOf goes by the characters that a part has:
//
//	42, 3f2504e0-4f89-41d3-9a0c-0305e82c3301, 01ARZ3NDEKTSV4RRFFQ69G5FAV,
//	ord_8xk2m1q9, a@b.example, %7B…                                    → id
//	2026-04-05                                                         → date
//	v1, api2, orders, oauth2, index.html, a1b2                         → word
func kindOf(part []byte) kind {
	digits, letters, upper, hexes, marks := 0, 0, 0, 0, 0
	turns := 0 // from letters to digits and back: tokens do it often
	var before byte
	for _, c := range part {
		var class byte
		switch {
		case c >= '0' && c <= '9':
			digits++
			hexes++
			class = '0'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
			if c <= 'Z' {
				upper++
			}
			if c|0x20 <= 'f' {
				hexes++
			}
			class = 'a'
		case c == '-' || c == '_' || c == '.':
			class = '-'
		default:
			marks++
			class = '%'
		}
		if before != 0 && class != before && class != '-' && before != '-' {
			turns++
		}
		before = class
	}
	n := len(part)
	switch {
	case n == 0:
		return word
	case bytes.IndexByte(part, '@') > 0, n > 64:
		return id
	case letters == 0 && marks == 0 && digits > 0:
		if n == 10 && part[4] == '-' && part[7] == '-' {
			return date
		}
		return id
	case marks > 0 && digits > 0 && n > 8:
		return id
	case digits > 0 && hexes == digits+letters && n >= 8 && marks == 0:
		return id // hexadecimal, with dashes or without
	case turns >= 3 && digits*4 >= n-marks && n >= 8:
		return id
	case digits > 3 && n >= 16 && turns >= 2:
		return id
	case upper >= 4 && letters-upper >= 2 && digits > 0 && n >= 12:
		return id
	}
	return word
}
