package app

import (
	"bufio"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// plainSink stands in for telemetry/store until that is there.
type plainSink struct {
	dir string
	mu  sync.Mutex
	fs  map[string]*bufio.Writer
	all []*os.File
}

func openSink(dir string, _ time.Duration, _ int64) (sink, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return &plainSink{dir: dir, fs: map[string]*bufio.Writer{}}, nil
}

func (s *plainSink) Append(table string, _ int64, row []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.fs[table]
	if w == nil {
		f, err := os.OpenFile(filepath.Join(s.dir, table+".ndjson"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return err
		}
		w = bufio.NewWriterSize(f, 4096)
		s.fs[table] = w
		s.all = append(s.all, f)
	}
	_, _ = w.Write(row)
	return w.WriteByte('\n')
}

func (s *plainSink) Lost() int64 { return 0 }

func (s *plainSink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.fs {
		_ = w.Flush()
	}
	for _, f := range s.all {
		_ = f.Close()
	}
	return nil
}
