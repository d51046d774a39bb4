package multiproc_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	stormRounds = flag.Int("storm.rounds", stormDefault, "rounds of the storm")
	stormSeed   = flag.Uint64("storm.seed", 0, "seed of the storm; zero: a new one")
	stormShmToo = flag.Bool("storm.shm", false, "let the storm use /dev/shm too, where nobody else must be looking for leaks")
	stormOnly   = flag.String("storm.only", "", "the one blow of the storm, as in child KILL + tracker KILL")
)

// Promise 6: nothing outlives its owner. Programs that start whatever they can
// are killed at a random moment, and everything goes that has to, and nothing
// else.
func TestStorm(t *testing.T) {
	rounds := *stormRounds
	if testing.Short() {
		rounds = min(rounds, 6)
	}
	if *stormShmToo {
		t.Setenv(stormShm, "yes")
	}
	seed := cmp.Or(*stormSeed, rand.Uint64())
	t.Logf("%d rounds, -storm.seed=%d", rounds, seed)
	watchers := max(1, min(2, runtime.NumCPU()/2)) // each has one storm at a time, of 25 processes
	results := make(chan stormResult)
	ended := make(chan error)
	for i := range watchers {
		go func() { ended <- stormRun(t, results, t.TempDir(), seed, i, watchers, rounds) }()
	}
	var list []stormResult
	for running := watchers; running > 0; {
		select {
		case r := <-results:
			list = append(list, r)
			if len(r.Problems) > 0 {
				t.Errorf("round %d, %s, seed %d:\n\t%s\nhit: %s\nit said:\n%s", r.Round, r.Blow, seed, strings.Join(r.Problems, "\n\t"), r.Victims, r.Log)
			}
		case err := <-ended:
			running--
			if err != nil {
				t.Error(err)
			}
		}
	}
	if len(list) != rounds {
		t.Errorf("%d results of %d rounds", len(list), rounds)
	}
	stormReport(t, list)
}

// stormRun starts a watcher and hears of its rounds.
func stormRun(t *testing.T, results chan<- stormResult, dir string, seed uint64, first, step, end int) error {
	cmd := programCommand(t, stormWatch, dir, strconv.FormatUint(seed, 10),
		strconv.Itoa(first), strconv.Itoa(step), strconv.Itoa(end), *stormOnly)
	cmd.Cancel = nil // the end of its input makes it end its storm first
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	defer stdin.Close()
	for in := json.NewDecoder(bufio.NewReader(stdout)); ; {
		var r stormResult
		if err := in.Decode(&r); err != nil {
			break // its exit code says whether that was wrong
		}
		results <- r
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("a watcher of the storm: %w\n%s", err, &said)
	}
	return nil
}

// stormReport tells how long it took until everything was gone, for each kind
// of victim.
func stormReport(t *testing.T, list []stormResult) {
	times := map[string][]time.Duration{}
	most, newborn := 0, 0
	for _, r := range list {
		most = max(most, r.Most)
		newborn += r.Newborn
		times[r.Kind] = append(times[r.Kind], r.Clean)
		if r.End > 0 {
			times["then the root"] = append(times["then the root"], r.End)
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%d processes at most, %d left by who died while starting them; from the blow until all is gone:\n", most, newborn)
	fmt.Fprintf(&table, "%-20s %7s %8s %8s %8s %8s %8s\n", "victim", "rounds", "min", "median", "p90", "p99", "max")
	for _, kind := range slices.Sorted(maps.Keys(times)) {
		d := times[kind]
		slices.Sort(d)
		at := func(percent int) time.Duration { return d[(len(d)-1)*percent/100].Round(100 * time.Microsecond) }
		fmt.Fprintf(&table, "%-20s %7d %8v %8v %8v %8v %8v\n", kind, len(d), at(0), at(50), at(90), at(99), at(100))
	}
	t.Log(table.String())
}
