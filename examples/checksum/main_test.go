//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/leak"
	"multiproc/multiproctest"
)

// programEnv makes the test binary the program itself; with "poison" its workers can
// be killed by a file, with "patient" nobody who is asked to end is.
const programEnv = "CHECKSUM_TEST_PROGRAM"

// poison is hash, but for a file that kills whoever reads it.
var poison = multiproc.NewFunc("poison", func(ctx context.Context, b batch) ([]sum, error) {
	for _, path := range b.Paths {
		if strings.HasSuffix(path, "/poison") {
			os.Exit(7)
		}
	}
	return hashBatch(ctx, b)
})

func TestMain(m *testing.M) {
	switch os.Getenv(programEnv) {
	case "poison":
		hash = poison
		main()
	case "patient":
		const grace = 2 * time.Minute // longer than the test waits
		hash = hash.With(multiproc.Options{Grace: grace})
		multiproc.MainWithOptions(run, multiproc.MainOptions{Grace: grace})
	case "":
		leak.Main(multiproctest.Wrap(m))
	default:
		main()
	}
}

// program is the program with args, to be run in dir.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		exe = "/proc/self/exe" // also for a user who may not see the directory it is in
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	cmd.Dir = dir
	return cmd
}

// result is what a program printed, and its exit code.
type result struct {
	stdout, stderr string
	code           int
}

func output(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// plant makes a tree below a directory that any user may enter. Its root is
// called "tree".
func plant(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for d := dir; d != filepath.Dir(os.TempDir()) && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, "tree", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// odd holds what can go wrong with a name or a size, on any Unix file system.
func odd() map[string]string {
	files := map[string]string{
		"plain":               "plain\n",
		"empty":               "",
		"with space":          "space",
		" leading and after ": "spaces",
		"-rf":                 "dash",
		"--help":              "dashes",
		"*?[a]$HOME'\"`;&|#":  "shell",
		"line\nfeed":          "escaped",
		"carriage\rreturn":    "escaped",
		`back\slash`:          "escaped",
		`back\nslash`:         "not a line feed",
		"tab\tand\x1bescape":  "control",
		"latin-\xe9":          "not UTF-8",
		"\xff\xfe\x80":        "not UTF-8 at all",
		"größe":               "UTF-8",
		"a/b":                 "after a.txt, bytewise",
		"a.txt":               "before a/b",
		"A/-/deep\n/\xff":     "directories have names, too",
		"large":               strings.Repeat("0123456789abcdef", 5<<16), // 5 MiB
		"block":               strings.Repeat("x", 256<<10),
	}
	for i := range 600 { // more than one child takes at a time
		files[fmt.Sprintf("many/%03d", i)] = strings.Repeat("y", i)
	}
	return files
}

// sha256sum is what GNU's says of the same files, in the same order.
func sha256sum(t *testing.T, dir, root string) string {
	t.Helper()
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("there is no sha256sum to compare with")
	}
	found, err := command(t, dir, "find", root, "-type", "f", "-print0").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Split(strings.TrimRight(string(found), "\x00"), "\x00")
	slices.Sort(paths)
	want, err := command(t, dir, "sha256sum", append([]string{"--"}, paths...)...).Output()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok { // it can't read all
		t.Fatal(err)
	}
	return string(want)
}

func command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

var killed = regexp.MustCompile(`^checksum: killed worker \d+ in the middle of its work \(\d+ files\): another will do it\n$`)

func TestSameAsSha256sum(t *testing.T) {
	dir := plant(t, odd())
	tree := filepath.Join(dir, "tree")
	for link, target := range map[string]string{"to-file": "plain", "to-dir": "a", "dangling": "nowhere", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(tree, link)); err != nil {
			t.Fatal(err)
		}
	}
	mkfifo(t, filepath.Join(tree, "fifo"))
	for _, args := range [][]string{
		{"-workers", "1", "tree"},
		{"-workers", "3", "tree"},
		{"-workers", "1", "-sabotage", "tree"},
		{"-workers", "3", "-sabotage", "tree"},
		{"./tree"},
		{"tree/"},
		{tree},
		{"tree/plain"},
		{"-sabotage", "tree/empty"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			got := output(t, program(t, dir, args...))
			if want := sha256sum(t, dir, args[len(args)-1]); got.stdout != want {
				t.Errorf("stdout differs from sha256sum's: %s", firstDifference(got.stdout, want))
			}
			if got.code != 0 {
				t.Errorf("exit code %d, want 0", got.code)
			}
			if slices.Contains(args, "-sabotage") {
				if !killed.MatchString(got.stderr) {
					t.Errorf("stderr %q, want that one worker was killed", got.stderr)
				}
			} else if got.stderr != "" {
				t.Errorf("stderr %q, want nothing", got.stderr)
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// What can't be read is told and makes the exit code; nothing else is lost.
func TestUnreadable(t *testing.T) {
	dir := plant(t, odd())
	for _, name := range []string{"plain", "large", "many/300", "locked/inner"} {
		path := filepath.Join(dir, "tree", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(path, []byte("secret"), 0o600), os.Chmod(path, 0)); err != nil {
			t.Fatal(err)
		}
	}
	locked := filepath.Join(dir, "tree", "locked")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(locked, 0o755) })

	for _, args := range [][]string{{"-workers", "1", "tree"}, {"-workers", "3", "-sabotage", "tree"}} {
		cmd := program(t, dir, args...)
		unprivileged(t, cmd)
		got := output(t, cmd)
		if got.code != 1 {
			t.Errorf("%q: exit code %d, want 1", args, got.code)
		}
		for _, name := range []string{"large", "locked", "many/300", "plain"} {
			if want := "checksum: open tree/" + name + ": permission denied\n"; !strings.Contains(got.stderr, want) {
				t.Errorf("%q: stderr %q, want %q in it", args, got.stderr, want)
			}
		}
		want := sha256sum(t, dir, "tree")
		for line := range strings.Lines(want) { // root's, who reads everything
			unreadable := regexp.MustCompile(`  tree/(plain|large|many/300|locked/inner)\n$`).MatchString(line)
			if strings.Contains(got.stdout, line) == unreadable {
				t.Errorf("%q: line %q printed: %v", args, line, !unreadable)
			}
		}
		if n := strings.Count(got.stdout, "\n"); n != len(odd())-3 {
			t.Errorf("%q: %d lines, want %d", args, n, len(odd())-3)
		}
	}
}

// A file that kills each worker that reads it takes no other with it.
func TestPoison(t *testing.T) {
	files := odd()
	files["many/poison"] = "drop"
	dir := plant(t, files)
	cmd := program(t, dir, "tree")
	cmd.Env = append(cmd.Env, programEnv+"=poison")
	got := output(t, cmd)
	if told := regexp.MustCompile(`(?m)^checksum: hash tree/many/poison: .*exited with code 7$`); got.code != 1 || !told.MatchString(got.stderr) {
		t.Errorf("code %d, stderr %q, want code 1 and %v", got.code, got.stderr, told)
	}
	if err := os.Remove(filepath.Join(dir, "tree/many/poison")); err != nil {
		t.Fatal(err)
	}
	if want := sha256sum(t, dir, "tree"); got.stdout != want {
		t.Errorf("stdout differs from sha256sum's: %s", firstDifference(got.stdout, want))
	}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		told string
	}{
		{nil, 2, "usage: checksum"},
		{[]string{"a", "b"}, 2, "usage: checksum"},
		{[]string{"-workers", "0", "."}, 2, "usage: checksum"},
		{[]string{"-nonsense", "."}, 2, "usage: checksum"},
		{[]string{"-h"}, 0, "usage: checksum"},
		{[]string{"missing"}, 1, "checksum: lstat missing: no such file or directory\n"},
		{[]string{os.DevNull}, 1, "neither a directory nor a regular file"},
		{[]string{"."}, 0, ""},
	} {
		got := output(t, program(t, dir, c.args...))
		if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.told) {
			t.Errorf("%q: %+v, want code %d and %q", c.args, got, c.code, c.told)
		}
	}
}

func mkfifo(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// unprivileged makes cmd run as nobody, for whom there are unreadable files.
func unprivileged(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
