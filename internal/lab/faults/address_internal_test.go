package faults

import (
	"strings"
	"testing"
)

func TestAnAddressStaysWhatItIsButForItsHost(t *testing.T) {
	for _, test := range []struct {
		why, address, host, at string
		web                    bool
	}{
		{"a service", "http://10.0.0.7:8080/api/v1?key=a%2Fb", "10.0.0.7:8080", "http://HERE/api/v1?key=a%2Fb", true},
		{"a port that goes without saying", "http://orders", "orders:80", "http://HERE", true},
		{"a certificate is for another name", "https://orders.example/x", "orders.example:443", "http://HERE/x", true},
		{"an address of version 6", "http://[::1]:80/", "[::1]:80", "http://HERE/", true},
		{"a database with its user", "postgres://me:p@ss%21@db:5432/shop?sslmode=disable", "db:5432", "postgres://me:p@ss%21@HERE/shop?sslmode=disable", false},
		{"a cache", "redis://cache:6379", "cache:6379", "redis://HERE", false},
		{"a host and a port", "localhost:5432", "localhost:5432", "HERE", false},
	} {
		got, err := parse(test.address)
		if err != nil || got.host != test.host || got.web != test.web || got.at("HERE") != test.at {
			t.Errorf("%s: parse(%q) = %+v, %v; at(HERE) = %q; want host %q, web %v and %q", test.why, test.address, got, err, got.at("HERE"), test.host, test.web, test.at)
		}
	}
	for why, address := range map[string]string{
		"nothing": "", "no port": "db", "a port that is none": "db:sql", "port 0": "db:0", "a port beyond all": "db:70000", "no host": ":5432",
		"a database without its port": "postgres://db/shop", "no host in a URL": "http:///x", "a form of its own": "me:secret@tcp(db:3306)/shop",
		"several hosts": "kafka1:9092,kafka2:9092", "a URL that is none": "http://me:secret@h:port/%zz",
	} {
		got, err := parse(address)
		if err == nil {
			t.Errorf("%s: parse(%q) = %+v, want an error", why, address, got)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the address: %v", why, err)
		}
	}
}

// Only the host and the port are the proxy's, whatever the address.
func FuzzAnAddress(f *testing.F) {
	for _, s := range []string{"http://u:p@h:1/x?y#z", "redis://h:1", "h:1", "https://h", "x://[::1]:5/", "http://a@b@c:1/@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := parse(address)
		if err != nil {
			if len(address) > 60 && strings.Contains(err.Error(), address) {
				t.Errorf("parse(%q) quotes it: %v", address, err)
			}
			return
		}
		again, err := parse(got.at("127.0.0.1:9"))
		if err != nil || again.host != "127.0.0.1:9" || again.web != got.web || again.after != got.after || again.before != got.before {
			t.Errorf("parse(%q) = %+v, but at another host it is %+v, %v", address, got, again, err)
		}
		if !strings.HasSuffix(address, got.after) {
			t.Errorf("parse(%q) = %+v: its end is another", address, got)
		}
	})
}
