// Command bare takes messages out of a queue, posts each to the worker of bench/work, and deletes it: the loop that people write without stanch.
//
// It leases 32 and has up to 128 in hand, as stanch has in the same bench. Azure's
// queues it takes from with Azure's SDK, the others through stanch's stores. It
// guards no worker, renews nothing, counts nothing and records nothing.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2], os.Getenv("BENCH_STORE")); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// message is one that was leased.
type message struct {
	body []byte
	done func(context.Context) error
}

// lease takes up to 32 messages.
type lease func(ctx context.Context) ([]message, error)

func run(ctx context.Context, program, address, store string) error {
	worker := exec.Command(program)
	worker.Stdout, worker.Stderr = os.Stdout, os.Stderr
	worker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := worker.Start(); err != nil {
		return err
	}
	defer func() { _ = worker.Process.Kill(); _ = worker.Wait() }()
	at := "http://" + address + "/work"
	if err := rig.WaitOK(ctx, at, 10*time.Second, nil); err != nil {
		return err
	}
	take, end, err := open(store)
	if err != nil {
		return err
	}
	defer end()
	return loop(ctx, take, at)
}

func open(store string) (take lease, end func() error, err error) {
	if strings.Contains(store, "AccountKey=") {
		take, err = azure(store)
		return take, func() error { return nil }, err
	}
	c := connect.New(connect.Config{})
	s, err := c.OpenText(store)
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return func(ctx context.Context) ([]message, error) {
		leased, err := s.Queues.Lease(ctx, "jobs", queue.Ask{Max: 32, Hold: time.Minute, Wait: time.Second})
		var all []message
		for _, l := range leased {
			all = append(all, message{l.Message().Body, l.Done})
		}
		return all, err
	}, c.Close, nil
}

// azure is the SDK alone.
func azure(connection string) (lease, error) {
	client, err := azqueue.NewQueueClientFromConnectionString(connection, "jobs", nil)
	if err != nil {
		return nil, err
	}
	most, hold := int32(32), int32(60)
	return func(ctx context.Context) ([]message, error) {
		answer, err := client.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &most, VisibilityTimeout: &hold})
		var all []message
		for _, m := range answer.Messages {
			body, err := base64.StdEncoding.DecodeString(*m.MessageText)
			if err != nil {
				return nil, err
			}
			all = append(all, message{body, func(ctx context.Context) error {
				_, err := client.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
				return err
			}})
		}
		return all, err
	}, nil
}

// loop leases again when no more than 96 are in hand.
func loop(ctx context.Context, take lease, at string) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}
	hands := make(chan struct{}, 128)
	failed := make(chan error, 1)
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		for range 32 {
			select {
			case hands <- struct{}{}:
			case err := <-failed:
				return err
			case <-ctx.Done():
				return nil
			}
		}
		all, err := take(ctx)
		if err != nil {
			return err
		}
		for range 32 - len(all) {
			<-hands
		}
		if len(all) == 0 {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return nil
			}
		}
		for _, m := range all {
			busy.Go(func() {
				defer func() { <-hands }()
				err := post(ctx, client, at, m.body)
				if err == nil {
					err = m.done(context.WithoutCancel(ctx))
				}
				if err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
		}
	}
}

func post(ctx context.Context, client *http.Client, at string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the worker answered %s", answer.Status)
	}
	return nil
}
