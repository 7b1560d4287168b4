package azure

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// Secret is a text that prints as stars, so that a dump of what holds it is safe.
type Secret string

// Format prints stars for every verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.stars()) // fmt reports it
}

// MarshalText is stars too: JSON and structured logs ask for it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.stars()), nil }

func (s Secret) stars() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Identity is how the account is told who asks, where there is no key.
type Identity string

// The identities. The empty one stands for a key or a SAS.
const (
	Ambient  Identity = "default"          // what the surroundings give: variables, workload or managed identity, the CLI's login
	Managed  Identity = "managedidentity"  // of the machine or container app
	Workload Identity = "workloadidentity" // of a Kubernetes service account
)

// Account is a storage account and the way to be let in. Make it with
// [ParseConnection] or [FromSettings].
type Account struct {
	Blob, Queue string // the services' URLs, without a SAS; empty where there is none
	Name        string // needed with Key only
	Key         Secret // base64
	SAS         Secret // without the question mark
	Identity    Identity
	ClientID    string // of a user-assigned identity; empty: the only one there is
	TenantID    string // of a workload identity; empty: as the surroundings say
}

// answer is how long the account may think before its first byte. Azure itself
// gives up on most requests after 30 s.
const answer = 30 * time.Second

// newClient is what all requests of a store go through. Compression is off:
// net/http would unpack a blob that is stored compressed, and its length, range
// and checksum would be another's.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: answer,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          128,
		MaxIdleConnsPerHost:   64, // a full batch settles at once
		DisableCompression:    true,
	}}
}

// transport keeps a URL's query out of the errors of net/http: the SDK writes them
// into its log if somebody asks for it, with the SAS that may be in them.
type transport struct{ client *http.Client }

func (t transport) Do(r *http.Request) (*http.Response, error) {
	answer, err := t.client.Do(r)
	if u, ok := errors.AsType[*url.Error](err); ok {
		u.URL, _, _ = strings.Cut(u.URL, "?")
	}
	return answer, err
}

// options are made anew for each client: the SDK appends to them. A pause of more
// than a second is the caller's to wait for.
func options(c *http.Client) azcore.ClientOptions {
	return azcore.ClientOptions{
		Transport: transport{c},
		Retry:     policy.RetryOptions{MaxRetries: 1, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: time.Second},
		Telemetry: policy.TelemetryOptions{ApplicationID: "stanch"},
	}
}

func (a Account) queues(c *http.Client) (*azqueue.ServiceClient, error) {
	o := &azqueue.ClientOptions{ClientOptions: options(c)}
	switch {
	case a.Queue == "":
		return nil, nil
	case a.Identity != "":
		token, err := a.credential(c)
		if err != nil {
			return nil, err
		}
		return azqueue.NewServiceClient(a.Queue, token, o)
	case a.Key != "":
		key, err := azqueue.NewSharedKeyCredential(a.Name, string(a.Key))
		if err != nil {
			return nil, errKey
		}
		return azqueue.NewServiceClientWithSharedKeyCredential(a.Queue, key, o)
	}
	return azqueue.NewServiceClientWithNoCredential(a.signed(a.Queue), o)
}

func (a Account) blobs(c *http.Client) (*service.Client, error) {
	o := &service.ClientOptions{ClientOptions: options(c)}
	switch {
	case a.Blob == "":
		return nil, nil
	case a.Identity != "":
		token, err := a.credential(c)
		if err != nil {
			return nil, err
		}
		return service.NewClient(a.Blob, token, o)
	case a.Key != "":
		key, err := service.NewSharedKeyCredential(a.Name, string(a.Key))
		if err != nil {
			return nil, errKey
		}
		return service.NewClientWithSharedKeyCredential(a.Blob, key, o)
	}
	return service.NewClientWithNoCredential(a.signed(a.Blob), o)
}

var errKey = errors.New("the account's key is not base64")

func (a Account) signed(endpoint string) string {
	if a.SAS == "" {
		return endpoint
	}
	return endpoint + "?" + string(a.SAS)
}

func (a Account) credential(c *http.Client) (azcore.TokenCredential, error) {
	o := options(c)
	var token azcore.TokenCredential
	var err error
	switch a.Identity {
	case Managed:
		m := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
		if a.ClientID != "" {
			m.ID = azidentity.ClientID(a.ClientID)
		}
		token, err = azidentity.NewManagedIdentityCredential(m)
	case Workload:
		token, err = azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: o, ClientID: a.ClientID, TenantID: a.TenantID})
	case Ambient:
		token, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: o, TenantID: a.TenantID})
	default:
		return nil, fmt.Errorf("identity %q\nhint: %s, %s or %s", a.Identity, Managed, Workload, Ambient)
	}
	if err != nil {
		return nil, errors.New(plain(err))
	}
	return token, nil
}
