package endpoints_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
	"github.com/stanch-dev/stanch/internal/hunt/endpoints"
)

func TestAnEndpointIsReadAsItIsWritten(t *testing.T) {
	for _, test := range []struct {
		text, base string
		want       drive.Request
	}{
		{"/orders/{id}", "", drive.Request{Method: "GET", Path: "/orders/{id}"}},
		{"PUT /a?b=c", "", drive.Request{Method: "PUT", Path: "/a?b=c"}},
		{`POST /orders {"id": {id}, "t": "a b"}`, "", drive.Request{Method: "POST", Path: "/orders", Body: `{"id": {id}, "t": "a b"}`}},
		{"http://127.0.0.1:8000/x", "http://127.0.0.1:8000", drive.Request{Method: "GET", Path: "/x"}},
		{"DELETE https://a.example/x/{id}", "https://a.example", drive.Request{Method: "DELETE", Path: "/x/{id}"}},
		{"http://127.0.0.1:8000", "http://127.0.0.1:8000", drive.Request{Method: "GET", Path: "/"}},
	} {
		base, e, err := endpoints.Parse(test.text)
		if err != nil || base != test.base {
			t.Errorf("Parse(%q): base %q, %v, want %q", test.text, base, err, test.base)
		}
		if diff := cmp.Diff(test.want, e.Request); diff != "" {
			t.Errorf("Parse(%q): -want +got\n%s", test.text, diff)
		}
	}
	for _, text := range []string{"", "orders", "GET", "get /x", "ftp://a/b", "http:///x", "GET http://"} {
		if _, e, err := endpoints.Parse(text); err == nil || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("Parse(%q) = %+v, %v, want an error with a hint", text, e, err)
		}
	}
	for _, text := range []string{"ftp://user:hunter2@host/x", "http://user:hunter2@host/x", "http://user:hunter2@"} {
		if _, _, err := endpoints.Parse(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse of an address with a password: %v, want an error without it", err)
		}
	}
}

func TestAFileListsEndpointsInTwoForms(t *testing.T) {
	got, err := endpoints.ReadList([]byte(`
endpoints:
  - GET /orders/{id}
  - path: /orders
    method: POST
    body: '{"id": {id}}'
    headers: {X-Tenant: seven}
    keys: {id: 200, color: "red,blue"}
`))
	if err != nil {
		t.Fatalf("ReadList: %v", err)
	}
	want := []endpoints.Endpoint{
		{Request: drive.Request{Method: "GET", Path: "/orders/{id}"}},
		{Request: drive.Request{
			Method: "POST", Path: "/orders", Body: `{"id": {id}}`, Header: []string{"X-Tenant: seven"},
			Keys: map[string]drive.Values{"id": {Cardinality: 200}, "color": {List: []string{"red", "blue"}}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadList: -want +got\n%s", diff)
	}
	for why, text := range map[string]string{
		"empty":              "",
		"no list":            "endpoints: []",
		"an unknown key":     "endpoints:\n  - path: /a\n    metod: GET\n",
		"no path":            "endpoints:\n  - method: GET\n",
		"an address":         "endpoints:\n  - http://a/b\n",
		"a number of values": "endpoints:\n  - path: /a/{id}\n    keys: {id: 0}\n",
		"not YAML":           "endpoints: [",
	} {
		if got, err := endpoints.ReadList([]byte(text)); err == nil {
			t.Errorf("ReadList with %s: %+v, want an error", why, got)
		}
	}
}

const shop = `
openapi: 3.1.0
servers: [{url: https://shop.example/api/v1/}]
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, minimum: 1, maximum: 500}}
    get:
      parameters:
        - {name: expand, in: query, schema: {type: string}}
        - {name: currency, in: query, required: true, schema: {enum: [EUR, USD]}}
        - {name: X-Tenant, in: header, required: true, example: seven}
    delete: {}
  /orders:
    post:
      requestBody: {$ref: '#/components/requestBodies/order'}
  /users/{user}/avatar/{day}:
    get:
      parameters:
        - {$ref: '#/components/parameters/user'}
        - {name: day, in: path, required: true, schema: {type: string, format: date}}
  /loop:
    post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/node'}}}}}
components:
  parameters:
    user: {name: user, in: path, required: true, schema: {type: string, examples: [ann, bob]}}
  requestBodies:
    order:
      content:
        application/json:
          schema:
            allOf:
              - {type: object, properties: {item: {type: string, example: shoe}}}
              - {properties: {count: {type: [integer, "null"], minimum: 2}, tags: {type: array, items: {type: boolean}}}}
  schemas:
    node: {type: object, properties: {next: {$ref: '#/components/schemas/node'}}}
`

func TestAnOpenAPIDocumentBecomesEndpointsWithLikelyValues(t *testing.T) {
	all, err := endpoints.ReadOpenAPI([]byte(shop))
	if err != nil {
		t.Fatalf("ReadOpenAPI: %v", err)
	}
	byName := map[string]endpoints.Endpoint{}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
		byName[e.Name()] = e
	}
	want := []string{
		"POST /api/v1/loop", "POST /api/v1/orders", "GET /api/v1/orders/{id}?currency={currency}", "DELETE /api/v1/orders/{id}",
		"GET /api/v1/users/{user}/avatar/{day}",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the names: -want +got\n%s", diff)
	}
	order := byName["GET /api/v1/orders/{id}?currency={currency}"]
	if diff := cmp.Diff(map[string]drive.Values{"id": {Cardinality: 500}, "currency": {List: []string{"EUR", "USD"}}}, order.Keys); diff != "" {
		t.Errorf("the values of an order: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"X-Tenant: seven"}, order.Header); diff != "" {
		t.Errorf("the headers of an order: -want +got\n%s", diff)
	}
	if got, want := byName["POST /api/v1/orders"].Body, `{"count":2,"item":"shoe","tags":[true]}`; got != want {
		t.Errorf("the body of POST /orders is %s, want %s", got, want)
	}
	if !json.Valid([]byte(byName["POST /api/v1/loop"].Body)) {
		t.Errorf("the body of a schema that holds itself is %q, want JSON", byName["POST /api/v1/loop"].Body)
	}
	avatar := byName["GET /api/v1/users/{user}/avatar/{day}"]
	if diff := cmp.Diff([]string{"ann", "bob"}, avatar.Keys["user"].List); diff != "" {
		t.Errorf("the users: -want +got\n%s", diff)
	}
	if days := avatar.Keys["day"].List; len(days) != 100 || days[0] != "2026-01-01" {
		t.Errorf("%d days from %q, want 100 from 2026-01-01", len(days), days[:1])
	}
	safe, unsafe := endpoints.Safe(all)
	if len(safe) != 2 || len(unsafe) != 3 {
		t.Errorf("Safe: %d and %d, want the 2 GETs and the 3 others", len(safe), len(unsafe))
	}
}

func TestAnOpenAPIDocumentInJSONIsReadTheSame(t *testing.T) {
	all, err := endpoints.ReadOpenAPI([]byte(`{"openapi": "3.0.3", "paths": {"/a/{b}": {"get": {"parameters": [{"name": "b", "in": "path", "schema": {"type": "string", "format": "uuid"}}], "responses": {"200": {}}}}}}`))
	if err != nil || len(all) != 1 || all[0].Name() != "GET /a/{b}" || all[0].Keys["b"].List[0] != "00000000-0000-4000-8000-000000000001" {
		t.Errorf("ReadOpenAPI: %+v, %v, want GET /a/{b} with UUIDs", all, err)
	}
}

func TestWhatIsNoOpenAPIDocumentIsSaidSo(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "openapi: 3",
		"swagger: '2.0'\npaths: {}":      "version 2",
		"openapi: 3.0.0":                 "no paths",
		"openapi: 3.0.0\npaths: {/a: 7}": "no paths",
		"\t: [":                          "read the OpenAPI document",
		"[1, 2]":                         "openapi: 3",
	} {
		if all, err := endpoints.ReadOpenAPI([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadOpenAPI(%q) = %+v, %v, want an error that says %q", text, all, err, want)
		}
	}
}

func FuzzAnOpenAPIDocumentGivesRequestsThatCanBeSent(f *testing.F) {
	f.Add(shop)
	f.Add(`{"openapi":"3.0.0","paths":{"/{a}":{"get":{"parameters":[{"name":"a","in":"path","schema":{"minimum":5,"maximum":6,"type":"integer"}}]}}}}`)
	f.Add("openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '#/paths/~1a/get/parameters/0'}]}}}")
	d, err := drive.New("http://127.0.0.1:1", drive.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := endpoints.ReadOpenAPI([]byte(text))
		if err != nil {
			return
		}
		for _, e := range all {
			if _, err := d.Shot(e.Request); err != nil && len(e.Header) == 0 {
				t.Errorf("ReadOpenAPI(%q) has %+v, which can't be sent: %v", text, e, err)
			}
			if e.Body != "" && !json.Valid([]byte(e.Body)) {
				t.Errorf("ReadOpenAPI(%q) has the body %q, want JSON", text, e.Body)
			}
		}
	})
}

func TestRecordedRequestsTeachTheMostFrequentRoutes(t *testing.T) {
	got := endpoints.Learn([]endpoints.Row{
		{Name: "GET /rare", URLs: []string{"http://a/rare"}, Count: 1},
		{Name: "GET /orders/{id}", URLs: []string{"http://a.example/orders/7?x=1", "http://b/orders/8?token=REDACTED", "https://a/orders/8"}, Count: 90},
		{Name: "POST /orders", URLs: []string{"/orders"}, Count: 50},
		{Name: "resize", URLs: []string{"azure-storage-queues"}, Count: 1000},
		{Name: "GET /lost/{id}", Count: 1000},
		{Name: "GET /a b", URLs: []string{"http://a/x"}, Count: 1000},
	})
	want := []endpoints.Endpoint{
		{Request: drive.Request{Method: "GET", Path: "/orders/{id}", Paths: []string{"/orders/7?x=1", "/orders/8"}}},
		{Request: drive.Request{Method: "POST", Path: "/orders", Paths: []string{"/orders"}}},
		{Request: drive.Request{Method: "GET", Path: "/rare", Paths: []string{"/rare"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Learn: -want +got\n%s", diff)
	}
}

func TestNoEndpointAndTwoOfOneNameAreMistakes(t *testing.T) {
	a := endpoints.Endpoint{Request: drive.Request{Method: "GET", Path: "/a"}}
	b := endpoints.Endpoint{Request: drive.Request{Method: "PUT", Path: "/a"}}
	for _, test := range []struct {
		all  []endpoints.Endpoint
		want string
	}{
		{nil, "no endpoint"},
		{[]endpoints.Endpoint{a, b}, ""},
		{[]endpoints.Endpoint{a, b, a}, "GET /a is there twice"},
	} {
		err := endpoints.Check(test.all)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("Check(%d endpoints): %v, want %q", len(test.all), err, test.want)
		}
	}
}
