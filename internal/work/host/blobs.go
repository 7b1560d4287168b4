package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/scan"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// BlobQueue is the queue through which the blobs pass that trigger a function.
// Names of queues are short, and functions may have any.
func BlobQueue(app, function string) string {
	sum := sha256.Sum256([]byte(app + "/" + function))
	return "stanch-blobs-" + hex.EncodeToString(sum[:8])
}

// onBlobs has a function called for each version of a blob.
func (h *Host) onBlobs(f *function) error {
	pattern, name := f.def.Trigger.Pattern, BlobQueue(h.cfg.App, f.def.Name)
	f.scanner = scan.New(scan.Config{
		Function: h.cfg.App + "." + f.def.Name, Container: pattern.Container(), Prefix: pattern.Prefix(),
		Match: func(path string) bool { _, ok := pattern.Match(path); return ok },
		Queue: name, Overlap: time.Minute, Stale: time.Minute,
	}, f.stores.Blobs, f.stores.Ledger, f.stores.Queues)
	b := f.bounds.Blobs
	if err := h.listen(f, name, listen.Policy{
		Batch: b.BatchSize, Refill: b.NewBatchThreshold, Hold: h.cfg.Hold, MaxDeliveries: int64(b.PoisonThreshold),
		MaxKills: maxKills, IdleMax: 2 * time.Second,
	}, func(ctx context.Context, m *queue.Message) (*call, *listen.Verdict) { return h.blobCall(ctx, f, m) }); err != nil {
		return err
	}
	listening := f.start
	f.start = func(ctx, grace context.Context) {
		if !f.def.Trigger.EventGrid {
			h.running.Go(func() { h.scan(ctx, f) })
			h.running.Go(func() { h.watch(ctx, f) })
		}
		listening(ctx, grace)
	}
	return nil
}

// scan lists the container again and again.
func (h *Host) scan(ctx context.Context, f *function) {
	down := false
	for tries := 0; ; {
		found, err := f.scanner.Pass(ctx)
		if ctx.Err() != nil {
			return
		}
		if found.New > 0 {
			h.wakers.wake(f.stores.Queues, BlobQueue(h.cfg.App, f.def.Name))
		}
		pause := h.cfg.ScanEvery
		if err != nil {
			tries++
			pause = max(pause, backoff(tries))
		} else {
			tries = 0
		}
		if down != (err != nil) {
			down = err != nil
			if down {
				h.cfg.Say("Function %s: new blobs can't be looked for: %v", f.def.Name, err)
			} else {
				h.cfg.Say("Function %s: new blobs are looked for again", f.def.Name)
			}
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// watch has the store tell of new blobs, where it can. What it misses is found by
// listing.
func (h *Host) watch(ctx context.Context, f *function) {
	w, ok := f.stores.Blobs.(blob.Watcher)
	if !ok {
		return
	}
	for tries := 0; ; tries++ {
		_ = w.Watch(ctx, f.def.Trigger.Pattern.Container(), func(info blob.Info) {
			tries = 0
			_ = h.offer(ctx, f, info) // told by the next listing, if it lasts
		})
		if !sleep(ctx, backoff(tries)) {
			return
		}
	}
}

func (h *Host) offer(ctx context.Context, f *function, info blob.Info) error {
	put, err := f.scanner.Offer(ctx, info)
	if put {
		h.wakers.wake(f.stores.Queues, BlobQueue(h.cfg.App, f.def.Name))
	}
	return err
}

// Offer tells a blob-triggered function of a new version of a blob: what a webhook
// brings. A blob that it doesn't mean is none of its business, and no error.
func (h *Host) Offer(ctx context.Context, function string, name blob.Name) error {
	f := h.functions[function]
	if f == nil || f.scanner == nil {
		return fmt.Errorf("function %q has no blob trigger: %w", function, work.ErrAbsent)
	}
	info, err := f.stores.Blobs.Stat(ctx, name)
	if errors.Is(err, work.ErrAbsent) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	return h.offer(ctx, f, info)
}

// blobCall is the call for a blob that a message names; without one, what becomes
// of the message.
func (h *Host) blobCall(ctx context.Context, f *function, m *queue.Message) (*call, *listen.Verdict) {
	var e scan.Event
	if err := json.Unmarshal(m.Body, &e); err != nil || e.ContainerName == "" || e.BlobName == "" {
		return nil, &listen.Verdict{Ending: settle.Unreadable, Reason: "the message names no blob"}
	}
	name := blob.Name{Container: e.ContainerName, Path: e.BlobName}
	names, ok := f.def.Trigger.Pattern.Match(name.Path)
	if !ok || name.Check() != nil {
		return nil, &listen.Verdict{Ending: settle.Unreadable, Reason: fmt.Sprintf("the message names blob %q, which the path of %s does not mean", name, f.def.Name)}
	}
	info, err := h.stat(ctx, f, name)
	switch {
	case errors.Is(err, work.ErrAbsent):
		h.cfg.Say("Function %s: blob %s was deleted before its turn came", f.def.Name, name)
		return nil, &listen.Verdict{Ending: settle.Succeeded}
	case err != nil:
		return nil, &listen.Verdict{Ending: settle.Interrupted, Reason: fmt.Sprintf("look at blob %s: %v", name, err)}
	case e.ETag != "" && info.ETag != e.ETag:
		h.cfg.Say("Function %s: blob %s was replaced before its turn came; the new version has a message of its own", f.def.Name, name)
		return nil, &listen.Verdict{Ending: settle.Succeeded}
	}
	c := h.newCall(f, "blob "+name.String())
	c.deliveries, c.payload = m.Deliveries, info.Size
	c.stale = func(ctx context.Context) bool {
		now, err := f.stores.Blobs.Stat(ctx, name)
		return errors.Is(err, work.ErrAbsent) || err == nil && now.ETag != info.ETag
	}
	c.trigger = contract.Input{
		Name: f.def.Trigger.Name, Binding: string(f.def.Trigger.Type),
		Binary: f.def.Trigger.Data == funcapp.BinaryData, Value: h.payload(f.stores, f.def.Trigger, info),
	}
	c.known("BlobTrigger", textValue(name.String()))
	c.known("Uri", textValue(f.stores.Target+"/"+name.String()))
	c.known("Properties", objectValue(properties{info.Size, info.ContentType, info.ETag, info.Modified, "BlockBlob"}))
	c.known("Metadata", objectValue(info.Metadata))
	for n, v := range names {
		c.known(n, textValue(v))
		c.names(n, expression.Value{Text: v})
	}
	return c, nil
}

// properties are those that Azure's blob trigger tells.
type properties struct {
	Length       int64
	ContentType  string
	ETag         string
	LastModified time.Time
	BlobType     string
}

// stat looks at a blob, and waits while the store is away.
func (h *Host) stat(ctx context.Context, f *function, name blob.Name) (info blob.Info, err error) {
	err = persist(ctx, func() error {
		info, err = f.stores.Blobs.Stat(ctx, name)
		return err
	})
	return info, err
}
