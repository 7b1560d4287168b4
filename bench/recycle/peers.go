package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

// runGunicorn recycles threaded workers by number of requests, as its users do
// against leaks.
func runGunicorn(ctx context.Context, stage *rig.Stage, s settings, which string) (outcome, error) {
	peers, err := install(ctx, stage, which)
	if err != nil {
		return outcome{}, err
	}
	port, err := rig.FreePort()
	if err != nil {
		return outcome{}, err
	}
	log, err := stage.Log(which)
	if err != nil {
		return outcome{}, err
	}
	defer log.Close()
	program := filepath.Join(peers, which, "bin", "gunicorn")
	address := fmt.Sprintf("127.0.0.1:%d", port)
	every := max(s.peerRequests/26, 1) // as often in all as in the field's own comparison
	p, err := rig.Start(rig.Command{
		Args: []string{
			program, "--bind", address, "--worker-class", "gthread", "--workers", "2", "--threads", "8",
			"--keep-alive", "75", "--max-requests", fmt.Sprint(every), "--max-requests-jitter", fmt.Sprint(every / 10), "app:application",
		},
		Dir: filepath.Join(stage.Root, "bench", "recycle"), Env: []string{"PYTHONDONTWRITEBYTECODE=1"}, Output: log,
	})
	if err != nil {
		return outcome{}, err
	}
	defer p.Stop(5 * time.Second)
	if err := rig.WaitOK(ctx, "http://"+address+"/work", 30*time.Second, p); err != nil {
		return outcome{}, err
	}
	plan := load.DefaultPlan(address)
	plan.Conns = s.conns
	restarts := func() int {
		text, _ := os.ReadFile(log.Name())
		return strings.Count(string(text), "Autorestarting worker")
	}
	summary, err := drive(ctx, plan, s.peerRequests, func() bool { return true }, restarts)
	return outcome{Version: version(program, "--version"), Replacements: restarts(), Load: summary}, err
}

// runPM2 reloads cluster workers of the Node example that outgrow a limit. pm2
// looks every 30 seconds, so this takes some minutes whatever the rate.
func runPM2(ctx context.Context, stage *rig.Stage, s settings) (outcome, error) {
	peers, err := install(ctx, stage, "pm2")
	if err != nil {
		return outcome{}, err
	}
	port, err := rig.FreePort()
	if err != nil {
		return outcome{}, err
	}
	home, err := stage.Scratch("pm2")
	if err != nil {
		return outcome{}, err
	}
	const wanted = 8 // replacements, of two workers
	env := append(os.Environ(), "PM2_HOME="+home, "PM2_DISCRETE_MODE=true")
	pm2 := func(args ...string) ([]byte, error) {
		cmd := exec.Command(filepath.Join(peers, "pm2", "node_modules", ".bin", "pm2"), args...)
		cmd.Env = env
		return cmd.Output()
	}
	ecosystem := filepath.Join(home, "ecosystem.config.json")
	config, _ := json.Marshal(map[string]any{"apps": []any{map[string]any{
		"name": "worker", "script": filepath.Join(stage.Dir, "node", "worker.js"), "exec_mode": "cluster", "instances": 2,
		"max_memory_restart": "120M", "kill_timeout": 10_000,
		// 60 MiB over the start in half of pm2's interval at 200 requests a second, 60 of them GETs of a worker.
		"env": map[string]string{"PORT": fmt.Sprint(port), "LEAK_KB": "64"},
	}}})
	if err := os.WriteFile(ecosystem, config, 0o644); err != nil {
		return outcome{}, err
	}
	defer pm2("kill")
	if out, err := pm2("start", ecosystem); err != nil {
		return outcome{}, fmt.Errorf("start pm2: %w\n%s", err, out)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := rig.WaitOK(ctx, "http://"+address+"/work", 30*time.Second, nil); err != nil {
		return outcome{}, err
	}
	plan := load.DefaultPlan(address)
	plan.Conns, plan.Rate = s.conns, 200
	var known atomic.Int64
	var asked atomic.Int64
	restarts := func() int {
		// Asking starts a Node program: not more often than every 5 seconds.
		if now := time.Now().Unix(); now-asked.Load() >= 5 {
			asked.Store(now)
			if out, err := pm2("jlist"); err == nil {
				known.Store(int64(restartsOf(out)))
			}
		}
		return int(known.Load())
	}
	begin := time.Now()
	summary, err := drive(ctx, plan, 0, func() bool {
		return restarts() >= wanted || time.Since(begin) > 4*time.Minute
	}, restarts)
	asked.Store(0)
	return outcome{Version: version("node", "-p", fmt.Sprintf("require(%q).version", filepath.Join(peers, "pm2", "node_modules", "pm2", "package.json"))), Replacements: restarts(), Load: summary}, err
}

// restartsOf sums what pm2's list says of its processes.
func restartsOf(list []byte) int {
	if at := strings.IndexByte(string(list), '['); at > 0 {
		list = list[at:]
	}
	var processes []struct {
		Env struct {
			Restarts int `json:"restart_time"`
		} `json:"pm2_env"`
	}
	json.Unmarshal(list, &processes)
	sum := 0
	for _, p := range processes {
		sum += p.Env.Restarts
	}
	return sum
}
