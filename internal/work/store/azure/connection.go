package azure

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The parts of a connection string that are read. Names are compared without
// regard to case.
const (
	partProtocol = "DefaultEndpointsProtocol"
	partName     = "AccountName"
	partKey      = "AccountKey"
	partSuffix   = "EndpointSuffix"
	partBlob     = "BlobEndpoint"
	partQueue    = "QueueEndpoint"
	partSAS      = "SharedAccessSignature"
	partEmulator = "UseDevelopmentStorage"
	partProxy    = "DevelopmentStorageProxyUri"
)

// parts are all that Azure knows; those without a constant are of services that
// stanch doesn't use.
func parts() []string {
	return []string{
		partProtocol, partName, partKey, partSuffix, partBlob, partQueue, partSAS, partEmulator, partProxy,
		"TableEndpoint", "FileEndpoint", "BlobSecondaryEndpoint", "QueueSecondaryEndpoint", "TableSecondaryEndpoint", "FileSecondaryEndpoint",
	}
}

// emulatorName and emulatorKey are public: every emulator has them.
const (
	emulatorName = "devstoreaccount1"
	emulatorKey  = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// ParseConnection reads a connection string of Azure Storage: an account's name
// and key or a SAS, with the endpoints of Azure or with its own, or
// UseDevelopmentStorage=true. Its errors name the part that is wrong, or its
// place, and never repeat what stands there.
func ParseConnection(text string) (Account, error) {
	a, err := parseConnection(text)
	if err != nil {
		return Account{}, fmt.Errorf("connection string: %w", err)
	}
	return a, nil
}

func parseConnection(text string) (Account, error) {
	given, err := split(text)
	if err != nil {
		return Account{}, err
	}
	a := Account{Name: given[partName], Key: Secret(given[partKey]), SAS: Secret(strings.TrimPrefix(given[partSAS], "?"))}
	if flag, ok := given[partEmulator]; ok {
		if !strings.EqualFold(flag, "true") {
			return Account{}, fmt.Errorf("%s is not true\nhint: leave it out, or write %s=true", partEmulator, partEmulator)
		}
		if err := a.emulate(given); err != nil {
			return Account{}, err
		}
	} else if err := a.locate(given); err != nil {
		return Account{}, err
	}
	for part, to := range map[string]*string{partBlob: &a.Blob, partQueue: &a.Queue} {
		if endpoint, ok := given[part]; ok {
			if *to, err = serviceURL(part, endpoint); err != nil {
				return Account{}, err
			}
		}
	}
	return a, a.check()
}

// split takes a connection string apart.
func split(text string) (map[string]string, error) {
	given := map[string]string{}
	for i, part := range strings.Split(text, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		known := slices.IndexFunc(parts(), func(p string) bool { return strings.EqualFold(p, strings.TrimSpace(name)) })
		switch {
		case !found || known < 0:
			// The name isn't said: where a bare key was pasted, it is the key.
			return nil, fmt.Errorf("part %d is none that Azure Storage knows\nhint: NAME=VALUE with semicolons between, and names such as %s, %s, %s", i+1, partName, partKey, partBlob)
		case value == "":
			return nil, fmt.Errorf("%s is empty\nhint: give it a value, or leave it out", parts()[known])
		}
		if _, twice := given[parts()[known]]; twice {
			return nil, fmt.Errorf("%s stands there twice\nhint: leave one out", parts()[known])
		}
		given[parts()[known]] = value
	}
	if len(given) == 0 {
		return nil, errors.New("it is empty\nhint: copy it from the account's access keys, or write UseDevelopmentStorage=true for Azurite")
	}
	return given, nil
}

// emulate fills in what every emulator has.
func (a *Account) emulate(given map[string]string) error {
	host := "http://127.0.0.1"
	if proxy, ok := given[partProxy]; ok {
		base, err := serviceURL(partProxy, proxy)
		if err != nil {
			return err
		}
		host = base
	}
	if a.Name == "" && a.Key == "" && a.SAS == "" {
		a.Name, a.Key = emulatorName, emulatorKey
	}
	a.Blob, a.Queue = host+":10000/"+emulatorName, host+":10001/"+emulatorName
	return nil
}

// locate is where Azure keeps an account that doesn't say it.
func (a *Account) locate(given map[string]string) error {
	protocol, suffix := "https", "core.windows.net"
	if p, ok := given[partProtocol]; ok {
		if protocol = strings.ToLower(p); protocol != "https" && protocol != "http" {
			return fmt.Errorf("%s is neither https nor http\nhint: https", partProtocol)
		}
	}
	if s, ok := given[partSuffix]; ok {
		if suffix = s; strings.ContainsAny(s, "/:?#@ ") {
			return fmt.Errorf("%s is no name of a domain\nhint: core.windows.net", partSuffix)
		}
	}
	if a.Name != "" {
		a.Blob = protocol + "://" + a.Name + ".blob." + suffix
		a.Queue = protocol + "://" + a.Name + ".queue." + suffix
	}
	return nil
}

// serviceURL holds an endpoint to scheme, host and path.
func serviceURL(part, text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%s is no URL\nhint: https://HOST or http://HOST:PORT/ACCOUNT", part)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%s holds more than host and path\nhint: a SAS belongs in %s", part, partSAS)
	}
	return strings.TrimSuffix(text, "/"), nil
}

func (a Account) check() error {
	name := strings.IndexFunc(a.Name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' })
	_, decoding := base64.StdEncoding.DecodeString(string(a.Key))
	query, parsing := url.ParseQuery(string(a.SAS))
	switch {
	case name >= 0:
		return fmt.Errorf("%s has a wrong character at %d\nhint: lower-case letters and digits", partName, name+1)
	case a.Key != "" && a.SAS != "":
		return fmt.Errorf("both %s and %s are there\nhint: leave one out", partKey, partSAS)
	case a.Key != "" && a.Name == "":
		return fmt.Errorf("%s is there, but no %s\nhint: add %s=…", partKey, partName, partName)
	case decoding != nil:
		return fmt.Errorf("%s is not base64\nhint: copy the whole key, with the = at its end", partKey)
	case a.SAS != "" && (parsing != nil || query.Get("sig") == ""):
		return fmt.Errorf("%s has no signature\nhint: sv=…&sig=…, as the portal shows it", partSAS)
	case a.Key == "" && a.SAS == "":
		return fmt.Errorf("neither %s nor %s is there\nhint: add one, or name the account in settings and use an identity", partKey, partSAS)
	case a.Blob == "" && a.Queue == "":
		return fmt.Errorf("it doesn't say where the account is\nhint: add %s, or %s and %s", partName, partBlob, partQueue)
	}
	return nil
}
