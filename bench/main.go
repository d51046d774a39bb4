// Bench compares multiproc's pool with others on this machine:
//
//	go run ./bench [-python PATH] [-json] [-rounds N]
//
// The others are CPython's Pool and ProcessPoolExecutor, if there is a python3,
// hashicorp/go-plugin over net/rpc and gRPC, and a pool of gob over pipes as one
// would write it by hand. Each is a program of its own, in peers, that measures
// itself with its own clock. All of them are there all the time, and take turns
// that are a fraction of a second long: what the machine does meanwhile, it does
// to all. What counts is the ratio: that of the medians of the same round, and
// of all those the median, with its quartiles.
//
// The files: peer.go is a program that is measured, build.go makes them, plan.go
// says what is measured, run.go does it, stats.go and table.go are what comes out.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
)

// options are what the command line says.
type options struct {
	python string
	only   *regexp.Regexp // of the names of what is measured
	json   bool
	rounds int
	many   int // workers
	small  int // divides all numbers
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	opts := parse()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() options {
	opts := options{small: 1}
	flag.StringVar(&opts.python, "python", "python3", "the `program` that is CPython; without it there is no comparison with that")
	only := flag.String("only", "", "measure what matches this `pattern` only")
	flag.BoolVar(&opts.json, "json", false, "print JSON")
	flag.IntVar(&opts.rounds, "rounds", 20, "how many turns each peer has")
	flag.IntVar(&opts.many, "many", 200, "how many workers are many")
	flag.Parse()
	var err error
	if opts.only, err = regexp.Compile(*only); err != nil || flag.NArg() > 0 || opts.rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	return opts
}

func run(ctx context.Context, opts options) error {
	programs, cleanup, err := build(ctx, opts.python)
	if err != nil {
		return err
	}
	defer cleanup()
	figures, err := measure(ctx, programs, opts)
	if err != nil {
		return err
	}
	if opts.json {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(figures)
	}
	return printTable(os.Stdout, figures)
}
