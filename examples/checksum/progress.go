package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// progress is a bar on a terminal. It is safe for concurrent use; a nil one
// draws nothing.
type progress struct {
	mu    sync.Mutex // guards what follows
	out   io.Writer
	files int   // done
	work  int64 // done
	total int64
	of    int
	drawn string // the line that the terminal shows
}

// perFile is what a file costs beside its bytes, in bytes: so that a tree of
// small or empty files has a bar that moves, too.
const perFile = 4 << 10

// newProgress returns nil if tty is no terminal.
func newProgress(tty *os.File, files []file) *progress {
	info, err := tty.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	p := &progress{out: tty, of: len(files)}
	for _, f := range files {
		p.total += f.size + perFile
	}
	return p
}

// add counts what has been done and draws the bar if that changes it.
func (p *progress) add(files int, bytes int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files += files
	p.work += bytes + perFile*int64(files)
	const width = 40
	full := int(width * p.work / max(p.total, 1))
	line := fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat(" ", width-full), 100*p.work/max(p.total, 1))
	if line != p.drawn {
		p.drawn = line
		fmt.Fprintf(p.out, "\r%s %d/%d", line, p.files, p.of)
	}
}

// clear takes the bar away, until the next add.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = ""
	}
}
