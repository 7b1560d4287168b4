package azure_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/store/azure"
)

func lookup(settings map[string]string) func(string) string {
	return func(key string) string { return settings[key] }
}

func TestSettingsAsAzureFunctionsHasThem(t *testing.T) {
	own := azure.Account{Blob: "https://acct.blob.core.windows.net", Queue: "https://acct.queue.core.windows.net"}
	with := func(change func(*azure.Account)) azure.Account { a := own; change(&a); return a }
	for _, row := range []struct {
		reason   string
		settings map[string]string
		want     azure.Account
	}{
		{"a connection string", map[string]string{"Work": "BlobEndpoint=https://h;SharedAccessSignature=sig=x"}, azure.Account{Blob: "https://h", SAS: "sig=x"}},
		{"under its old name", map[string]string{"AzureWebJobsWork": "BlobEndpoint=https://h;SharedAccessSignature=sig=x"}, azure.Account{Blob: "https://h", SAS: "sig=x"}},
		{"an account's name", map[string]string{"Work__accountName": "acct"}, with(func(a *azure.Account) { a.Identity = azure.Ambient })},
		{"its services", map[string]string{"Work__blobServiceUri": "https://acct.blob.core.windows.net/", "Work__queueServiceUri": "https://acct.queue.core.windows.net"}, with(func(a *azure.Account) { a.Identity = azure.Ambient })},
		{"one service", map[string]string{"Work__serviceUri": "https://acct.queue.core.windows.net"}, azure.Account{Queue: own.Queue, Identity: azure.Ambient}},
		{"a managed identity", map[string]string{"Work__accountName": "acct", "Work__credential": "managedidentity", "Work__clientId": "id"}, with(func(a *azure.Account) { a.Identity, a.ClientID = azure.Managed, "id" })},
		{"a workload identity", map[string]string{"AzureWebJobsWork__accountName": "acct", "AzureWebJobsWork__credential": "WorkloadIdentity", "AzureWebJobsWork__tenantId": "t"}, with(func(a *azure.Account) { a.Identity, a.TenantID = azure.Workload, "t" })},
	} {
		got, err := azure.FromSettings("Work", lookup(row.settings))
		if err != nil {
			t.Errorf("%s: %v", row.reason, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.reason, diff)
		}
	}
}

func TestSettingsThatAreWrongAreAllNamed(t *testing.T) {
	const secret = "s3cr3tS3CR3T"
	for _, row := range []struct {
		settings map[string]string
		want     []string
	}{
		{nil, []string{"setting Work is not there"}},
		{map[string]string{"Work": "AccountKey=" + secret + "!"}, []string{"connection Work: connection string: AccountKey"}},
		{
			map[string]string{"Work__accountName": "A B", "Work__credential": secret, "Work__serviceUri": "https://" + secret, "Work__blobServiceUri": "http://" + secret},
			[]string{"setting Work__accountName", "setting Work__credential", "setting Work__serviceUri", "setting Work__blobServiceUri"},
		},
		{map[string]string{"Work__accountName": "acct", "Work__clientId": "id"}, []string{"Work__clientId"}},
		{map[string]string{"Work__accountName": "acct", "Work__clientSecret": secret}, []string{"Work__clientSecret"}},
		{map[string]string{"Work__accountName": "acct", "Work__credential": "managedidentity", "Work__tenantId": "t"}, []string{"Work__tenantId"}},
		{map[string]string{"Work__credential": "managedidentity"}, []string{"setting Work is not there"}},
	} {
		_, err := azure.FromSettings("Work", lookup(row.settings))
		for _, want := range row.want {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "\nhint: ") {
				t.Errorf("FromSettings of %d settings: %v, want %q and a hint", len(row.settings), err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("it repeats a value: %v", err)
		}
	}
}
