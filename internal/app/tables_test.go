package app

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/config"
)

func TestAnAppIsNamedAsPeopleKnowIt(t *testing.T) {
	for _, test := range []struct {
		why     string
		set     string
		environ []string
		command []string
		want    string
	}{
		{"what was set", "shop", []string{"WEBSITE_SITE_NAME=x"}, []string{"python", "app.py"}, "shop"},
		{"what the platform calls it", "", []string{"A=1", "WEBSITE_SITE_NAME=shop-func"}, []string{"python", "app.py"}, "shop-func"},
		{"OpenTelemetry's name before the platform's", "", []string{"WEBSITE_SITE_NAME=x", "OTEL_SERVICE_NAME=shop"}, []string{"app"}, "shop"},
		{"an empty variable is none", "", []string{"OTEL_SERVICE_NAME="}, []string{"/usr/bin/gunicorn", "app:app"}, "gunicorn"},
		{"a script", "", nil, []string{"python3.12", "-u", "/srv/app.py", "--port", "1"}, "app"},
		{"a module", "", nil, []string{"python", "-m", "uvicorn", "main:app"}, "uvicorn"},
		{"a text", "", nil, []string{"python3", "-c", "print(1)"}, "python3"},
		{"Node", "", nil, []string{"node", "server.js"}, "server"},
		{"Java", "", nil, []string{"java", "-Xmx1g", "-jar", "/opt/shop.jar"}, "shop"},
		{"env with variables", "", nil, []string{"env", "A=1", "app"}, "env"},
		{"an interpreter alone", "", nil, []string{"node"}, "node"},
		{"nothing", "", nil, nil, "worker"},
	} {
		if got := roleName(config.Run{RoleName: test.set, Command: test.command}, test.environ); got != test.want {
			t.Errorf("roleName, %s: got %q, want %q", test.why, got, test.want)
		}
	}
}
