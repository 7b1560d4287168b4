package trial

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// planterName is the gauge's name for the planter.
const planterName = "planted"

// PlanterCommand is the verb under which the program is the planter.
const PlanterCommand = "__plant"

// planter is a process beside the worker that takes as much memory as it is told, for
// the control of a planted leak: the worker of an experiment may be anything, and
// can't be made to leak. It is looked at together with the worker's processes, so
// that the same instrument has to find the same growth.
type planter struct {
	t       *Trial
	process *process.Process
	socket  string

	mu   sync.Mutex
	conn net.Conn
	sent int64 // bytes so far
}

func newPlanter(t *Trial) (*planter, error) {
	dir, err := os.MkdirTemp(t.cfg.Scratch, "plant-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the planted leak: %w", err)
	}
	p := &planter{t: t, socket: filepath.Join(dir, "s")}
	l, err := net.Listen("unix", p.socket)
	if err != nil {
		return nil, fmt.Errorf("listen for the planted leak: %w", err)
	}
	defer l.Close()
	group, err := t.group.beside(planterName)
	if err != nil {
		return nil, err
	}
	defer group.Close()
	p.process, err = t.cfg.Host.Start(process.Spec{
		Name: planterName, Args: []string{t.cfg.Program, PlanterCommand, p.socket}, Env: t.cfg.Environ,
		Output: func(process.Stream, []byte) {}, Fork: group.Fork, Add: group.Add,
	})
	if err != nil {
		return nil, fmt.Errorf("start the planted leak: %w", err)
	}
	_ = l.(*net.UnixListener).SetDeadline(time.Now().Add(startTime))
	if p.conn, err = l.Accept(); err != nil {
		return nil, fmt.Errorf("start the planted leak: %w", err)
	}
	t.sampler.helper(planterName, p.process.PID())
	return p, nil
}

// grow makes it hold so many bytes in all. It never gives any back.
func (p *planter) grow(total int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if total <= p.sent {
		return nil
	}
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(total))
	_ = p.conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := p.conn.Write(word[:]); err != nil {
		return fmt.Errorf("plant a leak: %w", err)
	}
	p.sent = total
	return nil
}

// due is how much has to be planted after so many calls, at a second of the run.
func (p *planter) due(calls int64, second float64) int64 {
	planted := p.t.e.Controls.Planted
	size := float64(planted.Size)
	if planted.Per == lab.PerRequest {
		return int64(size * float64(calls))
	}
	return int64(size * second * p.t.e.Version.Speed / planted.Per.Seconds())
}

func (p *planter) close() {
	_ = p.conn.Close()
	p.process.Kill("the trial is over")
	<-p.process.Done()
	p.t.sampler.gauge.Untrack(planterName)
}

// Plant is the planter's whole program: it connects to a socket, reads how many bytes it
// is to hold, and holds them, each page written to. It ends with the connection.
func Plant(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("plant a leak: %w", err)
	}
	defer conn.Close()
	const block = 16 << 20
	page := os.Getpagesize()
	var now []byte // the block that is filled
	held, used := int64(0), block
	in := bufio.NewReader(conn)
	for {
		var word [8]byte
		if _, err := io.ReadFull(in, word[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("plant a leak: %w", err)
		}
		for total := int64(binary.LittleEndian.Uint64(word[:])); held < total; {
			if used == block {
				if now, err = unix.Mmap(-1, 0, block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS); err != nil {
					return fmt.Errorf("plant a leak: %w", err)
				}
				_ = unix.Madvise(now, unix.MADV_NOHUGEPAGE) // a huge page would come all at once
				used = 0
			}
			n := min(int64(block-used), total-held)
			for at := (used + page - 1) / page * page; at < used+int(n); at += page {
				now[at] = 1
			}
			used += int(n)
			held += n
		}
	}
}
