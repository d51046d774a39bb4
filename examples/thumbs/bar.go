package main

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"multiproc/pool"
)

// A bar shows a pool's progress on a terminal; a nil one shows nothing.
type bar struct {
	screen *mpb.Progress
	line   *mpb.Bar
}

// newBar returns nil if tty is no terminal.
func newBar(tty *os.File, total int) *bar {
	info, err := tty.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	screen := mpb.New(mpb.WithOutput(tty), mpb.WithWidth(64))
	line := screen.AddBar(int64(total), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d ")),
		mpb.AppendDecorators(decor.Percentage()))
	return &bar{screen, line}
}

// update is the pool's Progress callback.
func (b *bar) update(p pool.Progress) {
	if b != nil {
		b.line.SetCurrent(int64(p.Done))
	}
}

// end takes the bar away, whatever it shows.
func (b *bar) end() {
	if b != nil {
		b.line.Abort(true)
		b.screen.Wait()
	}
}
