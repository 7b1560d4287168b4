package room

// Cost is what invocations of one function take of a worker's memory, learnt
// from the payloads that it was given and the growth that was measured. It
// errs upwards: one dear invocation raises it at once, cheap ones lower it
// slowly. The zero value knows nothing and takes every invocation for free; use
// [NewCost]. It is not safe for concurrent use.
type Cost struct {
	factor float64 // bytes for each byte of payload
	sure   float64 // the same, from invocations that were not blamed for others
	fixed  float64 // bytes whatever the payload
	seen   int     // measurements
	proven int64   // the largest payload that was measured by itself
}

// How payloads reach a worker, and what each way costs it at first sight, in
// bytes for each byte of payload: measured with one payload of 128 MiB and the
// workers named (docs/decisions/work.md). A function's own figure replaces it.
const (
	StreamedFactor = 0.1 // read from a local endpoint in pieces
	SharedFactor   = 2.0 // Azure's Python worker, shared-memory transfer
	GRPCFactor     = 4.5 // Azure's Python worker, bytes in the message
	EncodedFactor  = 8.0 // base64 in JSON, as Node takes it
)

// fixedAtFirst is what an invocation takes at first sight besides its payload.
const fixedAtFirst = 1 << 20

// small is up to which payload a measurement says something about the fixed
// part; what is larger tells of the factor.
const small = 64 << 10

// lower is how far a cheap invocation that was alone draws the estimate down.
const lower = 0.1

// alike is how many times larger than the largest proven one a payload may be that
// is trusted to be as dear.
const alike = 4

// sureFrom is from which part of all that was reserved a measurement is an
// invocation's own.
const sureFrom = 0.5

// margin is what an estimate is above what was learnt, for what a gauge that
// looks now and then does not see.
const margin = 1.1

// NewCost begins with a factor from the list above. It is a guess, for which a
// payload may wait until it is alone, and for which none is given up: sure is only
// that a payload which is not streamed takes its own size.
func NewCost(factor float64) *Cost {
	return &Cost{factor: factor, sure: min(factor, 1), fixed: fixedAtFirst}
}

// Of is how many bytes an invocation with a payload of so many bytes may take.
func (c *Cost) Of(payload int64) int64 {
	return int64(margin * (c.fixed + c.factor*float64(max(payload, 0))))
}

// careful is what is reserved for a payload that is much larger than all that were
// proven: the whole of it at least. A function that reads a stream in pieces and one
// that reads it all look the same until then.
func (c *Cost) careful(payload int64) int64 {
	if payload <= alike*c.proven {
		return c.Of(payload)
	}
	return max(c.Of(payload), int64(margin*(c.fixed+float64(payload))))
}

// least is what an invocation takes by what is sure. What others were blamed for may
// make it wait until it is alone; it is no reason to give it up.
func (c *Cost) least(payload int64) int64 {
	return int64(margin * (c.fixed + c.sure*float64(max(payload, 0))))
}

// likely is what an invocation takes by what is sure of the function, and by the
// first factor as long as nothing is.
func (c *Cost) likely(payload int64) int64 {
	if c.proven > 0 {
		return c.least(payload)
	}
	return c.Of(payload)
}

// Learn takes in that an invocation with this payload made the worker grow by so
// many bytes at its highest. certain says how sure that is, from 0 to 1: the part
// that it had of all that was reserved then. One among many is blamed for what is
// dear, in proportion, but a cheap one may only have been seen at another's height.
func (c *Cost) Learn(payload, grown int64, certain float64) {
	c.seen++
	measured, down := float64(max(grown, 0)), lower*certain*certain
	if payload <= small {
		c.fixed = drawn(c.fixed, measured, down)
		return
	}
	own := max(measured-c.fixed, 0) / float64(payload)
	if certain >= sureFrom {
		c.sure = drawn(c.sure, own, down)
		c.proven = max(c.proven, payload)
	} else {
		// How often its own share it took is what all took of theirs: of a small payload
		// the fixed part would make a factor that is nobody's.
		share := measured / (c.fixed + max(c.factor, 1)*float64(payload))
		own = min(own, share*max(c.factor, 1))
	}
	c.factor = drawn(c.factor, own, down)
}

func drawn(present, measured, down float64) float64 {
	if measured > present {
		return measured
	}
	return present + down*(measured-present)
}

// Factor and Fixed are what was learnt, in bytes for each byte of payload and in
// bytes; Seen is from how many invocations.
func (c *Cost) Factor() float64 { return c.factor }

// Fixed is the part that no payload changes, in bytes.
func (c *Cost) Fixed() int64 { return int64(c.fixed) }

// Seen is how many invocations were measured.
func (c *Cost) Seen() int { return c.seen }
