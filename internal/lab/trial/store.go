package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/send"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// store is where the experiment's queues and blobs lie. Each trial has one of its own.
type store struct {
	text    string // what a setting says of it; empty without one. It may hold a key
	dir     string
	rig     *azurite.Rig
	opened  *connect.Connections
	targets send.Stores
}

func openStore(ctx context.Context, cfg Config, run int) (*store, error) {
	s := &store{}
	kind := cfg.Experiment.Subject.Store
	if kind == lab.NoStore {
		return s, nil
	}
	var err error
	if s.dir, err = os.MkdirTemp(cfg.Scratch, fmt.Sprintf("store-%d-", run)); err != nil {
		return nil, fmt.Errorf("make the experiment's store: %w", err)
	}
	s.text = "file:" + filepath.Join(s.dir, "work")
	if kind == lab.Azurite {
		s.rig, err = azurite.Start(ctx, cfg.Azurite, s.dir)
		if errors.Is(err, azurite.ErrMissing) {
			err = fmt.Errorf("%w\nhint: this experiment's store is Azurite, Azure's emulator, which comes from npm", err)
		}
		if err != nil {
			s.close()
			return nil, fmt.Errorf("start Azurite: %w", err)
		}
		s.text = s.rig.Connection()
	}
	s.opened = connect.New(connect.Config{})
	stores, err := s.opened.OpenText(s.text)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open the experiment's store: %w", err)
	}
	s.targets = send.Stores{Queues: stores.Queues, Blobs: stores.Blobs}
	return s, nil
}

// fill puts what is there at the start.
func (s *store) fill(ctx context.Context, e *lab.Experiment) error {
	if len(e.Load.Before) == 0 {
		return nil
	}
	return send.Fill(ctx, s.targets, timeline.Before(e))
}

func (s *store) close() {
	if s.opened != nil {
		_ = s.opened.Close()
		s.opened = nil
	}
	if s.rig != nil {
		s.rig.Kill()
		s.rig = nil
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
