//go:build !noazure

package connect

import (
	"fmt"
	"log/slog"
	"net/url"

	"github.com/stanch-dev/stanch/internal/work/store/azure"
)

func azureText(text string, plain bool) (place, error) {
	account, err := azure.ParseConnection(text)
	if err != nil {
		return place{}, err
	}
	return azurePlace(account, plain), nil
}

// azureSettings reads the settings of a connection that an identity opens.
func azureSettings(name string, lookup func(string) string, plain bool) (place, error) {
	account, err := azure.FromSettings(name, lookup)
	if err != nil {
		return place{}, err
	}
	return azurePlace(account, plain), nil
}

// azurePlace is an account. Other credentials are another place: of two SAS each
// may allow what the other does not, and an account holds no lock.
func azurePlace(a azure.Account, plain bool) place {
	p := place{kind: "Azure", target: accountName(a), terms: fmt.Sprint(plain)}
	p.key = fmt.Sprintf("azure %q %q %q %q %q %q %q %q", a.Blob, a.Queue, a.Name, string(a.Key), string(a.SAS), a.Identity, a.ClientID, a.TenantID)
	p.open = func(*slog.Logger) (*Stores, error) {
		o := azure.Options{}
		if plain {
			o.Encoding = azure.Plain
		}
		s, err := azure.Open(a, o)
		if err != nil {
			return nil, err
		}
		return &Stores{Queues: s, Blobs: s.Blobs(), Ledger: s.Ledger(), close: s.Close}, nil
	}
	return p
}

// accountName is the account's, or the host of its service.
func accountName(a azure.Account) string {
	if a.Name != "" {
		return a.Name
	}
	for _, service := range []string{a.Blob, a.Queue} {
		if u, err := url.Parse(service); err == nil && u.Host != "" {
			return u.Host
		}
	}
	return "an account"
}
