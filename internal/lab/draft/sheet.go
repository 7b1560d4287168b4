package draft

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// sheet is what the templates are filled in with.
type sheet struct {
	Answers
	Place   string // as comments call the folder
	Full    plan
	Small   plan
	Streams []stream
	First   variant
	Second  *variant
	Stores  bool // queues and blobs need one
	Minutes int
	Sizes   bool // something has a size that scale would change

	Effect       bytesize.Size // the smallest that counts
	Plant        bytesize.Size
	SmallPlant   bytesize.Size
	Scale        int // of the small version
	Calm, Danger bytesize.Size
}

// variant is a worker with its name.
type variant struct {
	Name string
	Worker
}

// stream is one source of work.
type stream struct {
	Name     string
	Requests []lab.Request
	Queue    string
	Blob     string
	Size     bytesize.Size
}

// mostMessage is what a queue takes of noise.
const mostMessage = 48 * bytesize.KiB

func (a Answers) streams() (all []stream) {
	if len(a.Requests) > 0 {
		s := stream{Name: "requests"}
		for _, q := range a.Requests {
			switch {
			case q.Method == "GET" || q.Method == "DELETE":
				q.Size = 0
			case q.Size == 0:
				q.Size = a.Payload
			}
			s.Requests = append(s.Requests, q)
		}
		all = append(all, s)
	}
	for i, queue := range a.Queues {
		all = append(all, stream{Name: numbered("messages", i), Queue: queue, Size: min(a.Payload, mostMessage)})
	}
	for i, blob := range a.Blobs {
		size := a.Payload
		if size == 0 {
			size = bytesize.MiB
		}
		all = append(all, stream{Name: numbered("blobs", i), Blob: blob, Size: size})
	}
	return all
}

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i+1)
}

func sheetOf(a Answers) sheet {
	s := sheet{
		Answers: a, Place: "FOLDER", Full: a.planOf(a.Length, false), Small: a.planOf(smallTakes, true),
		Streams: a.streams(), Stores: len(a.Queues)+len(a.Blobs) > 0, Minutes: int(math.Round(a.Length.Minutes())),
		Calm: part(a.Memory, 60), Danger: part(a.Memory, 70), Scale: 1,
	}
	if a.Place != "" && !strings.ContainsFunc(a.Place, func(c rune) bool { return !unicode.IsPrint(c) }) {
		s.Place = a.Place
	}
	for _, one := range s.Streams {
		s.Sizes = s.Sizes || one.Size > 0
		for _, q := range one.Requests {
			s.Sizes = s.Sizes || q.Size > 0
		}
	}
	names := map[Claim][2]string{Leak: {"worker", ""}, OOM: {"now", "fixed"}, Fix: {"before", "after"}, Compare: {"first", "second"}}[a.Claim]
	s.First = variant{names[0], a.Worker}
	if a.Other != nil {
		s.Second = &variant{names[1], *a.Other}
	}
	s.effects()
	return s
}

// effects are the sizes that the planned windows can tell.
func (s *sheet) effects() {
	perCycle := func(p plan, r float64) float64 { return r * (p.Load / cycles).Seconds() }
	full, small := perCycle(s.Full, s.Rate), perCycle(s.Small, s.Rate*hurry)
	switch s.Claim {
	case OOM:
		s.Effect = part(s.Memory, 10)
		s.Plant, s.SmallPlant = s.filling(s.Full), s.filling(s.Small)
		return
	case Compare:
		s.Plant = s.planted(roundUp(s.Full.tells(full)), full)
		s.SmallPlant = s.planted(roundUp(s.Small.tells(small)), small)
		return
	}
	s.Effect = s.Smallest
	if s.Effect == 0 {
		s.Effect = roundUp(s.Full.tells(full))
	}
	s.Plant = s.planted(s.Effect, full)
	for float64(s.Effect)*float64(s.Scale) < 1.1*s.Small.tells(small) && s.Scale < 512 {
		s.Scale *= 2
	}
}

// filling is the size of a leak a second that fills a tenth to a fifth of the limit
// without load: what matters to this claim is of that order. It is more where that could
// not be told.
func (s *sheet) filling(p plan) bytesize.Size {
	least := roundUp(4 * p.slope())
	for float64(least)*p.Still.Seconds() < float64(s.Memory)/10 {
		least *= 2
	}
	return least
}

// planted is the size of a leak that the control has to find: four times an effect, or
// twice, where more would fill the worker's memory.
func (s *sheet) planted(effect bytesize.Size, perCycle float64) bytesize.Size {
	if float64(4*effect)*perCycle*cycles > float64(s.Memory)/8 {
		return 2 * effect
	}
	return 4 * effect
}

// part is a share of the limit, in whole MiB; at least one.
func part(memory bytesize.Size, percent int) bytesize.Size {
	return max(memory*bytesize.Size(percent)/100/bytesize.MiB, 1) * bytesize.MiB
}
