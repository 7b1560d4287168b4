package process

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// FreePort finds a TCP port of 127.0.0.1 that nobody listens on and taken does
// not know. It lies below the range from which the kernel takes the local ports
// of outgoing connections, so that none of these is in the way later.
func FreePort(taken func(int) bool) (int, error) {
	low, first := 32768, 20000
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var high int
		if n, _ := fmt.Sscan(string(text), &low, &high); n < 1 {
			low = 32768
		}
	}
	if low < first+1000 {
		first, low = 20000, 60000 // a machine with its own mind: anywhere then
	}
	for range 1000 {
		port := first + rand.IntN(low-first)
		if taken(port) {
			continue
		}
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		return port, nil
	}
	return 0, errors.New("no port of 127.0.0.1 is free")
}
