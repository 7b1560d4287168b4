package egress

import "strings"

// direct is what never goes through the proxy: this machine, and the address
// where clouds tell a machine about itself.
const direct = "localhost,127.0.0.1,::1,169.254.169.254"

// Env is a worker's environment in which its calls go through the proxy at
// address: HTTP_PROXY and HTTPS_PROXY in both spellings, and NO_PROXY with what
// was in it. The worker's id stands in the proxy's URL as the user's name.
func Env(environ []string, address, worker string) []string {
	var kept []string
	except := direct
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(name) {
		case "http_proxy", "https_proxy", "node_use_env_proxy":
			continue
		case "no_proxy":
			if value != "" && !strings.Contains(except, value) {
				except += "," + value
			}
			continue
		}
		kept = append(kept, pair)
	}
	url := "http://" + worker + ":stanch@" + address
	return append(kept,
		"HTTP_PROXY="+url, "http_proxy="+url, "HTTPS_PROXY="+url, "https_proxy="+url,
		"NO_PROXY="+except, "no_proxy="+except,
		"NODE_USE_ENV_PROXY=1") // or Node's own fetch looks at none of them
}
