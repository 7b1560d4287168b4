package azure

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

// A managed identity is asked for a token as App Service offers it, and the token
// goes to the account, and nowhere else. Both servers are fakes: Azure's can't be
// had here.
func TestAManagedIdentityIsAskedForAToken(t *testing.T) {
	const token = "t0k3nT0K3N"
	var mu sync.Mutex
	var asked []string
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Query().Get("client_id")+" for "+r.URL.Query().Get("resource"))
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_on":"%d","resource":"x","token_type":"Bearer"}`, token, time.Now().Add(time.Hour).Unix())
	}))
	defer issuer.Close()
	t.Setenv("IDENTITY_ENDPOINT", issuer.URL)
	t.Setenv("IDENTITY_HEADER", "x")
	var status atomic.Int32
	status.Store(http.StatusOK)
	account := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s %s came without the token", r.Method, r.URL.Path)
		}
		w.WriteHeader(int(status.Load()))
	}))
	account.Config.ErrorLog = log.New(io.Discard, "", 0)
	account.StartTLS()
	defer account.Close()

	_, port, _ := strings.Cut(strings.TrimPrefix(issuer.URL, "http://"), ":")
	id := "id-" + port // azidentity keeps tokens for the whole process: another run of this test has another id
	settings := map[string]string{"Work__blobServiceUri": account.URL, "Work__queueServiceUri": account.URL, "Work__credential": "managedidentity", "Work__clientId": id}
	a, err := FromSettings("Work", func(key string) string { return settings[key] })
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.client.Transport.(*http.Transport).TLSClientConfig = account.Client().Transport.(*http.Transport).TLSClientConfig
	name := blob.Name{Container: "box", Path: "x"}
	if _, err := s.Blobs().Stat(t.Context(), name); err != nil {
		t.Errorf("Stat by an identity: %v", err)
	}
	if err := s.Clear(t.Context(), "jobs"); err == nil || !strings.Contains(err.Error(), "(200)") { // 204 is what a queue answers
		t.Errorf("Clear by an identity, of a server that is no queue: %v, want its status", err)
	}
	status.Store(http.StatusForbidden)
	_, err = s.Blobs().Stat(t.Context(), name)
	if err == nil || !strings.Contains(err.Error(), "\nhint: ") || strings.Contains(err.Error(), token) {
		t.Errorf("Stat of what the identity may not see: %v, want a hint, and no token", err)
	}
	if len(asked) == 0 || asked[0] != id+" for https://storage.azure.com" {
		t.Errorf("the identity was asked %q, want %s for https://storage.azure.com", asked, id)
	}

	issuer.Close() // no token to be had: it may come back
	a.ClientID = "other-" + id
	other, err := Open(a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.client.Transport.(*http.Transport).TLSClientConfig = account.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := other.Blobs().Stat(t.Context(), name); err == nil || !strings.Contains(err.Error(), "unavailable") || !strings.Contains(err.Error(), "ManagedIdentity") {
		t.Errorf("Stat without a token: %v, want that it is unavailable", err)
	}
}

func TestIdentitiesThatCantBeAreToldAtOpen(t *testing.T) {
	a := Account{Blob: "https://h", Identity: "magic"}
	if _, err := Open(a, Options{}); err == nil || !strings.Contains(err.Error(), "\nhint: managedidentity") {
		t.Errorf("Open as %q: %v, want a hint", a.Identity, err)
	}
	for _, v := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"} {
		t.Setenv(v, "")
	}
	a.Identity = Workload
	if _, err := Open(a, Options{}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("Open as a workload identity without its variables: %v, want one line that says so", err)
	}
	if _, err := Open(Account{}, Options{}); err == nil {
		t.Error("Open of an account that is nowhere was taken")
	}
}
