package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"multiproc"
)

// What a process of a storm has in its environment: the round that it belongs
// to, its place in the tree ("/1/3" is the third that the root's first one has
// started) and what it is.
const (
	stormMark = "MULTIPROC_STORM"
	stormShm  = "MULTIPROC_STORM_SHM"
	stormPath = "MULTIPROC_STORM_PATH"
	stormWhat = "MULTIPROC_STORM_WHAT"
)

// stormGrace is the largest grace of a storm.
const stormGrace = 300 * time.Millisecond

// stormSlots are what a process keeps running, by what it is itself: what ends
// is started anew. With the tracker and what programs start and leave behind
// that is never more than 25 processes, and two spares.
var stormSlots = map[string][]string{
	"root":   {"branch", "branch", "leaf", "program"},
	"branch": {"twig", "leaf", "program"},
	"twig":   {"leaf", "single"},
}

// A stormArg says where a process is to storm, and as what.
type stormArg struct {
	Base, Path, What string
	Seed             uint64
	Spin             bool // it may burn a processor, of which there are few
}

var stormFunc *multiproc.Func[stormArg, int]

func init() {
	stormFunc = multiproc.NewFunc("storm", func(ctx context.Context, a stormArg) (int, error) {
		return 0, a.live(ctx)
	})
}

// stormRoot is the program: it starts whatever can be started, again and
// again, until it is killed.
var stormRoot = program("storm-root", func() {
	multiproc.MainWithOptions(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute) // should nobody kill it
		defer cancel()
		seed, err := strconv.ParseUint(os.Args[2], 10, 64)
		return errors.Join(err, stormArg{Base: os.Args[1], What: "root", Seed: seed, Spin: true}.live(ctx))
	}, multiproc.MainOptions{Grace: stormGrace})
})

// live is the life of a process of the storm.
func (a stormArg) live(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(a.Seed, 1))
	slots, inner := stormSlots[a.What]
	if !inner {
		return a.beLeaf(ctx, rng)
	}
	var tidy sync.WaitGroup
	tidy.Go(func() {
		a.register()
		a.litter(ctx)
	})
	numbers := make(chan int)
	go func() {
		for i := 1; ; i++ {
			numbers <- i
		}
	}()
	for i, slot := range slots {
		sub := a
		sub.What, sub.Seed = slot, rng.Uint64()
		sub.Spin = a.Spin && i == 0
		go sub.keep(ctx, numbers)
	}
	stubborn := a.What != "root" && rng.IntN(2) == 0
	stormSay(stormLives, a.Path)
	<-ctx.Done()
	stormSay(stormAsked, a.Path)
	if stubborn {
		select {} // it has its share of the time, and then it leaves whatever this does
	}
	if a.What == "root" { // nobody cleans up what it makes after its farewell
		tidy.Wait()
	}
	return ctx.Err()
}

// keep keeps one slot filled, with processes numbered below the one that a is
// about.
func (a stormArg) keep(ctx context.Context, numbers <-chan int) {
	rng := rand.New(rand.NewPCG(a.Seed, 2))
	above := a.Path
	for ctx.Err() == nil {
		a.Path = above + "/" + strconv.Itoa(<-numbers)
		a.Seed = rng.Uint64()
		p, err := a.start(ctx, rng)
		switch {
		case errors.Is(err, multiproc.ErrExiting) || ctx.Err() != nil:
			return
		case err != nil:
			stormSay(stormOdd, a.Path, "start", err)
			return
		}
		stormSay(stormStarted, p.PID())
		<-p.Done()
		if os.Remove(fmt.Sprintf("%s.%d.exit", a.Base, p.PID())) == nil {
			stormSay(stormEnded, a.Path)
		}
	}
}

func (a stormArg) start(ctx context.Context, rng *rand.Rand) (*multiproc.Process, error) {
	if a.What == "program" || a.What == "single" {
		return a.startProgram(ctx, rng)
	}
	opts := multiproc.Options{Grace: stormGrace / time.Duration(1+rng.IntN(2)), Daemon: rng.IntN(2) == 0}
	seen := a.What != "leaf" || !a.spares()
	if a.What == "leaf" {
		a.What = a.pickLeaf(rng)
	}
	if seen || a.What == "keeper" { // a spare is its parent, as far as can be seen
		opts.Env = append([]string{stormPath + "=" + a.Path, stormWhat + "=" + a.What}, os.Environ()...) // the first counts
	}
	c, err := stormFunc.With(opts).Start(context.WithoutCancel(ctx), a) // ended by the exit, or by nobody
	if err != nil {
		return nil, err
	}
	return c.Process, nil
}

// spares reports whether a is a child of the root, who alone has spares, in a storm
// with warm starts.
func (a stormArg) spares() bool {
	return strings.Count(a.Path, "/") == 1 && os.Getenv(methodVar) == "warm"
}

// What processes tell the watcher, each in a line of the log.
const (
	stormLives   = "lives"   // path: it waits for the end of its ctx
	stormAsked   = "asked"   // path: that has come
	stormStarted = "started" // pid: Start has returned
	stormEnded   = "ended"   // path: it has come to the end of its exit sequence
	stormOdd     = "odd"     // path, and what should not have happened
)

func stormSay(what string, args ...any) {
	fmt.Fprint(os.Stderr, what+" "+fmt.Sprintln(args...)) // in one write
}
