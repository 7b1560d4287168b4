package azure_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/store/azure"
)

// someKey is base64, and no account's.
const someKey = "c29tZSBrZXkgdGhhdCBubyBhY2NvdW50IGhhcw=="

func TestConnectionStringsThatAzureGives(t *testing.T) {
	emulated := azure.Account{Blob: "http://127.0.0.1:10000/devstoreaccount1", Queue: "http://127.0.0.1:10001/devstoreaccount1", Name: "devstoreaccount1"}
	for _, row := range []struct {
		reason, text string
		want         azure.Account // without Key, which has to be there if SAS is not
	}{
		{"as the portal shows it", "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=" + someKey + ";EndpointSuffix=core.windows.net", azure.Account{Blob: "https://acct.blob.core.windows.net", Queue: "https://acct.queue.core.windows.net", Name: "acct"}},
		{"the least", "AccountName=acct;AccountKey=" + someKey, azure.Account{Blob: "https://acct.blob.core.windows.net", Queue: "https://acct.queue.core.windows.net", Name: "acct"}},
		{"another cloud", "AccountName=acct;AccountKey=" + someKey + ";EndpointSuffix=core.chinacloudapi.cn;", azure.Account{Blob: "https://acct.blob.core.chinacloudapi.cn", Queue: "https://acct.queue.core.chinacloudapi.cn", Name: "acct"}},
		{"other case and spaces", " accountname=acct ; ACCOUNTKEY=" + someKey + " ; ", azure.Account{Blob: "https://acct.blob.core.windows.net", Queue: "https://acct.queue.core.windows.net", Name: "acct"}},
		{"an endpoint of its own", "AccountName=acct;AccountKey=" + someKey + ";BlobEndpoint=https://blobs.example.org/", azure.Account{Blob: "https://blobs.example.org", Queue: "https://acct.queue.core.windows.net", Name: "acct"}},
		{"a SAS with a question mark", "BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=?sv=2024&sig=abc%3D;TableEndpoint=https://acct.table.core.windows.net", azure.Account{Blob: "https://acct.blob.core.windows.net", SAS: "sv=2024&sig=abc%3D"}},
		{"the emulator", "UseDevelopmentStorage=true", emulated},
		{"the emulator on other ports", "UseDevelopmentStorage=true;BlobEndpoint=http://127.0.0.1:2/devstoreaccount1", azure.Account{Blob: "http://127.0.0.1:2/devstoreaccount1", Queue: emulated.Queue, Name: emulated.Name}},
		{"the emulator in another container", "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite", azure.Account{Blob: "http://azurite:10000/devstoreaccount1", Queue: "http://azurite:10001/devstoreaccount1", Name: emulated.Name}},
	} {
		got, err := azure.ParseConnection(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.reason, err)
			continue
		}
		if (got.Key == "") == (row.want.SAS == "") {
			t.Errorf("%s: a key is there: %t, want %t", row.reason, got.Key != "", row.want.SAS == "")
		}
		got.Key = ""
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.reason, diff)
		}
		if _, err := azure.Open(got, azure.Options{Encoding: "utf-16"}); err == nil || !strings.Contains(err.Error(), "utf-16") {
			t.Errorf("Open with an encoding that is none: %v", err)
		}
	}
}

func TestConnectionStringsThatAreWrongNameThePartAndNotTheValue(t *testing.T) {
	const secret = "s3cr3tS3CR3T"
	for _, row := range []struct{ text, want string }{
		{"", "it is empty"},
		{" ; ;", "it is empty"},
		{secret + "==", "part 1"},
		{"AccountName=acct;" + secret + ";AccountKey=" + someKey, "part 2"},
		{"AccountName=acct;AcountKey=" + secret, "part 2"},
		{"AccountName=acct;AccountKey=", "AccountKey is empty"},
		{"AccountName=acct;AccountKey=" + secret + "!", "AccountKey is not base64"},
		{"AccountName=acct", "neither AccountKey nor SharedAccessSignature"},
		{"AccountKey=" + someKey + ";BlobEndpoint=https://h", "no AccountName"},
		{"AccountName=acct;AccountName=" + secret + ";AccountKey=" + someKey, "AccountName stands there twice"},
		{"AccountName=" + secret + ";AccountKey=" + someKey, "AccountName has a wrong character at 7"},
		{"AccountName=acct;AccountKey=" + someKey + ";SharedAccessSignature=sig=" + secret, "both"},
		{"AccountName=acct;SharedAccessSignature=" + secret, "SharedAccessSignature has no signature"},
		{"SharedAccessSignature=sv=1&sig=" + secret, "where the account is"},
		{"BlobEndpoint=" + secret + ";SharedAccessSignature=sig=x", "BlobEndpoint is no URL"},
		{"QueueEndpoint=ftp://" + secret + ";SharedAccessSignature=sig=x", "QueueEndpoint is no URL"},
		{"BlobEndpoint=https://h/?sig=" + secret + ";SharedAccessSignature=sig=x", "BlobEndpoint holds more"},
		{"BlobEndpoint=https://u:" + secret + "@h;SharedAccessSignature=sig=x", "BlobEndpoint holds more"},
		{"DefaultEndpointsProtocol=" + secret + ";AccountName=acct;AccountKey=" + someKey, "DefaultEndpointsProtocol"},
		{"EndpointSuffix=/" + secret + ";AccountName=acct;AccountKey=" + someKey, "EndpointSuffix"},
		{"UseDevelopmentStorage=" + secret, "UseDevelopmentStorage is not true"},
		{"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=" + secret, "DevelopmentStorageProxyUri is no URL"},
	} {
		_, err := azure.ParseConnection(row.text)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("ParseConnection(%q): %v, want an error with %q", row.text, err, row.want)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("ParseConnection(%q) repeats the value: %v", row.text, err)
		}
		if _, hint, _ := strings.Cut(err.Error(), "\nhint: "); hint == "" {
			t.Errorf("ParseConnection(%q) has no hint: %v", row.text, err)
		}
	}
}

func TestAnAccountPrintsWithoutItsSecrets(t *testing.T) {
	a, err := azure.ParseConnection("AccountName=acct;AccountKey=" + someKey)
	must(t, "ParseConnection", err)
	b, err := azure.ParseConnection("BlobEndpoint=https://h;SharedAccessSignature=sv=1&sig=" + someKey)
	must(t, "ParseConnection", err)
	asJSON, err := json.Marshal([]azure.Account{a, b})
	must(t, "Marshal", err)
	for _, text := range []string{fmt.Sprint(a, b), fmt.Sprintf("%+v %#v %q %s %x", a, b, a, a.Key, b.SAS), string(asJSON)} {
		if strings.Contains(text, someKey) || strings.Contains(text, fmt.Sprintf("%x", someKey)) || !strings.Contains(text, "***") {
			t.Errorf("it prints as %s", text)
		}
	}
}

func FuzzAConnectionStringIsNeverRepeated(f *testing.F) {
	const secret = "Zx9Qk7Wv3PzT"
	for _, seed := range [][2]string{{"AccountName=a;AccountKey=", "==;"}, {"", ""}, {"BlobEndpoint=https://", "/;SharedAccessSignature=sig=1"}, {"UseDevelopmentStorage=true;", "=1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		a, err := azure.ParseConnection(before + secret + after)
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats what was given: %v", err)
			}
			return
		}
		if a.Blob == "" && a.Queue == "" || a.Key == "" && a.SAS == "" {
			t.Errorf("an account that can't be used was taken: %+v", a)
		}
		s, err := azure.Open(a, azure.Options{})
		if err != nil {
			t.Fatalf("Open of what ParseConnection took: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
