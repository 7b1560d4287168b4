package proxy_test

import "time"

// highest is the highest resident set seen until stop.
func highest(stop chan struct{}) int64 {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var most int64
	for {
		if n, err := readResident(); err == nil {
			most = max(most, n)
		}
		select {
		case <-tick.C:
		case <-stop:
			return most
		}
	}
}
