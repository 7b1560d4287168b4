package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
)

func blobCommand(w world) *cobra.Command {
	f := &storeFlags{}
	cmd := &cobra.Command{
		Use:     "blob",
		Short:   "list, put and get the blobs of a store",
		Long:    "blob shows what blobs a store holds, and copies them in and out as streams.\n\n" + storeHelp,
		Example: "  stanch blob ls images/2026/\n  stanch blob put images/cat.jpg cat.jpg\n  stanch blob get images/cat.jpg --range 0-1023 | xxd",
		Args:    noArguments,
	}
	f.add(cmd)
	cmd.AddCommand(blobListCommand(w, f), blobPutCommand(w, f), blobGetCommand(w, f), blobRemoveCommand(w, f))
	return cmd
}

// blobLine is one blob as ls and put tell it.
type blobLine struct {
	Name        string            `json:"name"`
	Size        int64             `json:"size"`
	Modified    time.Time         `json:"modified"`
	ETag        string            `json:"etag"`
	ContentType string            `json:"content_type,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

func lineOf(i blob.Info) blobLine {
	return blobLine{i.Name.String(), i.Size, i.Modified, i.ETag, i.ContentType, i.Metadata}
}

func blobListCommand(w world, f *storeFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "ls [CONTAINER[/PREFIX]]",
		Short:   "list the containers, or the blobs of one as they come",
		Long:    "ls lists the containers, or the blobs of one whose path begins with the prefix, as\nthe store tells of them. With --json each is an object on a line of its own.",
		Example: "  stanch blob ls\n  stanch blob ls images/2026/ --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
				if len(args) == 0 {
					return listContainers(ctx, w, f, s)
				}
				container, prefix, _ := strings.Cut(strings.TrimPrefix(args[0], "/"), "/")
				if err := blob.CheckContainer(container); err != nil {
					return &codedError{code: exitUsage, err: err}
				}
				for info, err := range s.Blobs.List(ctx, container, prefix) {
					switch {
					case err != nil:
						return err
					case f.asJSON:
						err = json.NewEncoder(w.stdout).Encode(lineOf(info))
					default:
						_, err = fmt.Fprintf(w.stdout, "%12d  %s  %s\n", info.Size, info.Modified.UTC().Format(time.RFC3339), printable(info.Name.String()))
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func listContainers(ctx context.Context, w world, f *storeFlags, s *connect.Stores) error {
	names, err := s.Blobs.Containers(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if f.asJSON {
			err = json.NewEncoder(w.stdout).Encode(struct {
				Container string `json:"container"`
			}{name})
		} else {
			_, err = fmt.Fprintln(w.stdout, printable(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func blobRemoveCommand(w world, f *storeFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "rm CONTAINER/PATH...",
		Short:   "delete blobs",
		Example: "  stanch blob rm images/cat.jpg",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("no blob is named"), "stanch blob rm images/cat.jpg")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []blob.Name
			for _, arg := range args {
				name, err := blob.ParseName(arg)
				if err != nil {
					return &codedError{code: exitUsage, err: err}
				}
				names = append(names, name)
			}
			return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
				for _, name := range names {
					if err := s.Blobs.Delete(ctx, name, blob.Want{}); err != nil {
						return err
					}
					if !f.asJSON {
						fmt.Fprintf(w.stdout, "deleted %s\n", printable(name.String()))
					} else if err := json.NewEncoder(w.stdout).Encode(map[string]string{"deleted": name.String()}); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// tellPut says what a copy has made.
func tellPut(w world, f *storeFlags, info blob.Info) error {
	if f.asJSON {
		return json.NewEncoder(w.stdout).Encode(lineOf(info))
	}
	_, err := fmt.Fprintf(w.stdout, "put %s into %s\n", bytesize.Size(info.Size), printable(info.Name.String()))
	return err
}
