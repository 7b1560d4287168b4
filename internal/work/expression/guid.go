package expression

import (
	"fmt"
	"strings"
)

func soundGUIDFormat(format string) bool {
	return len(format) <= 1 && strings.Contains("NDBPX", strings.ToUpper(format))
}

// formatGUID prints a GUID in one of .NET's formats; D is the usual one.
func formatGUID(id [16]byte, format string) string {
	dashed := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	switch strings.ToUpper(format) {
	case "N":
		return fmt.Sprintf("%x", id[:])
	case "B":
		return "{" + dashed + "}"
	case "P":
		return "(" + dashed + ")"
	case "X":
		var last []string
		for _, b := range id[8:] {
			last = append(last, fmt.Sprintf("0x%02x", b))
		}
		return fmt.Sprintf("{0x%x,0x%x,0x%x,{%s}}", id[:4], id[4:6], id[6:8], strings.Join(last, ","))
	default:
		return dashed
	}
}
