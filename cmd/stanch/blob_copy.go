package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
)

func blobPutCommand(w world, f *storeFlags) *cobra.Command {
	var head blob.Head
	var want blob.Want
	cmd := &cobra.Command{
		Use:     "put CONTAINER/PATH FILE|-",
		Short:   "copy a file, or stdin, into a blob",
		Long:    "put streams a file into a blob, which is replaced when the new one is whole. The\ncontainer is made if it isn't there.",
		Example: "  stanch blob put images/cat.jpg cat.jpg --content-type image/jpeg\n  pg_dump shop | stanch blob put backups/shop.sql -",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(fmt.Errorf("%d arguments, and there have to be two", len(args)), "stanch blob put images/cat.jpg cat.jpg, or - for stdin")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&head.ContentType, "content-type", "", "what it is (default: application/octet-stream)")
	cmd.Flags().StringToStringVar(&head.Metadata, "metadata", nil, "KEY=VALUE, kept with the blob; may be repeated")
	cmd.Flags().BoolVar(&want.Absent, "new", false, "fail if the blob is there already")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := blob.ParseName(args[0])
		if err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		source, size := w.stdin, int64(0)
		if args[1] != "-" {
			file, err := os.Open(args[1])
			if err != nil {
				return &codedError{code: exitUsage, err: err}
			}
			defer file.Close()
			if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
				size = info.Size()
			}
			source = file
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
			p := newProgress(w, printable(name.String()), size, true)
			info, err := s.Blobs.Put(ctx, name, head, io.TeeReader(source, p), want)
			p.stop()
			if err != nil {
				return err
			}
			return tellPut(w, f, info)
		})
	}
	return cmd
}

func blobGetCommand(w world, f *storeFlags) *cobra.Command {
	var text string
	cmd := &cobra.Command{
		Use:     "get CONTAINER/PATH [FILE|-]",
		Short:   "copy a blob to a file, or to stdout",
		Long:    "get streams a blob, or a part of it, to stdout or to a file, which appears when it is whole.",
		Example: "  stanch blob get images/cat.jpg cat.jpg\n  stanch blob get logs/today.txt --range 1048576-",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return usage(fmt.Errorf("%d arguments, and there have to be one or two", len(args)), "stanch blob get images/cat.jpg cat.jpg")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&text, "range", "", "FROM-TO: the bytes from one to the other, both included, counted from 0; without TO up to the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := blob.ParseName(args[0])
		var part blob.Range
		if err == nil && text != "" {
			part, err = parseRange(text)
		}
		if err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) (err error) {
			body, info, err := s.Blobs.Open(ctx, name, part, blob.Want{})
			if err != nil {
				return err
			}
			defer body.Close()
			size := max(0, info.Size-part.From)
			if part.Count > 0 {
				size = min(size, part.Count)
			}
			p := newProgress(w, printable(name.String()), size, true)
			defer p.stop()
			if len(args) == 1 || args[1] == "-" {
				_, err = io.Copy(io.MultiWriter(w.stdout, p), body)
				return err
			}
			to := args[1]
			if at, err := os.Stat(to); err == nil && at.IsDir() {
				to = filepath.Join(to, path.Base(name.Path))
			}
			return copyToFile(to, io.TeeReader(body, p))
		})
	}
	return cmd
}

// copyToFile writes a file that nobody sees before it is whole. A device or a pipe
// is written to as it is.
func copyToFile(to string, from io.Reader) (err error) {
	if at, err := os.Stat(to); err == nil && !at.Mode().IsRegular() {
		file, err := os.OpenFile(to, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, from)
		return errors.Join(err, file.Close())
	}
	file, err := os.CreateTemp(filepath.Dir(to), ".stanch-get-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err == nil {
		err = os.Rename(file.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// parseRange reads FROM-TO and FROM-.
func parseRange(text string) (blob.Range, error) {
	from, to, found := strings.Cut(text, "-")
	first, err := strconv.ParseUint(from, 10, 62)
	if err != nil || !found {
		return blob.Range{}, fmt.Errorf("--range %q is none\nhint: FROM-TO in bytes, as in 0-1023, or 1024- up to the end", text)
	}
	r := blob.Range{From: int64(first)}
	if to == "" {
		return r, nil
	}
	last, err := strconv.ParseUint(to, 10, 62)
	if err != nil || last < first {
		return blob.Range{}, fmt.Errorf("--range %q does not end behind its beginning\nhint: FROM-TO in bytes, as in 0-1023, or 1024- up to the end", text)
	}
	r.Count = int64(last-first) + 1
	return r, nil
}
