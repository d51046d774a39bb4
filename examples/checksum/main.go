// Checksum prints the SHA-256 of every regular file below a directory, as
// sha256sum would, sorted by path. The work is done by child processes:
//
//	go run ./examples/checksum [-workers N] [-sabotage] DIR
//
// Symbolic links are not followed. A file or directory that can't be read is
// told on standard error and makes the exit code 1; all others are done. With
// -sabotage one worker is killed in the middle of its work, which changes
// nothing of the output: what a dead worker had in hand is given to another.
//
// The files: main.go is the program, tree.go finds and divides the work, farm.go
// gives it to children, hash.go is what a child does, format.go and progress.go
// are what a person sees.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"

	"multiproc"
)

// hash runs hashBatch in a child process.
var hash = multiproc.NewFunc("hash", hashBatch)

func main() { multiproc.Main(run) }

// options are what the command line says.
type options struct {
	workers  int
	sabotage bool
	dir      string
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
	files, failures := find(opts.dir)
	f := &farm{
		files:    files,
		sums:     make([]sum, len(files)),
		progress: newProgress(os.Stderr, files),
	}
	f.sabotage.Store(opts.sabotage)
	err = f.run(ctx, opts.workers)
	f.progress.clear()
	if err != nil {
		return err
	}
	return report(f, failures)
}

func parse(args []string, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("checksum", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: checksum [-workers N] [-sabotage] DIR")
		flags.PrintDefaults()
	}
	flags.IntVar(&opts.workers, "workers", runtime.GOMAXPROCS(0), "how many processes work at a time")
	flags.BoolVar(&opts.sabotage, "sabotage", false, "kill one of them in the middle of its work")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() != 1 || opts.workers < 1 {
		flags.Usage()
		return opts, errors.New("one directory and at least one worker are needed")
	}
	opts.dir = flags.Arg(0)
	return opts, nil
}

// report prints the sums on standard output and the failures, those of the
// walk and those of the children, on standard error.
func report(f *farm, failures []failure) error {
	out := bufio.NewWriter(os.Stdout)
	for i, s := range f.sums {
		if path := f.files[i].path; s.Err == "" {
			writeLine(out, s.SHA256, path)
		} else {
			failures = append(failures, failure{path: path, op: s.Op, text: s.Err})
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	sortFailures(failures)
	for _, f := range failures {
		fmt.Fprintf(os.Stderr, "checksum: %v\n", f)
	}
	if n := len(failures); n > 0 {
		return fmt.Errorf("%d could not be read", n)
	}
	return nil
}
