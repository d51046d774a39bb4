package sys

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// playGroups tells whom signals reach: while the leader runs, when it is a
// zombie, when it ended and we reap it, and when somebody else did.
func playGroups() string {
	var said []string
	say := func(what string, words ...any) { said = append(said, what+": "+fmt.Sprint(words...)) }
	for _, stage := range []string{"runs", "zombie", "reaped", "stolen"} {
		script := familyLeft
		if stage == "runs" {
			script = familyRuns
		}
		leader, kids, err := startFamily(script, 2)
		if err != nil {
			return err.Error()
		}
		switch stage {
		case "runs", "zombie":
			if stage == "zombie" {
				_ = unix.Waitid(unix.P_PID, leader.PID, nil, unix.WEXITED|unix.WNOWAIT, nil)
			}
			say(stage, leader.KillGroup(), kids[0].ended(), kids[1].ended())
			leader.Wait()
		case "reaped":
			exit, left := leader.Reap(func() syscall.Signal { return unix.SIGTERM })
			say(stage, exit.Code, left, kids[0].ended(), kids[1].runs(), leader.SignalGroup(unix.SIGKILL))
			leader.Release()
		case "stolen":
			_, _ = unix.Wait4(leader.PID, nil, 0, nil)
			say(stage, leader.SignalGroup(unix.SIGKILL), kids[0].runs(), kids[1].runs())
			leader.Wait()
		}
		for _, k := range kids {
			k.kill()
		}
	}
	return strings.Join(said, "; ")
}

// Below Linux 6.9 a group is only reached while its number is surely its own.
func TestGroupsInSandboxes(t *testing.T) {
	t.Parallel()
	done := ErrProcessDone
	want := strings.Join([]string{
		"runs: " + fmt.Sprint(nil, true, true),
		"zombie: " + fmt.Sprint(nil, true, true),
		"reaped: " + fmt.Sprint(7, false, true, true, done),
		"stolen: " + fmt.Sprint(done, true, true),
	}, "; ")
	for name := range sandboxes {
		if name == "no pidfd_open" || name == "pidfd_send_signal" {
			continue // the test itself can't do without
		}
		if got := playRole(t, "groups: "+name); got != want {
			t.Errorf("%s:\n%s, want\n%s", name, got, want)
		}
	}
}
