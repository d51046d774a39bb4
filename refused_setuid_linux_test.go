package multiproc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"multiproc"
)

// refusedNobody is a user other than root.
const refusedNobody = 65534

// refusedAttack runs as somebody else, and starts the program that it is given
// as a child of its own.
var refusedAttack = program("refused-attack", func() {
	cmd := exec.Command(os.Args[1])
	cmd.Env = os.Environ()[:0]
	file, err := refusedForge(cmd, os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	defer file.Close()
	out, err := cmd.CombinedOutput()
	fmt.Printf("%v\n%s", err, out)
})

// refusedUser says with whose rights it runs.
var refusedUser = program("refused-user", func() {
	fmt.Print(os.Getuid(), " ", os.Geteuid(), " ", multiproc.IsChild())
})

// PAINS 57: a program with the set-user-ID bit runs no function for another
// user, who can forge all the rest.
func TestSetuidRunsNothingForOthers(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as somebody else")
	}
	dir := t.TempDir()
	refusedOpenTo(t, dir)
	if err := os.Chmod(dir, 0o777); err != nil { // the mark of the plain copy
		t.Fatal(err)
	}
	plain, setuid := filepath.Join(dir, "plain"), filepath.Join(dir, "setuid")
	for path, mode := range map[string]string{plain: "0755", setuid: "4755"} {
		// By processes of their own: one that is forked here meanwhile would
		// have the file open for writing, and it could not be run.
		out, err := exec.CommandContext(t.Context(), "install", "-m", mode, os.Args[0], path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	as := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: refusedNobody, Gid: refusedNobody}}
	who := programCommand(t, refusedUser)
	who.Path, who.SysProcAttr = setuid, as
	if out, err := who.CombinedOutput(); err != nil || string(out) != "65534 0 false" {
		if strings.HasPrefix(string(out), "65534 65534 ") {
			t.Skip("the file system does not honour the bit")
		}
		t.Fatalf("%v\n%s", err, out)
	}
	for path, want := range map[string]string{
		plain:  "<nil>\n", // the attack itself is sound
		setuid: "exit status 1\nmultiproc: this process was started as a child: the control socket belongs to another user\n",
	} {
		mark := filepath.Join(dir, filepath.Base(path)+".mark")
		cmd := programCommand(t, refusedAttack, path, mark)
		cmd.Path, cmd.SysProcAttr = plain, as
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%s: %v\n%s\nwant %s", path, err, out, want)
		}
		if _, err := os.Stat(mark); (err == nil) != (path == plain) {
			t.Errorf("%s: %v", mark, err)
		}
	}
}

// refusedOpenTo lets others pass through the directories above dir.
func refusedOpenTo(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != "/"; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o001 == 0 {
			if err := os.Chmod(d, mode|0o011); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(d, mode) })
		}
	}
}
