package pattern

// Claims are the routes that are taken. The zero value is none.
type Claims struct{ taken map[string]string }

// Take takes a route for methods in capitals, all if there are none, for a
// function. If another function has it for one of them, that function is returned
// and the method, and nothing is taken.
func (c *Claims) Take(p Pattern, methods []string, function string) (other, method string, clash bool) {
	if len(methods) == 0 {
		methods = Methods()
	}
	shape := p.shape()
	for _, method := range methods {
		if other, taken := c.taken[method+" "+shape]; taken && other != function {
			return other, method, true
		}
	}
	if c.taken == nil {
		c.taken = map[string]string{}
	}
	for _, method := range methods {
		c.taken[method+" "+shape] = function
	}
	return "", "", false
}

// Methods are those that a function may have.
func Methods() []string {
	return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
}
