//go:build unix

package pool_test

import (
	"bytes"
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
	"multiproc/pool"
)

// slowToKill is how long a process that is asked to end has for that, so that who
// waits for it is found out: longer than a test may take, and no process stays
// longer if one fails.
const slowToKill = 2 * time.Minute

var patient = work.With(multiproc.Options{Grace: slowToKill})

// programs are mains that the test binary plays.
var programs = map[string]func(ctx context.Context) error{
	// Rows 194, 231, 232, pain 10: a pool that is never closed, with tasks.
	"never closed": func(ctx context.Context) error {
		p, err := pool.New(patient, pool.Options{Workers: 2, Grace: time.Hour})
		if err != nil {
			return err
		}
		if _, err := p.Call(ctx, job{}); err != nil {
			return err
		}
		for range 4 {
			go p.Call(context.Background(), job{Sleep: time.Hour})
		}
		for p.Stats().Busy < 2 {
			time.Sleep(time.Millisecond)
		}
		fmt.Println("leaving")
		return nil
	},
	// Row 202, pain 13: SIGINT to the whole group ends no task.
	"interrupted": func(ctx context.Context) error {
		p, err := pool.New(work, pool.Options{Workers: 2})
		if err != nil {
			return err
		}
		defer p.Close()
		done := make(chan error, 1)
		hold := os.Getenv("HOLD")
		go func() {
			_, err := p.Call(context.Background(), job{Touch: hold + "1", Await: hold})
			done <- err
		}()
		<-ctx.Done()
		fmt.Println("interrupted", context.Cause(ctx))
		if err := os.WriteFile(hold, nil, 0o600); err != nil {
			return err
		}
		fmt.Println("task:", <-done)
		_, err = p.Call(context.Background(), job{})
		fmt.Println("next:", err)
		return nil
	},
	// A pool in a program that has not called Main.
	"no main": nil,
	// What is submitted while the program exits.
	"exiting": func(ctx context.Context) error {
		p, err := pool.New(patient, pool.Options{Workers: 1, Grace: time.Hour})
		if err != nil {
			return err
		}
		go func() {
			for {
				_, err := p.Call(context.Background(), job{})
				if err != nil {
					return
				}
			}
		}()
		_, err = p.Call(ctx, job{})
		return err
	},
}

const programVar = "POOL_TEST_PROGRAM"

// play plays a program, if that is what this process is for.
func play() {
	name, ok := os.LookupEnv(programVar)
	if !ok {
		return
	}
	if name == "no main" {
		p, err := pool.New(square, pool.Options{})
		if err == nil {
			_, err = p.Call(context.Background(), 1)
		}
		fmt.Println(errors.Is(err, multiproc.ErrNotInitialized), err)
		os.Exit(0)
	}
	multiproc.Main(programs[name])
}

func program(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(net(t), os.Args[0])
	cmd.Env = append(os.Environ(), programVar+"="+name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func TestProgramExits(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"never closed": "leaving\n", "exiting": ""} {
		var stderr bytes.Buffer
		cmd := program(t, name)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || string(out) != want || stderr.Len() > 0 {
			t.Errorf("%s: %v, %q, %q", name, err, out, &stderr)
		}
	}
}

func TestProgramWithoutMain(t *testing.T) {
	t.Parallel()
	out, err := program(t, "no main").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "true ") {
		t.Errorf("%v, %q", err, out)
	}
}

func TestInterruptIsTheParents(t *testing.T) {
	t.Parallel()
	hold := t.TempDir() + "/hold"
	cmd := program(t, "interrupted")
	cmd.Env = append(cmd.Env, "HOLD="+hold)
	cmd.Stderr = os.Stderr
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	caught := make(chan os.Signal, 1) // else it ignores SIGINT where we do: in the background of a shell
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, hold+"1") // the worker is at work
	for _, pid := range append(childrenOf(t, cmd.Process.Pid), cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil { // as a terminal does
			t.Error(err)
		}
	}
	_ = cmd.Wait()
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "interrupted") || lines[1] != "task: <nil>" || lines[2] != "next: <nil>" {
		t.Errorf("%q", lines)
	}
}
