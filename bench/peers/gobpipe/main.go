// Gobpipe is the peer that one writes by hand: workers started with os/exec that
// speak gob over their standard streams. It is fast and does nothing else: no
// limits, no cancelling, no errors that cross, no new worker for a dead one.
package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"

	"multiproc/bench/internal/serve"
)

// A message is a task or a result: a number, numbers or bytes.
type message struct {
	N     int
	Chunk []int
	Bytes []byte
}

const workerArg = "worker"

func main() {
	run := func() error { return serve.Serve(os.Stdin, os.Stdout, open) }
	if len(os.Args) > 1 && os.Args[1] == workerArg {
		run = work
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gobpipe:", err)
		os.Exit(1)
	}
}

// work is a worker. It flushes when there is nothing left to read.
func work() error {
	in, out := bufio.NewReaderSize(os.Stdin, 64<<10), bufio.NewWriterSize(os.Stdout, 64<<10)
	dec, enc := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var m message
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for i, n := range m.Chunk {
			m.Chunk[i] = serve.Square(n)
		}
		m.N = serve.Square(m.N)
		if err := enc.Encode(&m); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}
