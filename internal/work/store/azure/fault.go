package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"

	"github.com/stanch-dev/stanch/internal/work"
)

// told translates what the SDK returned. Nothing of the SDK's error is kept: its
// text holds URLs, whose query may be a SAS, and bodies of answers.
func told(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return refused(r)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return &work.Unavailable{Err: context.DeadlineExceeded}
	}
	return &work.Unavailable{Err: errors.New(plain(err))}
}

// refused sorts an answer by its code, and by its status where a proxy answered.
func refused(r *azcore.ResponseError) error {
	code := r.ErrorCode
	if code == "" {
		code = http.StatusText(r.StatusCode)
	}
	said := fmt.Errorf("%s (%d)", code, r.StatusCode)
	switch r.ErrorCode {
	case string(queueerror.PopReceiptMismatch), string(queueerror.MessageNotFound):
		return fmt.Errorf("%w: %w", work.ErrLost, said)
	case string(bloberror.BlobAlreadyExists), string(bloberror.ResourceAlreadyExists):
		return fmt.Errorf("%w: %w", work.ErrExists, said)
	case string(queueerror.QueueBeingDeleted), string(bloberror.ContainerBeingDeleted), string(bloberror.AccountBeingCreated),
		string(bloberror.InvalidBlockList), // another upload of the same blob was committed first
		string(bloberror.LeaseIDMissing):
		return &work.Unavailable{After: after(r.RawResponse), Err: said}
	case string(bloberror.InvalidHeaderValue):
		return fmt.Errorf("%w\nhint: an Azurite that is older than this API answers so; update it, or start it with --skipApiVersionCheck", said)
	}
	switch s := r.StatusCode; {
	case s == http.StatusNotFound:
		return fmt.Errorf("%w: %w", work.ErrAbsent, said)
	case s == http.StatusPreconditionFailed:
		return fmt.Errorf("%w: %w", work.ErrChanged, said)
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return fmt.Errorf("%w\nhint: check the key, the SAS (permissions, expiry) or the identity's role on the account, its firewall, and this machine's clock", said)
	case s == http.StatusRequestTimeout, s == http.StatusTooManyRequests, s >= 500:
		return &work.Unavailable{After: after(r.RawResponse), Err: said}
	}
	return said
}

// after is the pause that an answer asks for.
func after(r *http.Response) time.Duration {
	if r == nil {
		return 0
	}
	if ms, err := strconv.Atoi(r.Header.Get("x-ms-retry-after-ms")); err == nil && ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	text := r.Header.Get("Retry-After")
	if s, err := strconv.Atoi(text); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// query is the part of a URL that may hold a signature.
var query = regexp.MustCompile(`\?[^\s"']*`)

// plain is the first line of an error's text, without URLs' queries.
func plain(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return query.ReplaceAllString(text, "?…")
}
