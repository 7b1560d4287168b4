package azure

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// FromSettings reads a connection as Azure Functions has it in app settings: NAME
// (or AzureWebJobsNAME) is a connection string, or NAME__blobServiceUri,
// NAME__queueServiceUri, NAME__serviceUri or NAME__accountName say where the
// account is, and NAME__credential, NAME__clientId and NAME__tenantId which
// identity asks. lookup gives a setting's value, empty where there is none. It
// reports all that is wrong, and never what a secret holds.
func FromSettings(name string, lookup func(string) string) (Account, error) {
	a, err := fromSettings(name, lookup)
	if err != nil {
		return Account{}, fmt.Errorf("connection %s: %w", name, err)
	}
	return a, nil
}

func fromSettings(name string, lookup func(string) string) (Account, error) {
	for _, full := range []string{name, "AzureWebJobs" + name} {
		if text := lookup(full); strings.TrimSpace(text) != "" {
			return ParseConnection(text)
		}
	}
	get := func(key string) string {
		if v := lookup(name + "__" + key); v != "" {
			return strings.TrimSpace(v)
		}
		return strings.TrimSpace(lookup("AzureWebJobs" + name + "__" + key))
	}
	a := Account{ClientID: get("clientId"), TenantID: get("tenantId")}
	var wrong []error
	note := func(key, format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("setting %s__%s "+format, append([]any{name, key}, args...)...))
	}
	if account := get("accountName"); account != "" {
		probe := Account{Name: account, SAS: "sig=x"}
		_ = probe.locate(nil) // without parts there is nothing to refuse
		if err := probe.check(); err != nil {
			note("accountName", "is no name of an account\nhint: lower-case letters and digits, as in https://NAME.blob.core.windows.net")
		}
		a.Blob, a.Queue = probe.Blob, probe.Queue
	}
	if uri := get("serviceUri"); uri != "" {
		switch u, err := url.Parse(uri); {
		case err == nil && strings.Contains(u.Host, ".blob."):
			place(&a.Blob, "serviceUri", uri, note)
		case err == nil && strings.Contains(u.Host, ".queue."):
			place(&a.Queue, "serviceUri", uri, note)
		default:
			note("serviceUri", "doesn't say which service it is\nhint: use %s__blobServiceUri and %s__queueServiceUri", name, name)
		}
	}
	place(&a.Blob, "blobServiceUri", get("blobServiceUri"), note)
	place(&a.Queue, "queueServiceUri", get("queueServiceUri"), note)
	a.identify(get("credential"), note)
	if a.TenantID != "" && a.Identity == Managed {
		note("tenantId", "is set, and a managed identity has no choice of it\nhint: leave it out, or set %s__credential=%s", name, Workload)
	}
	if get("clientSecret") != "" {
		note("clientSecret", "is set, and stanch takes no client secret\nhint: use %s__credential=%s, or a connection string", name, Managed)
	}
	if a.Blob == "" && a.Queue == "" && len(wrong) == 0 {
		return Account{}, fmt.Errorf("setting %s is not there\nhint: a connection string such as UseDevelopmentStorage=true, or %s__accountName for an identity", name, name)
	}
	return a, errors.Join(wrong...)
}

func place(to *string, key, uri string, note func(key, format string, args ...any)) {
	if uri == "" {
		return
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		note(key, "is no URL of a service\nhint: https://NAME.blob.core.windows.net or https://NAME.queue.core.windows.net; identities need https")
		return
	}
	*to = strings.TrimSuffix(uri, "/")
}

func (a *Account) identify(credential string, note func(key, format string, args ...any)) {
	switch strings.ToLower(credential) {
	case "":
		a.Identity = Ambient
		if a.ClientID != "" {
			note("clientId", "is set, but no credential\nhint: add credential=%s or credential=%s beside it", Managed, Workload)
		}
	case string(Managed):
		a.Identity = Managed
	case string(Workload):
		a.Identity = Workload
	default:
		note("credential", "is none that stanch knows\nhint: %s or %s", Managed, Workload)
	}
}
