package record

// Drain makes rows of what waits, as the goroutine does.
func (r *Recorder) Drain() { r.drain() }
