// Thumbs makes thumbnails and one contact sheet of all pictures below a
// directory, decoding each in a process with limits:
//
//	go run ./examples/thumbs [-o OUT] DIR
//
// It knows JPEG, PNG, GIF (the first frame), WebP, BMP and TIFF, by their
// extensions. OUT, "thumbs" if not said otherwise, is a directory: it gets
// sheet.png, and a thumbnail of a/b.jpg as a/b.jpg.png. What is there already is
// replaced; when the program is stopped before its end, nothing is.
//
// A picture that can't be decoded is told on standard error with the cause, and
// makes the exit code 1; all others are done. Decoders are fed what strangers
// made, so the cause can be worse than an error: a small file that swells to
// gigabytes, one that takes forever, one that crashes its reader. Nobody looks
// for such files beforehand. A worker that exceeds -memory or -timeout is
// killed, one that crashes is dead anyway, and in each case another takes its
// place; -crash and -kill do harm on purpose. See testdata/bad.
//
// The files: main.go is the program, find.go what it works on, farm.go the pool,
// thumbnail.go what a worker does, output.go and sheet.go what is left, failure.go,
// cause.go and bar.go what a person sees.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"multiproc"
)

func main() { multiproc.Main(run) }

// options are what the command line says.
type options struct {
	dir, out    string
	side        int // pixels
	workers     int
	timeout     time.Duration
	memory      int64  // bytes
	crash, kill string // names of pictures
}

// usageError ends the program with the customary code 2.
type usageError struct{ error }

func (usageError) ExitCode() int { return 2 }

// run is the program, in the parent alone.
func run(ctx context.Context) error {
	opts, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return usageError{err}
	}
	names, failures := find(opts.dir, opts.out)
	if len(names)+len(failures) == 0 {
		return fmt.Errorf("no pictures below %s", opts.dir)
	}
	out, err := newOutput(opts.out)
	if err != nil {
		return err
	}
	defer out.discard() //nolint:errcheck // what can't be removed is the tracker's
	more, err := decode(ctx, names, opts, out)
	if err != nil {
		return err
	}
	return report(append(failures, more...), opts, out)
}

// report tells what can't be shown, and makes the rest appear.
func report(failures []failure, opts options, out *output) error {
	sortFailures(failures)
	for _, f := range failures {
		fmt.Fprintf(os.Stderr, "thumbs: %s\n", f.line(opts))
	}
	if len(out.names) > 0 {
		sheet, err := out.finish(opts.side)
		if err != nil {
			return err
		}
		fmt.Println(sheet)
	}
	if n := len(failures); n > 0 {
		return fmt.Errorf("%d of %d can't be shown", n, n+len(out.names))
	}
	return nil
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("thumbs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: thumbs [-o OUT] [more] DIR")
		flags.PrintDefaults()
	}
	flags.StringVar(&opts.out, "o", "thumbs", "`directory` for the thumbnails and sheet.png")
	flags.IntVar(&opts.side, "side", 160, "the longer side of a thumbnail, in `pixels`")
	flags.IntVar(&opts.workers, "workers", 0, "how many processes work at a time; 0: one for each processor")
	flags.DurationVar(&opts.timeout, "timeout", 10*time.Second, "for one picture")
	mega := flags.Int64("memory", 512, "`MiB` that a worker may use")
	flags.StringVar(&opts.crash, "crash", "", "let the worker crash that decodes the picture of this `name`")
	flags.StringVar(&opts.kill, "kill", "", "let it kill itself at the one of this `name`")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() != 1 || opts.side < 1 || opts.workers < 0 || opts.timeout <= 0 || *mega < 1 {
		flags.Usage()
		return opts, errors.New("one directory and positive numbers are needed")
	}
	opts.memory = *mega << 20
	opts.dir = flags.Arg(0)
	if same(opts.dir, opts.out) {
		return opts, errors.New("OUT must be another directory than DIR")
	}
	return opts, nil
}

func same(a, b string) bool {
	x, errA := filepath.Abs(a)
	y, errB := filepath.Abs(b)
	return errA == nil && errB == nil && x == y
}
