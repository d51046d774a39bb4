package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"multiproc"
	"multiproc/tracker"
)

// hostState is what of this process belongs to its owner, not to a library.
func hostState() string {
	var state []string
	for _, field := range []string{"SigBlk", "SigIgn", "SigCgt", "Umask"} {
		state = append(state, field+" "+statusField(os.Getpid(), field))
	}
	dir, err := os.Getwd()
	return fmt.Sprint(state, dir, err, os.Environ())
}

// hostLibrary keeps a main of its own, and calls a function.
var hostLibrary = program("host-library", func() {
	before := hostState()
	multiproc.Init()
	_, err := exitActor.Call(context.Background(), exitPlan{Name: "guest", Until: "return"})
	err = errors.Join(err, tracker.File.Register("guest"), tracker.File.Unregister("guest"))
	fmt.Println(before == hostState(), err)
	fmt.Println(before, hostState())
})

// PAINS 51: signal mask and handlers, umask, working directory and environment
// are left alone by who only starts children, and a tracker. TESTS 245.
func TestHostStateIsLeftAlone(t *testing.T) {
	t.Parallel()
	out, err := programCommand(t, hostLibrary).Output()
	if err != nil || !strings.HasPrefix(string(out), "true <nil>\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
