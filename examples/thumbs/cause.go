package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"multiproc"
	"multiproc/pool"
)

// cause says in one line why there is no thumbnail.
func cause(err error, opts options) string {
	text := err.Error()
	died, dead := errors.AsType[*multiproc.ExitError](err)
	file, unreadable := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, pool.ErrTaskTimeout), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("timed out after %v", opts.timeout)
	case errors.Is(err, pool.ErrOutOfMemory):
		return fmt.Sprintf("out of memory: the worker needed more than %d MiB", opts.memory>>20)
	case dead:
		text = "the worker died: " + died.Status.String()
		if line := fatal(died.Crash); line != "" {
			text += ": " + line
		}
	case unreadable:
		text = file.Op + ": " + file.Err.Error()
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// fatal is the line of a crash text that says what was fatal.
func fatal(crash string) string {
	for line := range strings.Lines(crash) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
