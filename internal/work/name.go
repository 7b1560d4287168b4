package work

import "fmt"

// CheckName reports what is wrong with the name of a queue or container; kind
// says which. The rule is Azure's, for all stores, so that work can move between
// them: 3 to 63 lower-case letters, digits and single hyphens, with a letter or
// digit at both ends.
func CheckName(kind, name string) error {
	if len(name) < 3 || len(name) > 63 {
		return fmt.Errorf("%s name %q has %d characters\nhint: 3 to 63 lower-case letters, digits and hyphens", kind, name, len(name))
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '-':
		default:
			return fmt.Errorf("%s name %q has %q at %d\nhint: lower-case letters, digits and single hyphens, with a letter or digit at both ends", kind, name, c, i+1)
		}
	}
	return nil
}
