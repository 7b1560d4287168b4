// Command goworker serves pretended requests and keeps what its mechanism keeps: one subject of the recorder.
//
// Each tenth of a second it prints: requests served, bytes that it has leaked,
// goroutines, bytes of live heap and of heap held.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		os.Exit(2)
	}
	mechanism := os.Args[1]
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		os.Exit(2)
	}
	kept := map[int][]byte{}
	served, leaked := 0, 0
	var stats runtime.MemStats
	for {
		for range 10 {
			served++
			body := make([]byte, size)
			for i := range body {
				body[i] = 1
			}
			switch mechanism {
			case "map":
				kept[served] = body
				leaked += size
			case "goroutine":
				go func() {
					<-make(chan int)
					body[0] = 2
				}()
				leaked += size
			case "lru":
				kept[served%700] = make([]byte, 16*size)
				copy(kept[served%700], body)
			case "garbage":
				body = make([]byte, 64*size)
				body[served%len(body)] = 1
			case "clean":
			default:
				os.Exit(2)
			}
		}
		runtime.ReadMemStats(&stats)
		fmt.Println(served, leaked, runtime.NumGoroutine(), stats.HeapAlloc, stats.HeapSys-stats.HeapReleased)
		time.Sleep(100 * time.Millisecond)
	}
}
