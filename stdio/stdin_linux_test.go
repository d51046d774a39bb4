package stdio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() {
	roles["close"] = func() { report(CloseStdin()) }
	roles["close twice at once"] = func() {
		var wg sync.WaitGroup
		errs := make([]error, 10)
		for i := range errs {
			wg.Go(func() { errs[i] = CloseStdin() })
		}
		wg.Wait()
		report(errors.Join(errs...))
	}
	roles["close a closed one"] = func() { report(errors.Join(syscall.Close(0), CloseStdin())) }
	roles["close a polled one"] = func() { // as os.Stdin is when it does not block
		if err := syscall.SetNonblock(0, true); err != nil {
			report(err)
			return
		}
		stdin = os.NewFile(0, "/dev/stdin")
		os.Stdin = stdin
		report(CloseStdin())
	}
	roles["close another's"] = func() {
		err := os.Stdin.Close()
		f, openErr := os.Open("/proc/self/comm")
		if err = errors.Join(err, openErr); err != nil {
			report(err)
			return
		}
		fmt.Println(f.Fd(), CloseStdin())
		_, err = io.ReadAll(f)
		fmt.Println(err)
	}
	roles["close after close"] = func() {
		err := os.Stdin.Close()
		err = errors.Join(err, CloseStdin(), CloseStdin())
		target, _ := os.Readlink("/proc/self/fd/0")
		fmt.Println(target, err)
	}
	roles["blocked reader"] = blockedReader
}

// report tells of descriptor 0 in this process and in one that it starts.
func report(err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := io.ReadAll(os.Stdin)
	target, _ := os.Readlink("/proc/self/fd/0")
	cat := exec.Command("sh", "-c", "readlink /proc/self/fd/0; wc -c")
	cat.Stdin = os.Stdin
	inherited, catErr := cat.Output()
	info, _ := os.ReadFile("/proc/self/fdinfo/0")
	if m := regexp.MustCompile(`flags:\s+([0-7]+)`).FindSubmatch(info); m == nil {
		fmt.Printf("fdinfo: %q\n", info)
	} else if flags, _ := strconv.ParseUint(string(m[1]), 8, 64); flags&syscall.O_CLOEXEC != 0 {
		fmt.Println("it is not inherited")
	}
	if n := nulls(); n != nullsBefore && n != nullsBefore+1 {
		fmt.Printf("the null device is open %d times, before %d\n", n, nullsBefore)
	}
	fmt.Printf("%q %v %s %q %v\n", data, err, target, inherited, catErr)
}

// nullsBefore is how often the null device is open at the start.
var nullsBefore = nulls()

func nulls() (n int) {
	open, _ := os.ReadDir("/proc/self/fd")
	for _, e := range open {
		if to, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); to == os.DevNull {
			n++
		}
	}
	return n
}

const closed = `"" <nil> /dev/null "/dev/null\n0\n" <nil>` + "\n"

// The input that a process gives up is left to those who share it (PAINS 60).
func TestCloseStdin(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"close", "close twice at once", "close a closed one", "close a polled one"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.WriteString(w, "the parent's"); err != nil {
				t.Fatal(err)
			}
			w.Close()
			cmd := roleCommand(t, role)
			cmd.Stdin = r
			if out, err := cmd.Output(); string(out) != closed || err != nil {
				t.Errorf("%s%v", out, err)
			}
			if rest, err := io.ReadAll(r); string(rest) != "the parent's" || err != nil {
				t.Errorf("left for the parent: %q, %v", rest, err)
			}
		})
	}
}

func TestCloseStdinAfterClose(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]string{
		"close another's":   "0 stdio: close stdin: " + errTaken.Error() + "\n<nil>\n",
		"close after close": "/dev/null <nil>\n",
	} {
		if out, err := roleCommand(t, role).Output(); string(out) != want || err != nil {
			t.Errorf("%s: %s%v, want %s", role, out, err, want)
		}
	}
}

// blockedReader closes its input while a goroutine is in the middle of a read.
func blockedReader() {
	got := make(chan string)
	go func() {
		buf := make([]byte, 100)
		n, err := os.Stdin.Read(buf)
		got <- fmt.Sprintf("%q %v", buf[:n], err)
	}()
	inRead := fmt.Sprintf("%d 0x0 ", syscall.SYS_READ)
	for blocked := false; !blocked; time.Sleep(time.Millisecond) {
		threads, _ := filepath.Glob("/proc/self/task/*/syscall")
		for _, path := range threads {
			call, _ := os.ReadFile(path)
			blocked = blocked || strings.HasPrefix(string(call), inRead)
		}
	}
	fmt.Println(CloseStdin())
	fmt.Println(<-got)
	rest, err := io.ReadAll(os.Stdin)
	fmt.Printf("%q %v\n", rest, err)
}

func TestCloseStdinBeneathAReader(t *testing.T) {
	t.Parallel()
	cmd := roleCommand(t, "blocked reader")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "<nil>\n" {
		t.Errorf("CloseStdin = %q, %v", line, err)
	}
	if _, err := io.WriteString(in, "late"); err != nil {
		t.Error(err)
	}
	rest, _ := io.ReadAll(lines)
	if want := "\"late\" <nil>\n\"\" <nil>\n"; string(rest) != want {
		t.Errorf("%swant %s", rest, want)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
