package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"multiproc"
	"multiproc/internal/boot"
	"multiproc/internal/codec"
	"multiproc/internal/sys"
	"multiproc/internal/wire"
)

// refusedMark makes the file that it is given: a function that somebody would
// like to run with other rights.
var refusedMark = multiproc.NewFunc("refused-mark", func(_ context.Context, path string) (string, error) {
	return path, os.WriteFile(path, []byte("ran"), 0o666)
})

// refusedMain is an ordinary main, which no child must ever run.
var refusedMain = program("refused-main", func() {
	multiproc.Main(func(context.Context) error {
		_, left := os.LookupEnv(boot.Variable)
		fmt.Println("main ran", multiproc.IsChild(), left)
		return nil
	})
})

// refusedForge makes cmd look like a child of this process that runs
// refusedMark, and returns this end of its socket.
func refusedForge(cmd *exec.Cmd, mark string) (*os.File, error) {
	return refusedForgeWith(cmd, func(to io.Writer) error {
		record := boot.Record{
			Build: multiproc.Fingerprint(), Func: refusedMark.Name(), Name: "forged", Path: "1", ParentName: "MainProcess",
			Args: []string{"forged"}, Grace: time.Second, CrashFD: -1,
		}
		arg, err := codec.Marshal(mark)
		if err != nil {
			return err
		}
		_, err = to.Write(wire.Append(wire.Append(nil, wire.Boot, record.Encode()), wire.Arg, arg))
		return err
	})
}

// refusedForgeWith leaves to letter what the process is told.
func refusedForgeWith(cmd *exec.Cmd, letter func(to io.Writer) error) (*os.File, error) {
	file, end, err := sys.Pair()
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(end), "theirs")
	token, err := boot.Token(end, 3)
	if err == nil {
		err = letter(file)
	}
	if err != nil {
		file.Close()
		theirs.Close()
		return nil, err
	}
	cmd.Env = append([]string{token}, cmd.Env...)
	cmd.ExtraFiles = []*os.File{theirs}
	return file, nil
}

// refusedRun runs a forged child and returns what it wrote, and whether it ran
// the function.
func refusedRun(t *testing.T, cmd *exec.Cmd, mark string, forge func() (*os.File, error)) (out string, ran bool, err error) {
	t.Helper()
	file, err := forge()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	defer cmd.ExtraFiles[0].Close()
	b, err := cmd.CombinedOutput()
	_, serr := os.Stat(mark)
	return string(b), serr == nil, err
}

// The forged child that follows would run the function, if it came from its
// parent. It is what the tests below vary.
func TestForgedChildOfItsParent(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "mark")
	cmd := programCommand(t, refusedMain)
	out, ran, err := refusedRun(t, cmd, mark, func() (*os.File, error) { return refusedForge(cmd, mark) })
	if !ran || err != nil || out != "" {
		t.Errorf("ran: %v, %v\n%s", ran, err, out)
	}
}

// PAINS 57: a process whose socket was made by somebody else than its parent
// runs nothing: neither the function nor main.
func TestForgedChildOfAStranger(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "mark")
	cmd := programCommand(t, refusedMain)
	// The shell becomes the parent, and can't be told from the socket's maker.
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `"$0"; echo "exit $?"`, cmd.Path}
	out, ran, err := refusedRun(t, cmd, mark, func() (*os.File, error) { return refusedForge(cmd, mark) })
	if ran || err != nil || out != "exit 1\n" {
		t.Errorf("ran: %v, %v\n%s", ran, err, out)
	}
}

// A parent that dies, or talks nonsense, before it has said what its child is
// for. The child's main does not run.
func TestChildIsToldNonsense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		letter []byte
		says   string
	}{
		"nothing":       {nil, ""},
		"half a head":   {[]byte{byte(wire.Boot), 1}, "unexpected EOF"},
		"half a record": {wire.Append(nil, wire.Boot, []byte{1, 2, 3})[:6], "unexpected EOF"},
		"another frame": {wire.Append(nil, wire.Arg, []byte{1}), "malformed"},
		"noise":         {wire.Append(nil, wire.Boot, []byte("not a record at all")), "malformed"},
		"too large":     {[]byte{byte(wire.Boot), 255, 255, 255, 255}, "limit"},
	} {
		cmd := programCommand(t, refusedMain)
		out, _, err := refusedRun(t, cmd, "/none", func() (f *os.File, err error) {
			f, err = refusedForgeWith(cmd, func(to io.Writer) error {
				_, err := to.Write(c.letter)
				return err
			})
			if err == nil {
				err = refusedShut(f)
			}
			return f, err
		})
		if err == nil || strings.Contains(out, "main ran") || !strings.Contains(out, c.says) || (c.says == "") != (out == "") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// A token that was captured and passed on means nothing to a program that is
// no child: it is an ordinary process, and does not pass the token on.
func TestStaleToken(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, end, err := sys.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	other := os.NewFile(uintptr(end), "other")
	defer other.Close()
	for name, c := range map[string]struct {
		token string
		files []*os.File
	}{
		"nothing there":        {"3:1a2b", nil},
		"a file":               {"3:1a2b", []*os.File{null}},
		"another socket":       {"3:1a2b", []*os.File{other}},
		"standard input":       {"0:1a2b", nil},
		"no such descriptor":   {"99999999:1a2b", nil},
		"negative":             {"-1:1a2b", nil},
		"no token":             {"", nil},
		"no number":            {":", nil},
		"not a number at all":  {"three:xyz", nil},
		"more than a number":   {"99999999999999999999:99999999999999999999", nil},
		"the runtime's, maybe": {"4:0", nil},
	} {
		cmd := programCommand(t, refusedMain)
		cmd.Env = append(slices.Clone(cmd.Env), boot.Variable+"="+c.token)
		cmd.ExtraFiles = c.files
		out, err := cmd.CombinedOutput()
		if string(out) != "main ran false false\n" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// refusedShut says that nothing more will come.
func refusedShut(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	cerr := conn.Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
	return errors.Join(cerr, err)
}
