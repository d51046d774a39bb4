package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed peers/cpython/pool.py
var script string

// A program is a peer that has not been started.
type program struct {
	name string
	argv []string
}

// ours is the name of the one that the others are compared with.
const ours = "multiproc"

// build compiles those of the peers that are written in Go, into a directory
// that cleanup removes, and looks for CPython.
func build(ctx context.Context, python string) (programs []program, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, nil, err
	}
	cleanup = func() { os.RemoveAll(dir) } //nolint:errcheck // it is below os.TempDir
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator),
		"multiproc/bench/peers/multiproc", "multiproc/bench/peers/gobpipe", "multiproc/bench/peers/goplugin")
	if out, err := cmd.CombinedOutput(); err != nil {
		cleanup()
		return nil, nil, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	programs = []program{
		{ours, []string{filepath.Join(dir, "multiproc")}},
		{"gob over pipes", []string{filepath.Join(dir, "gobpipe")}},
		{"go-plugin net/rpc", []string{filepath.Join(dir, "goplugin"), "netrpc"}},
		{"go-plugin gRPC", []string{filepath.Join(dir, "goplugin"), "grpc"}},
	}
	if path, err := exec.LookPath(python); err == nil {
		programs = append(programs,
			program{"CPython Pool", []string{path, "-c", script}},
			program{"CPython ProcessPoolExecutor", []string{path, "-c", script, "executor"}})
	} else {
		fmt.Fprintln(os.Stderr, "bench: without CPython:", err)
	}
	return programs, cleanup, nil
}
