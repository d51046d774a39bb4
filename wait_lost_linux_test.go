package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
)

// lifeThieves take the status of a child before its owner can.
var lifeThieves = map[string]func(){
	"wait": func() {
		go func() {
			for {
				if _, err := syscall.Wait4(-1, nil, 0, nil); errors.Is(err, syscall.ECHILD) {
					time.Sleep(50 * time.Microsecond)
				}
			}
		}()
	},
	"ignore": func() { signal.Ignore(syscall.SIGCHLD) },
}

// lifeFate is how a child ended, and what can still be done to it.
type lifeFate struct {
	Kind  string
	Fate  lifeAnswer
	Error string // of what can always be done
}

var lifeRobbed = lifeProgram("life-robbed", func(ctx context.Context) (fates []lifeFate, err error) {
	lifeThieves[os.Args[1]]()
	for i := range 10 {
		exits, err := lifeExit.Start(ctx, 7)
		if err != nil {
			return nil, err
		}
		killed, err := lifeWait.Start(ctx, "")
		if err != nil {
			return nil, err
		}
		program, err := multiproc.StartCommand(ctx, exec.Command("sh", "-c", "exit 7"), multiproc.Options{})
		if err != nil {
			return nil, err
		}
		if err := killed.Kill(); err != nil {
			return nil, err
		}
		for kind, p := range map[string]*multiproc.Process{"func": exits.Process, "program": program, "killed": killed.Process} {
			f := lifeFate{Kind: fmt.Sprint(kind, i), Fate: lifeAsk(ctx, p)}
			if err := errors.Join(p.Kill(), p.Terminate(), p.Stop(ctx), p.Join(ctx)); err != nil || p.Alive() {
				f.Error = fmt.Sprint("alive: ", p.Alive(), err)
			}
			fates = append(fates, f)
		}
	}
	return fates, nil
})

// TESTS 85, PAINS 18, 19: somebody else takes the status, by a wait(-1) or by
// ignoring SIGCHLD. The child has ended all the same; how, the kernel knows
// since Linux 6.15.
func TestStatusTakenByOthers(t *testing.T) {
	t.Parallel()
	var major, minor int
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if _, serr := fmt.Sscanf(string(release), "%d.%d", &major, &minor); err != nil || serr != nil {
		t.Fatal(err, serr)
	}
	keeps := major > 6 || major == 6 && minor >= 15
	for thief := range lifeThieves {
		t.Run(thief, func(t *testing.T) {
			t.Parallel()
			fates := lifeRun[[]lifeFate](t, programCommand(t, lifeRobbed, thief))
			if len(fates) != 30 {
				t.Errorf("%d children have ended, want 30", len(fates))
			}
			for _, f := range fates {
				code := 7
				if strings.HasPrefix(f.Kind, "killed") {
					code = -9
				}
				s := f.Fate.Status
				if !s.Ended || f.Error != "" || f.Fate.Wait == "" {
					t.Errorf("%+v", f)
				}
				known := f.Fate.Known && f.Fate.Code == code && !s.Lost
				lost := !f.Fate.Known && s.Lost && s.Code == -1
				if !known && (keeps || !lost) {
					t.Errorf("%+v; want code %d", f, code)
				}
			}
		})
	}
}
