package main

import (
	"os"
	"time"
)

// A harm is what a worker does to itself, for a test or a curious reader.
type harm int

const (
	none harm = iota
	crash
	kill
)

func (h harm) strike() {
	switch h {
	case crash:
		go func() { panic("asked for by -crash") }() // no recover is above it
		time.Sleep(time.Minute)
	case kill:
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			self.Kill() //nolint:errcheck // nobody is left to be told
		}
		time.Sleep(time.Minute)
	}
}
