package fd_test

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"multiproc/fd"
	"multiproc/internal/leak"
)

func init() { addScene("no proc", noProcScene) }

// noProcScene is in a mount namespace of its own, and hides /proc there.
// Argument: sandbox.
func noProcScene(s *scene, args []string) {
	os.Setenv(leak.RoleEnv, "see")
	exe, err := os.Executable()
	s.must(err)
	s.startPoller()
	s.open(false, 20, 40)
	s.open(true, 17)
	s.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	s.must(unix.Mount("none", "/proc", "tmpfs", 0, ""))
	s.enter(args[0])
	before := tableByNumber(1000)

	isNoList := func(what string, err error) {
		if !errors.Is(err, fd.ErrNoList) || !errors.Is(err, fs.ErrNotExist) {
			s.errorf("%s: %v", what, err)
		}
	}
	_, err = fd.List()
	isNoList("List", err)
	isNoList("CloseAllExcept", fd.CloseAllExcept())
	s.compare("not listed", tableByNumber(1000), before)
	if args[0] != "" {
		_, err := fd.SpawnPassing(exe, []string{"see"}, []int{17})
		isNoList("SpawnPassing", err)
		isNoList("CloexecAllExcept", fd.CloexecAllExcept(40))
		s.compare("nor marked", tableByNumber(1000), before)
		return
	}
	if got, err := sighted(exe, []int{17}, tellFD); got != "0=it 1=it 2=it 17=it 60=it" || err != nil {
		s.errorf("the program sees %s, %v", got, err)
	}
	s.must(fd.CloexecAllExcept(40))
	for n := range before {
		if n > 2 && n != 40 {
			before[n] = entry{cloexec: true}
		}
	}
	s.compare("marked", tableByNumber(1000), before)
}

func TestWithoutProc(t *testing.T) {
	t.Parallel()
	for _, box := range []string{"", "no private table"} {
		cmd := sceneCommand(t, "no proc", box)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		}
		probe := sceneCommand(t, "nothing")
		probe.SysProcAttr = cmd.SysProcAttr
		if err := probe.Run(); errors.Is(err, fs.ErrPermission) {
			t.Skip("no mount namespace to be had: ", err)
		}
		run(t, cmd)
	}
}

func init() { roles["nothing"] = func() {} }
