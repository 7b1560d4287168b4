package wire_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// fact is one line of testdata/original.tsv: a field or a value of an enum in the
// original definition (azure-functions-language-worker-protobuf, commit 2a3fb29).
type fact struct{ number, kind, oneof string }

func original(t *testing.T) map[string]fact {
	t.Helper()
	table, err := os.ReadFile("testdata/original.tsv")
	if err != nil {
		t.Fatal(err)
	}
	facts := map[string]fact{}
	for line := range strings.Lines(string(table)) {
		c := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		facts[c[0]+" "+c[1]+" "+c[2]] = fact{number: c[3], kind: c[4], oneof: c[5]}
	}
	return facts
}

func TestNamesAndNumbersAreThoseOfTheOriginal(t *testing.T) {
	facts := original(t)
	file := wire.File_functionrpc_proto
	seen := 0
	check := func(key string, got fact) {
		t.Helper()
		seen++
		if want, found := facts[key]; !found || want != got {
			t.Errorf("%s: got %v, the original has %v (%v)", key, got, want, found)
		}
	}
	enums := func(list protoreflect.EnumDescriptors) {
		for i := range list.Len() {
			values := list.Get(i).Values()
			for j := range values.Len() {
				v := values.Get(j)
				check("enum "+local(list.Get(i))+" "+string(v.Name()), fact{strconv.Itoa(int(v.Number())), "-", "-"})
			}
		}
	}
	enums(file.Enums())
	for i := range file.Messages().Len() {
		m := file.Messages().Get(i)
		enums(m.Enums())
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			oneof := "-"
			if o := f.ContainingOneof(); o != nil {
				oneof = string(o.Name())
			}
			check("field "+local(m)+" "+string(f.Name()), fact{strconv.Itoa(int(f.Number())), kind(m, f), oneof})
		}
	}
	if seen < 150 {
		t.Errorf("compared %d names, want at least 150", seen)
	}
	service := file.Services().Get(0)
	if got, want := string(service.FullName())+"/"+string(service.Methods().Get(0).Name()), "AzureFunctionsRpcMessages.FunctionRpc/EventStream"; got != want {
		t.Errorf("method: got %s, want %s", got, want)
	}
	if m := service.Methods().Get(0); !m.IsStreamingClient() || !m.IsStreamingServer() {
		t.Error("EventStream does not stream both ways")
	}
}

func local(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), "AzureFunctionsRpcMessages.")
}

// kind is a field's type as the definition's text has it.
func kind(in protoreflect.Descriptor, f protoreflect.FieldDescriptor) string {
	one := func(f protoreflect.FieldDescriptor) string {
		switch {
		case f.Enum() != nil:
			return strings.TrimPrefix(local(f.Enum()), local(in)+".")
		case f.Message() != nil:
			return local(f.Message())
		}
		return f.Kind().String()
	}
	switch {
	case f.IsMap():
		return "map<" + one(f.MapKey()) + "," + one(f.MapValue()) + ">"
	case f.IsList():
		return "repeated " + one(f)
	}
	return one(f)
}
