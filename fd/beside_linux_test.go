package fd_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/fd"
	"multiproc/internal/leak"
)

// Whoever starts programs meanwhile gets what he passes, and nobody else's.
func TestSpawnBesideOsExec(t *testing.T) {
	t.Parallel()
	play(t, "spawn beside", "40")
	play(t, "spawn beside", "900")
	play(t, "spawn with 0 closed")
}

func init() {
	addScene("spawn beside", besideScene)
	addScene("spawn with 0 closed", func(s *scene, _ []string) {
		s.must(unix.Close(0)) // so that each pidfd, pipe and listing may become 0
		results := make(chan error)
		for range 4 {
			go func() {
				for range 20 {
					p, err := fd.SpawnPassing("/bin/true", []string{"true"}, nil)
					if err == nil {
						_, err = p.Wait()
					}
					results <- err
				}
			}()
		}
		for range 80 {
			if err := <-results; err != nil {
				s.errorf("%v", err)
			}
		}
	})
}

func besideScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	s.open(false, numbersOf(args[0])...)
	const each, rounds = 3, 8
	results := make(chan string)
	for i := range each {
		go func() { // by SpawnPassing
			for range rounds {
				tell := 70 + i
				got, err := sighted("/proc/self/exe", nil, tell)
				if want := fmt.Sprintf("%d=it", tell); err != nil || !strings.HasSuffix(got, want) || strings.Count(got, "=") != 4 {
					results <- fmt.Sprintf("got %q, %v, want %s", got, err, want)
					continue
				}
				results <- ""
			}
		}()
		go func() { // by os/exec: 3 is passed, and the stray is inherited
			for range rounds {
				results <- besideOsExec(args[0])
			}
		}()
	}
	for range 2 * each * rounds {
		if r := <-results; r != "" {
			s.errorf("%s", r)
		}
	}
}

func besideOsExec(stray string) string {
	r, w, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err.Error()
	}
	defer null.Close()
	p, err := os.StartProcess("/proc/self/exe", []string{"see", "3"}, &os.ProcAttr{Files: []*os.File{null, null, null, w}})
	w.Close()
	if err != nil {
		return err.Error()
	}
	got, err := io.ReadAll(r)
	state, werr := p.Wait()
	fields := strings.Fields(string(got))
	// What this test inherited itself comes along.
	if err != nil || werr != nil || !state.Success() || !slices.Contains(fields, "3=it") || !slices.Contains(fields, stray+"=it") {
		return fmt.Sprintf("os/exec: %q, %v, %v", got, err, werr)
	}
	for _, f := range fields {
		if strings.HasPrefix(f, "7") && len(f) == len("70=it") {
			return fmt.Sprintf("os/exec: %q", got)
		}
	}
	return ""
}
