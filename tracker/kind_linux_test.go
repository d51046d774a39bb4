package tracker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"multiproc"
	"multiproc/internal/leak"
	"multiproc/tracker"
)

func init() {
	if os.Getenv(leak.RoleEnv) == "not initialized" { // before TestMain, which calls Init
		err := tracker.File.Register("x")
		fmt.Print(errors.Is(err, tracker.ErrNotInitialized), " ", err)
		os.Exit(0)
	}
	if os.Getenv("TRACKER_TEST_DIES") != "" && multiproc.IsChild() {
		os.Exit(3) // in package initialisation
	}
	programs["no tracker"] = func() {
		os.Setenv("TRACKER_TEST_DIES", "yes")
		err := tracker.File.Register("x")
		fmt.Print(errors.Is(err, tracker.ErrUnavailable), " ", err)
	}
}

// A process that has not called Main or Init can have no tracker: it would be
// the program's own main.
func TestNotInitialized(t *testing.T) {
	t.Parallel()
	p := start(t, "not initialized")
	out, _ := p.out.ReadString(0)
	want := "true tracker: register multiproc/tracker.file: multiproc: neither Main nor Init has run: call multiproc.Main(run), or multiproc.Init() first thing in main"
	if err := p.cmd.Wait(); err != nil || out != want {
		t.Errorf("%q, %v", out, err)
	}
}

// blob is a kind of any bytes: its clean-up appends them to a file.
type blob struct{ File, Data string }

var blobs = tracker.NewKind("blob", func(_ context.Context, b blob) error {
	f, err := os.OpenFile(b.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%q\n", b.Data)
	return errors.Join(err, f.Close())
})

// PAINS 72, TESTS 113, 251: what breaks a protocol of text lines.
var awkward = []string{
	"", ":", "a:b", "new\nline", "\x00", "é漢", "\xff\xfe", "/" + strings.Repeat("x", 254), strings.Repeat("\n", 60<<10),
}

func init() {
	programs["awkward"] = func() {
		for _, s := range awkward {
			if err := blobs.Register(blob{os.Args[1], s}); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println("registered")
		select {}
	}
	programs["crowd"] = func() {
		var all sync.WaitGroup
		errs := make([]error, 200)
		for i := range errs {
			all.Go(func() { errs[i] = blobs.Register(blob{os.Args[1], fmt.Sprint(i)}) })
		}
		fmt.Println("registering")
		all.Wait()
		fmt.Println(errors.Join(errs...))
		_, _ = fmt.Scanln() // the last tracker may have been killed after that
		fmt.Println(tracker.File.Register("none"))
		select {}
	}
}

func TestResourcesOfAnyBytes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	p := start(t, "awkward", file)
	if got := p.line(); got != "registered" {
		t.Fatal(got)
	}
	p.kill()
	var want []string
	for _, s := range awkward {
		want = append(want, fmt.Sprintf("%q", s))
	}
	awaitLines(t, file, want)
}

// PAINS 69, 70: registrations under way when the tracker is killed, again and
// again, arrive all the same, whenever that is. Four in a row would be given up.
func TestTrackerDiesMeanwhile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	p := start(t, "crowd", file)
	p.line()
	done := make(chan string)
	go func() { done <- p.line() }()
	for killed := 0; ; {
		select {
		case got := <-done:
			if got != "<nil>" {
				t.Fatal(got)
			}
			if p.tell(""); p.line() != "<nil>" {
				t.Fatal("the last one is not replaced")
			}
			p.kill()
			var want []string
			for i := range 200 {
				want = append(want, fmt.Sprintf("%q", fmt.Sprint(i)))
			}
			awaitLines(t, file, want)
			return
		default:
			if pid := findTracker(p.cmd.Process.Pid); pid != 0 && killed < 3 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
}

// awaitLines waits until the file has these lines, in any order. A clean-up may
// run twice.
func awaitLines(t *testing.T, file string, want []string) {
	t.Helper()
	slices.Sort(want)
	var got []string
	for range 10_000 {
		got = strings.Split(strings.TrimSpace(awaitFile(t, file)), "\n")
		slices.Sort(got)
		if got = slices.Compact(got); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("%d lines, want %d", len(got), len(want))
}

// A tracker that dies before it serves anybody is given up, soon.
func TestTrackerThatCannotStart(t *testing.T) {
	t.Parallel()
	p := start(t, "no tracker")
	out, _ := p.out.ReadString(0)
	if err := p.cmd.Wait(); err != nil || !strings.HasPrefix(out, "true tracker: register multiproc/tracker.file: "+tracker.ErrUnavailable.Error()) {
		t.Errorf("%q, %v", out, err)
	}
}

func TestTooLarge(t *testing.T) {
	for _, err := range []error{
		blobs.Register(blob{Data: strings.Repeat("x", 65<<10)}),
		tracker.File.Register(strings.Repeat("x", 64<<10)),
	} {
		if !errors.Is(err, tracker.ErrTooLarge) {
			t.Error(err)
		}
	}
	if err := tracker.Dir.Register(""); err == nil {
		t.Error("the empty path is registered")
	}
	if err := blobs.Unregister(blob{Data: "never"}); !errors.Is(err, tracker.ErrNotRegistered) {
		t.Error(err)
	}
}

// A resource that can't be cleaned up stays registered.
func TestReleaseThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fails")
	if err := notes.Register(path); err != nil {
		t.Fatal(err)
	}
	if err := notes.Release(t.Context(), path); err == nil {
		t.Error("it did not fail")
	}
	if err := notes.Unregister(path); err != nil {
		t.Error(err)
	}
}

func TestKindsThatAreRefused(t *testing.T) {
	for name, make := range map[string]func(){
		"a name twice":  func() { tracker.NewKind("note", func(context.Context, string) error { return nil }) },
		"no name":       func() { tracker.NewKind("", func(context.Context, string) error { return nil }) },
		"no clean-up":   func() { tracker.NewKind[string]("x", nil) },
		"what can't go": func() { tracker.NewKind("y", func(context.Context, chan int) error { return nil }) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			make()
		}()
	}
}
