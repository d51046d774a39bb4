package main

import "multiproc/bench/internal/serve"

// An op is what is measured.
type op struct {
	name string
	what serve.Command
	aims map[string]float64 // how many times what a peer takes is aimed at
}

const (
	cpython = "CPython Pool"
	netRPC  = "go-plugin net/rpc"
)

// few are measured with the same two workers, in rounds.
var few = []op{
	{"one task, there and back", serve.Command{Do: "call", N: 2000}, map[string]float64{cpython: 25, netRPC: 12}},
	{"a tiny task of many, unchunked", serve.Command{Do: "map", N: 10_000, Chunk: 1}, map[string]float64{cpython: 20}},
	{"a tiny task of many, chunked", serve.Command{Do: "map", N: 200_000}, map[string]float64{cpython: 3}},
	{"1 MiB, there and back", serve.Command{Do: "echo", N: 20, Size: 1 << 20}, map[string]float64{cpython: 5}},
}

// Others are measured with pools of their own: their names.
const (
	opened    = "two workers: from none to the first result"
	closed    = "two workers: from idle to ended"
	idle      = "memory of an idle worker"
	manyOpen  = "%d workers: from none to the first result"
	manyBusy  = "%d workers: all have had work"
	manyTasks = "%d workers: a tiny task of many, unchunked"
	manyIdle  = "%d workers: memory of one"
	manyClose = "%d workers: from idle to ended"
)

// smaller is c with its numbers divided, for tests.
func smaller(c serve.Command, by int) serve.Command {
	c.N = max(1, c.N/by)
	return c
}
