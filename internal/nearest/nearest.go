// Package nearest finds the name that somebody meant who mistyped it, for the hint below an error.
//
// A hint that is far off is worse than none: how many edits are allowed grows
// with the name's length, and a name that is far from all others has no nearest.
// Begin with [To].
package nearest

import "strings"

// To is the name of a list that one was probably meant by: the one with the
// fewest edits, if they are few for its length, and of several the first; empty
// if there is none. Case does not count. Names of over 64 bytes have no nearest.
func To(name string, among []string) string {
	if name == "" {
		return ""
	}
	best, fewest := "", 1+max(1, len(name)/3)
	for _, candidate := range among {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if d := distance(strings.ToLower(name), strings.ToLower(candidate), fewest); d < fewest {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance counts the edits (insert, delete, change, swap of neighbours) that
// lead from a to b, and stops counting at most.
func distance(a, b string, most int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= most || len(a) > 64 || len(b) > 64 {
		return most
	}
	var rows [3][65]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, twoAbove := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], twoAbove[j-2]+1)
			}
		}
	}
	return min(rows[len(a)%3][len(b)], most)
}
