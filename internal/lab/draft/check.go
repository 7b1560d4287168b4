package draft

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

const (
	shortest = 5 * time.Minute
	longest  = 48 * time.Hour
	fastest  = 5000.0 // arrivals a second
	mostKept = 100    // arguments, requests, queues and blobs
	maxText  = 8 << 10
	allText  = 64 << 10 // of commands and paths together: a file has a limit
	mostDue  = 10_000_000
)

// Check says everything that keeps the answers from becoming an experiment. What a path,
// a queue or a container may be called is left to those who read the file.
func (a Answers) Check() error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if !slices.Contains(Claims(), a.Claim) {
		say("there is no claim %q\nhint: leak, oom, fix or compare", a.Claim)
	}
	if (a.Claim == Fix || a.Claim == Compare) && a.Other == nil {
		say("the claim %s is about two workers, and there is one\nhint: give the other command too, or its folder", a.Claim)
	}
	if a.Claim == Leak && a.Other != nil {
		say("the claim leak is about one worker, and there are two\nhint: fix says that the one leaks and the other does not")
	}
	if !IsName(a.Name) {
		say("%q is no name\nhint: small letters, digits and -, with a letter at the front", clipped(a.Name))
	}
	wrong = append(wrong, a.Worker.check("the command")...)
	if a.Other != nil {
		wrong = append(wrong, a.Other.check("the other command")...)
		if slices.Equal(a.Other.Command, a.Worker.Command) && a.Other.Dir == a.Worker.Dir {
			say("both workers are the same\nhint: another command, or another folder")
		}
	}
	switch things := len(a.Requests) + len(a.Queues) + len(a.Blobs); {
	case things == 0:
		say("nothing is asked of the worker\nhint: an endpoint such as GET /orders/{id}, or a queue or blobs of a function app")
	case things > mostKept:
		say("%d endpoints, queues and blobs are more than %d", things, mostKept)
	}
	if (len(a.Queues) > 0 || len(a.Blobs) > 0) && !a.Worker.Functions {
		say("queues and blobs are for function apps, and the worker is none")
	}
	if a.Memory < 16*bytesize.MiB || a.Memory > bytesize.TiB {
		say("a memory limit of %v is not between 16MiB and 1TiB", a.Memory)
	}
	if !(a.Rate >= 0.1 && a.Rate <= fastest) {
		say("a rate of %v/s is not between 0.1 and %v a second", a.Rate, fastest)
	}
	if a.Length < shortest || a.Length > longest {
		say("%v are not between %v and %v\nhint: the small version takes two minutes in any case", a.Length, shortest, longest)
	}
	if total := a.Rate * a.Length.Seconds(); total > mostDue {
		say("%v/s for so long are %.0f requests, and the most is %d\nhint: a lower rate, or less time", a.Rate, total, mostDue)
	}
	if a.Smallest < 0 || a.Payload < 0 || a.Smallest > a.Memory || a.Payload > a.Memory {
		say("the smallest effect and the payload are sizes up to the memory limit")
	}
	if a.textSize() > allText {
		say("the commands and endpoints have more than %d bytes together", allText)
	}
	return errors.Join(wrong...)
}

func (a Answers) textSize() (total int) {
	texts := slices.Concat(a.Worker.Command, a.Queues, a.Blobs)
	if a.Other != nil {
		texts = append(texts, a.Other.Command...)
	}
	for _, q := range a.Requests {
		texts = append(texts, q.Path)
	}
	for _, text := range texts {
		total += len(text)
	}
	return total
}

// check says what keeps a command from being written down and read back the same.
func (w Worker) check(what string) (wrong []error) {
	if len(w.Command) == 0 && !w.Functions {
		wrong = append(wrong, fmt.Errorf("%s is empty", what))
	}
	if len(w.Command) > mostKept {
		wrong = append(wrong, fmt.Errorf("%s has %d words, and the most is %d", what, len(w.Command), mostKept))
	}
	// Words are counted and not quoted, since one may be a secret.
	for i, word := range append([]string{w.Dir}, w.Command...) {
		which := fmt.Sprintf("word %d of %s", i, what)
		if i == 0 {
			which = "the folder for " + what
		}
		switch {
		case !utf8.ValidString(word) || strings.ContainsRune(word, 0) || len(word) > maxText:
			wrong = append(wrong, fmt.Errorf("%s is no text that a file can hold", which))
		case word != strings.TrimSpace(word), word == "" && i > 0:
			wrong = append(wrong, fmt.Errorf("%s is empty or has blanks at its ends, which an experiment's file does not keep\nhint: a script of your own can have them", which))
		}
	}
	return wrong
}

// IsName says whether an experiment may be called so.
func IsName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// NameOf makes a name of a text, such as a folder's; "worker" where nothing is left.
func NameOf(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && b.Len() > 0:
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := b.String()
	if name = strings.Trim(name[:min(len(name), 40)], "-"); name == "" {
		return "worker"
	}
	return name
}

// clipped keeps a long text from filling a message.
func clipped(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}
