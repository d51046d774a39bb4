package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"multiproc"
)

var now = multiproc.NewFunc("now", func(context.Context, struct{}) (int64, error) { return time.Now().UnixNano(), nil })

// stock is enough for a series, which no refill disturbs then.
const stock = 16

// steps are the times of one start, in ns: until the function ran, until its
// result was here, until the process was reaped. A process that runs no function
// has only the last.
type steps [3]int64

func started(ctx context.Context, method multiproc.StartMethod) (s steps, err error) {
	start := time.Now()
	c, err := now.With(multiproc.Options{Method: method}).Start(ctx, struct{}{})
	if err != nil {
		return s, err
	}
	ran, err := c.Result(ctx)
	s[0], s[1] = ran-start.UnixNano(), time.Since(start).Nanoseconds()
	if err == nil {
		err = c.Join(ctx)
	}
	s[2] = time.Since(start).Nanoseconds()
	return s, err
}

// timed does the starts of a series.
var timed = map[string]func(ctx context.Context) (steps, error){
	"warm": func(ctx context.Context) (steps, error) { return started(ctx, multiproc.Warm) },
	"cold": func(ctx context.Context) (steps, error) { return started(ctx, multiproc.Spawn) },
	"exec": func(context.Context) (steps, error) {
		start := time.Now()
		err := bare("bare", null, os.Stdout)
		return steps{2: time.Since(start).Nanoseconds()}, err
	},
	"wake": func(ctx context.Context) (steps, error) {
		start := time.Now()
		err := rawPing()
		return steps{2: time.Since(start).Nanoseconds()}, err
	},
}

// series writes the times of some starts, each after a pause.
func series(ctx context.Context, what string) error {
	var name string
	var n int
	var pause time.Duration
	if _, err := fmt.Sscan(strings.TrimPrefix(what, "series "), &name, &n, &pause); err != nil {
		return err
	}
	time.Sleep(refill)
	for range n {
		time.Sleep(pause)
		s, err := timed[name](ctx)
		if err != nil {
			return err
		}
		fmt.Print(s[0], " ", s[1], " ", s[2], " ")
	}
	fmt.Println()
	return nil
}

// memory writes the proportional set size of each spare, in KiB.
func memory() error {
	time.Sleep(refill)
	pids, err := exec.Command("pgrep", "-x", "-P", strconv.Itoa(os.Getpid()), "spare").Output()
	if err != nil {
		return err
	}
	for pid := range strings.FieldsSeq(string(pids)) {
		rollup, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
		if err != nil {
			return err
		}
		_, after, _ := strings.Cut(string(rollup), "\nPss:")
		fmt.Print(strings.Fields(after)[0], " ")
	}
	fmt.Println()
	return nil
}

// refill is what the stock is given to get full again.
const refill = 50 * time.Millisecond
