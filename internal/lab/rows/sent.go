package rows

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/stanch-dev/stanch/internal/lab"
)

func appendSent(to []byte, s lab.Sent) ([]byte, error) {
	var wrong first
	wrong.see(moment("due", s.Due))
	switch {
	case math.IsInf(s.At, 0) || math.IsInf(s.Done, 0):
		wrong.see(errors.New("at, done: what is infinite is no time"))
	case math.IsNaN(s.At) && !math.IsNaN(s.Done):
		wrong.see(errors.New("done: it was done and never begun"))
	case s.Done < s.At:
		wrong.see(errors.New("done: it was done before it was begun"))
	}
	if s.Stream == "" {
		wrong.see(errors.New("stream: a row has to have its stream"))
	}
	if s.Number < 0 || s.Key < 0 {
		wrong.see(fmt.Errorf("number, key: %d, %d count from 0", s.Number, s.Key))
	}
	if s.Status != 0 && (s.Status < 100 || s.Status > 999) {
		wrong.see(fmt.Errorf("status: %d is none", s.Status))
	}
	to = appendNumber(to, s.Due)
	to = appendNumber(append(to, ','), s.At)
	to = appendNumber(append(to, ','), s.Done)
	to = appendText(append(to, ','), s.Stream)
	to = strconv.AppendInt(append(to, ','), s.Number, 10)
	to = strconv.AppendInt(append(to, ','), int64(s.Key), 10)
	to = strconv.AppendInt(append(to, ','), int64(s.Status), 10)
	to = strconv.AppendBool(append(to, ','), s.Request)
	return appendText(append(to, ','), s.Lost), wrong.err
}

func parseSent(fields []string) (s lab.Sent, err error) {
	var wrong first
	s.Due, err = parseNumber("due", fields[0])
	wrong.see(err)
	s.At, err = parseNumber("at", fields[1])
	wrong.see(err)
	s.Done, err = parseNumber("done", fields[2])
	wrong.see(err)
	s.Stream, err = parseText(fields[3])
	wrong.see(err)
	s.Number, err = parseWhole("number", fields[4])
	wrong.see(err)
	key, err := parseWhole("key", fields[5])
	wrong.see(err)
	status, err := parseWhole("status", fields[6])
	wrong.see(err)
	s.Key, s.Status = int(key), int(status)
	if s.Request = fields[7] == "true"; !s.Request && fields[7] != "false" {
		wrong.see(fmt.Errorf("request: %.40q is neither true nor false", fields[7]))
	}
	s.Lost, err = parseText(fields[8])
	wrong.see(err)
	return s, wrong.err
}
