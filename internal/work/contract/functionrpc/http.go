package functionrpc

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// http puts a request on the wire in the shape that the worker's capabilities
// ask for.
func (e *encoder) http(name string, request *contract.Request) (*wire.TypedData, error) {
	if e.host.has("HttpUri") {
		return nil, fmt.Errorf("input %s: the worker wants HTTP requests at a port of its own, which stanch does not do yet\nhint: without the HTTP streaming extension, or PYTHON_ENABLE_INIT_INDEXING, it takes them on the stream", name)
	}
	out := &wire.RpcHttp{Method: request.Method, Url: request.URL}
	headers, query := map[string]string{}, map[string]string{}
	for key, values := range request.Header {
		if value := strings.Join(values, ","); value != "" || !e.host.has("IgnoreEmptyValuedRpcHttpHeaders") {
			headers[strings.ToLower(key)] = sound(value)
		}
	}
	for key, values := range request.Query {
		query[sound(key)] = sound(strings.Join(values, ","))
	}
	params := map[string]string{}
	for key, value := range request.Params {
		params[key] = sound(value)
	}
	if e.host.has("UseNullableValueDictionaryForHttp") {
		out.NullableHeaders, out.NullableQuery, out.NullableParams = nullable(headers), nullable(query), nullable(params)
	} else {
		out.Headers, out.Query, out.Params = headers, query, params
	}
	if request.Body.Kind != contract.None {
		body, err := e.body(name, request)
		if err != nil {
			return nil, err
		}
		out.Body = body
		if !e.host.has("RpcHttpBodyOnly") {
			out.RawBody = body
		}
	}
	return &wire.TypedData{Data: &wire.TypedData_Http{Http: out}}, nil
}

// body is bytes where the worker asks for them or the type says so, else text.
func (e *encoder) body(name string, request *contract.Request) (*wire.TypedData, error) {
	data, err := e.plain(name, request.Body)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(http.Header(request.Header).Get("Content-Type"))
	binary := kind == "application/octet-stream" || strings.HasPrefix(kind, "multipart/") || e.host.has("RawHttpBodyBytes")
	switch text := data.Data.(type) {
	case *wire.TypedData_String_:
		if binary {
			return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: []byte(text.String_)}}, nil
		}
	case *wire.TypedData_Json:
		if binary {
			return &wire.TypedData{Data: &wire.TypedData_Bytes{Bytes: []byte(text.Json)}}, nil
		}
	case *wire.TypedData_Bytes:
		if !binary {
			return e.text(name, string(text.Bytes))
		}
	}
	return data, nil
}

// sound is a text that the stream takes.
func sound(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func nullable(plain map[string]string) map[string]*wire.NullableString {
	out := map[string]*wire.NullableString{}
	for key, value := range plain {
		out[key] = &wire.NullableString{String_: &wire.NullableString_Value{Value: value}}
	}
	return out
}

// response reads what a function answers to an HTTP request.
func response(in *wire.RpcHttp) (*contract.Response, error) {
	out := &contract.Response{Status: http.StatusOK, Header: map[string][]string{}}
	if in.StatusCode != "" {
		code, err := strconv.Atoi(in.StatusCode)
		if err != nil || code < 100 || code > 999 {
			return nil, fmt.Errorf("HTTP status %q is no number of three digits", in.StatusCode)
		}
		out.Status = code
	}
	for key, value := range in.Headers {
		http.Header(out.Header).Add(key, value)
	}
	for key, value := range in.NullableHeaders {
		http.Header(out.Header).Add(key, value.GetValue())
	}
	for _, c := range in.Cookies {
		cookie, err := cookieOf(c)
		if err != nil {
			return nil, err
		}
		http.Header(out.Header).Add("Set-Cookie", cookie)
	}
	if in.Body != nil && in.Body.Data != nil {
		body, err := value(in.Body)
		if err != nil {
			return nil, fmt.Errorf("HTTP body: %w", err)
		}
		out.Body = body
	}
	return out, nil
}

func cookieOf(in *wire.RpcHttpCookie) (string, error) {
	cookie := &http.Cookie{
		Name: in.Name, Value: in.Value, Domain: in.Domain.GetValue(), Path: in.Path.GetValue(),
		Secure: in.Secure.GetValue(), HttpOnly: in.HttpOnly.GetValue(),
	}
	if in.Expires.GetValue() != nil {
		cookie.Expires = in.Expires.GetValue().AsTime()
	}
	if in.MaxAge != nil && in.MaxAge.Double != nil {
		cookie.MaxAge = int(in.MaxAge.GetValue())
		if cookie.MaxAge == 0 {
			cookie.MaxAge = -1 // net/http's word for 0
		}
	}
	switch in.SameSite {
	case wire.RpcHttpCookie_Lax:
		cookie.SameSite = http.SameSiteLaxMode
	case wire.RpcHttpCookie_Strict:
		cookie.SameSite = http.SameSiteStrictMode
	case wire.RpcHttpCookie_ExplicitNone:
		cookie.SameSite = http.SameSiteNoneMode
	}
	if text := cookie.String(); text != "" {
		return text, nil
	}
	return "", fmt.Errorf("cookie %q has a name that HTTP does not allow", in.Name)
}
