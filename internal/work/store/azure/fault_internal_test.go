package azure

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestThePauseThatAnAnswerAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			name, value string
			want        time.Duration
		}{
			{"Retry-After", "7", 7 * time.Second},
			{"Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), time.Minute},
			{"Retry-After", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat), 0},
			{"Retry-After", "-3", 0},
			{"Retry-After", "soon", 0},
			{"X-Ms-Retry-After-Ms", "1500", 1500 * time.Millisecond},
			{"Other", "7", 0},
		} {
			if got := after(&http.Response{Header: http.Header{row.name: {row.value}}}); got != row.want {
				t.Errorf("%s: %s = %v, want %v", row.name, row.value, got, row.want)
			}
		}
		if got := after(nil); got != 0 {
			t.Errorf("after no answer = %v, want 0", got)
		}
	})
}

func TestAnErrorsTextHasNoQuery(t *testing.T) {
	for _, err := range []error{
		&url.Error{Op: "Get", URL: "https://h/x?sig=abc", Err: errors.New("dial: refused")},
		errors.New(`proxy said "https://h/x?se=1&sig=abc" is not there`),
		errors.New("first line\nGET https://h/x?sig=abc"),
	} {
		if got := plain(err); strings.Contains(got, "sig=") || got == "" {
			t.Errorf("plain(%v) = %q, want it without the query", err, got)
		}
	}
}

func TestARangeOfAnAnswerIsRead(t *testing.T) {
	for _, row := range []struct {
		text       string
		from, size int64
		sound      bool
	}{
		{"bytes 2-9/10", 2, 10, true},
		{"bytes 0-0/1", 0, 1, true},
		{"bytes 2-9/*", 0, 0, false},
		{"bytes */10", 0, 0, false},
		{"bytes 11-12/10", 0, 0, false},
		{"bytes -1-2/10", 0, 0, false},
		{"", 0, 0, false},
	} {
		from, size, err := span(row.text)
		if (err == nil) != row.sound || from != row.from || size != row.size {
			t.Errorf("span(%q) = %d, %d, %v; want %d, %d, sound %t", row.text, from, size, err, row.from, row.size, row.sound)
		}
	}
}
