package route

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// EventsPath is where blob events come in, as Azure Functions has it:
// POST /runtime/webhooks/blobs?functionName=Host.Functions.NAME&code=KEY.
const EventsPath = "/runtime/webhooks/blobs"

// Offer puts a message for a version of a blob, unless there is one already. A
// function that has no trigger of Event Grid's is work.ErrAbsent.
type Offer func(ctx context.Context, function string, info blob.Info) error

// Events is the webhook of blob events, in Event Grid's own schema and as
// CloudEvents 1.0. It answers 200 when all events of a request were offered, and
// 503 when one could not be: Event Grid then sends all of them again. One that is
// no sound event of a blob gets a 400, when the others of its request are offered.
//
// learn.microsoft.com/azure/event-grid has both schemas and handshakes
// (webhook-event-delivery, end-point-validation-cloud-events-schema,
// event-schema-blob-storage).
func Events(keys Keys, offer Offer) http.Handler {
	return &events{keys: keys, offer: offer}
}

type events struct {
	keys  Keys
	offer Offer
}

// The largest request: Event Grid sends a megabyte at most. patience is how long
// its events may take, all together: Event Grid waits for thirty seconds.
const (
	maxEvents      = 1 << 20
	eventsPatience = 25 * time.Second
)

// event is one of either schema.
type event struct {
	EventType string          `json:"eventType"` // Event Grid
	Type      string          `json:"type"`      // CloudEvents
	EventTime time.Time       `json:"eventTime"`
	Time      time.Time       `json:"time"`
	Subject   string          `json:"subject"`
	Data      json.RawMessage `json:"data"`
}

func (e *event) kind() string {
	if e.EventType != "" {
		return e.EventType
	}
	return e.Type
}

const (
	created    = "Microsoft.Storage.BlobCreated"
	validation = "Microsoft.EventGrid.SubscriptionValidationEvent"
)

// ServeHTTP takes one request.
func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, "the query can't be read", http.StatusBadRequest)
		return
	}
	if e.enforced() && !e.keys.opens(identify(r.Header, query), e.keys.Events) {
		http.Error(w, "a key is needed, as code in the query", http.StatusUnauthorized)
		return
	}
	switch r.Method {
	case http.MethodOptions:
		e.shake(w, r)
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "OPTIONS, POST")
		http.Error(w, "events are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	function := query.Get("functionName")
	if function == "" {
		http.Error(w, "functionName is missing in the query: Host.Functions.NAME", http.StatusBadRequest)
		return
	}
	function = strings.TrimPrefix(function, "Host.Functions.")
	all, status, err := readEvents(http.MaxBytesReader(w, r.Body, maxEvents), r.Header)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	for _, one := range all {
		if one.kind() == validation {
			validate(w, one)
			return
		}
	}
	e.take(w, r, function, all)
}

// enforced: a webhook that puts work in stays shut where other doors have keys,
// even if it has none of its own; the master's opens it.
func (e *events) enforced() bool { return e.keys.Enforced() || len(e.keys.Events) > 0 }

// shake answers the handshake of CloudEvents: who asks may send, at any rate
// (CloudEvents HTTP Webhook 1.0, 4.2).
func (e *events) shake(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("WebHook-Request-Origin")
	if origin == "" {
		http.Error(w, "the header WebHook-Request-Origin is missing", http.StatusBadRequest)
		return
	}
	w.Header().Set("WebHook-Allowed-Origin", origin)
	w.Header().Set("WebHook-Allowed-Rate", "*")
	w.Header().Set("Allow", "OPTIONS, POST")
}

// validate answers the handshake of Event Grid.
func validate(w http.ResponseWriter, e event) {
	var data struct {
		Code string `json:"validationCode"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil || data.Code == "" {
		http.Error(w, "the validation event has no validationCode", http.StatusBadRequest)
		return
	}
	answer, err := json.Marshal(map[string]string{"validationResponse": data.Code})
	if err != nil {
		http.Error(w, "the validation code can't be written", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // who is gone asks again
}

// take offers the blobs of all events.
func (e *events) take(w http.ResponseWriter, r *http.Request, function string, all []event) {
	ctx, cancel := context.WithTimeout(r.Context(), eventsPatience)
	defer cancel()
	var unsound error
	for i, one := range all {
		if one.kind() != created {
			continue // a subscription without a filter brings deletions and renames, too
		}
		info, err := one.blob()
		if err != nil {
			unsound = fmt.Errorf("event %d: %w", i+1, err)
			continue
		}
		switch err := e.offer(ctx, function, info); {
		case errors.Is(err, work.ErrAbsent):
			http.Error(w, "no function of this name waits for blob events", http.StatusNotFound)
			return
		case err != nil:
			away, _ := errors.AsType[*work.Unavailable](err)
			if away == nil {
				away = &work.Unavailable{}
			}
			busy(w, away.After)
			return
		}
	}
	if unsound != nil {
		// The sound ones are taken. Event Grid does not send again what got a 400, and
		// the others would be no better.
		http.Error(w, unsound.Error(), http.StatusBadRequest)
	}
}

// readEvents reads a request: one event or a list of them; or, of CloudEvents in
// binary mode, the data with the rest in headers.
func readEvents(body io.Reader, header http.Header) (all []event, status int, err error) {
	text, err := io.ReadAll(body)
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes of events", maxEvents)
		}
		return nil, http.StatusBadRequest, errors.New("the body ends early")
	}
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); header.Get("Ce-Specversion") != "" && !strings.HasPrefix(kind, "application/cloudevents") {
		e := event{Type: header.Get("Ce-Type"), Subject: header.Get("Ce-Subject"), Data: text}
		e.Time, _ = time.Parse(time.RFC3339, header.Get("Ce-Time")) // of no consequence: it is for people
		return []event{e}, 0, nil
	}
	if strings.HasPrefix(strings.TrimLeft(string(text[:min(len(text), 64)]), " \t\r\n"), "[") {
		err = json.Unmarshal(text, &all)
	} else {
		all = make([]event, 1)
		err = json.Unmarshal(text, &all[0])
	}
	if err != nil {
		return nil, http.StatusBadRequest, errors.New("the body is no event and no list of events")
	}
	return all, 0, nil
}

// blob is the version that an event tells of.
func (e *event) blob() (blob.Info, error) {
	var data struct {
		ETag        string `json:"eTag"`
		Size        int64  `json:"contentLength"`
		ContentType string `json:"contentType"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return blob.Info{}, errors.New("its data is no object of a blob event")
	}
	rest, ok := strings.CutPrefix(e.Subject, "/blobServices/default/containers/")
	container, path, found := strings.Cut(rest, "/blobs/")
	if !ok || !found {
		return blob.Info{}, errors.New("its subject names no blob")
	}
	info := blob.Info{Name: blob.Name{Container: container, Path: path}, Size: max(data.Size, 0), ETag: data.ETag, ContentType: data.ContentType, Modified: e.EventTime}
	if info.Modified.IsZero() {
		info.Modified = e.Time
	}
	if info.ETag == "" {
		return blob.Info{}, errors.New("its data has no eTag")
	}
	if !strings.HasSuffix(info.ETag, `"`) {
		info.ETag = `"` + info.ETag + `"` // as the store has it
	}
	return info, info.Name.Check()
}
