// Command bench is a small program whose starts are measured: it starts itself,
// as a child and bare. Each line that it reads names what to do; it answers
// with numbers.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"multiproc"
	"multiproc/tracker"
)

var (
	nothing = multiproc.NewFunc("nothing", func(_ context.Context, n int) (int, error) { return n + 1, nil })
	echo    = multiproc.NewFunc("echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	waiting = multiproc.NewFunc("waiting", func(ctx context.Context, _ struct{}) (struct{}, error) {
		<-ctx.Done()
		return struct{}{}, nil
	})
)

func main() {
	switch os.Args[1] {
	case "bare":
		return
	case "raw-echo":
		buf := make([]byte, size)
		_, err1 := io.ReadFull(os.Stdin, buf)
		_, err2 := os.Stdout.Write(buf)
		if errors.Join(err1, err2) != nil {
			os.Exit(1)
		}
		return
	case "raw-tracker":
		answerRaw()
		return
	}
	multiproc.Main(serve)
}

const (
	size     = 64 << 20 // of an argument
	starters = 8        // goroutines that start at once
	each     = 8        // starts of each of them
)

var operations = map[string]func(context.Context) error{
	"call": func(ctx context.Context) error { _, err := nothing.Call(ctx, 1); return err },
	"bare": func(context.Context) error { return bare("bare", null, os.Stdout) },
	"calls": func(ctx context.Context) error {
		return atOnce(func() error { _, err := nothing.Call(ctx, 1); return err })
	},
	"warms": func(ctx context.Context) error {
		return atOnce(func() error {
			_, err := nothing.With(multiproc.Options{Method: multiproc.Warm}).Call(ctx, 1)
			return err
		})
	},
	"bares": func(context.Context) error {
		return atOnce(func() error { return bare("bare", null, os.Stdout) })
	},
	"echo": func(ctx context.Context) error {
		got, err := echo.Call(ctx, large)
		if err == nil && len(got) != len(large) {
			err = errors.New("cut")
		}
		return err
	},
	"raw-echo": rawEcho,
	"untied": func(ctx context.Context) error {
		_, err := nothing.With(multiproc.Options{Detached: true}).Call(ctx, 1)
		return err
	},
	"register": func(context.Context) error {
		return errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none"))
	},
	"raw-register": rawRegister,
}

var (
	null  *os.File
	large []byte // not made yet in what is started
	heap  []byte
)

func serve(ctx context.Context) (err error) {
	gib := flag.Int("heap", 0, "GiB of touched heap")
	limit := flag.Uint64("nofile", math.MaxUint64, "limit on descriptors, no more than the hard limit")
	open := flag.Int("open", 0, "descriptors to keep open")
	spares := flag.Int("spares", 0, "processes to keep ready")
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		return err
	}
	if null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return err
	}
	large, heap = make([]byte, size), make([]byte, *gib<<30)
	for _, b := range [][]byte{heap, large} {
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
	}
	if err := descriptors(*limit, *open); err != nil {
		return err
	}
	if *spares > 0 {
		multiproc.SetSpares(*spares)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := answer(ctx, in.Text()); err != nil {
			return fmt.Errorf("%s: %w", in.Text(), err)
		}
	}
	runtime.KeepAlive(heap)
	return nil
}

// descriptors sets the limit, which children have too, and opens some.
func descriptors(limit uint64, open int) error {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	files.Cur = min(limit, files.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	for range open {
		if _, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0); err != nil {
			return err
		}
	}
	return nil
}

// answer does what is asked for, and writes how many ns it took or, for
// "waiting n", what a child costs.
func answer(ctx context.Context, what string) error {
	if strings.HasPrefix(what, "series ") {
		return series(ctx, what)
	}
	if n, ok := strings.CutPrefix(what, "waiting "); ok {
		n, err := strconv.Atoi(n)
		if err != nil {
			return err
		}
		return children(ctx, n)
	}
	if what == "memory" {
		return memory()
	}
	start := time.Now()
	if err := operations[what](ctx); err != nil {
		return err
	}
	fmt.Println(time.Since(start).Nanoseconds())
	return nil
}

func bare(role string, stdin, stdout *os.File) error {
	p, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], role}, &os.ProcAttr{Files: []*os.File{stdin, stdout, os.Stderr}})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && !state.Success() {
		err = errors.New(state.String())
	}
	return err
}

func atOnce(start func() error) error {
	errs := make([]error, starters)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for range each {
				errs[i] = errors.Join(errs[i], start())
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
