package multiproc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/fd"
	"multiproc/internal/sys"
)

// closedChild closes what it has, also if it was not told to.
var closedChild = multiproc.NewFunc("closed-child", func(_ context.Context, how string) (string, error) {
	if err := fd.CloseAllExcept(1, 2); err != nil {
		return "", err
	}
	if how == "wait" {
		fmt.Println("ready")
		if err := os.WriteFile(os.Getenv("CLOSED_READY"), nil, 0o600); err != nil {
			return "", err
		}
		closedAwait("CLOSED_GO")
		fmt.Println("goes on")
	}
	if how == "crash" {
		go panic("last words")
		select {}
	}
	return how, nil
})

// closedAwait waits for the file that a variable names.
func closedAwait(variable string) {
	for {
		if _, err := os.Stat(os.Getenv(variable)); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// closedHost closes all that it has while a child runs, and goes on.
var closedHost = program("closed-host", func() {
	multiproc.Init()
	ctx := context.Background()
	var out bytes.Buffer
	c, err := closedChild.With(multiproc.Options{Stdout: &out}).Start(ctx, "wait")
	if err != nil {
		fmt.Println(err)
		return
	}
	closedAwait("CLOSED_READY")
	err1 := fd.CloseAllExcept(1, 2)
	err2 := os.WriteFile(os.Getenv("CLOSED_GO"), nil, 0o600)
	result, err3 := c.Result(ctx)
	err4 := c.Wait(ctx)
	fmt.Println(err1, err2, result, err3, err4)
	fmt.Printf("%q\n", out.String())
	result, err = closedChild.Call(ctx, "again")
	fmt.Println(result, err)
	_, err = closedChild.Call(ctx, "crash")
	crashed, ok := errors.AsType[*multiproc.ExitError](err)
	fmt.Println(ok && strings.Contains(crashed.Crash, "last words"))
	fmt.Println(multiproc.Cleanup(ctx), len(sys.Reserved()))
})

// Whoever closes everything leaves the library what it lives by, on both sides.
func TestEverythingElseClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := programCommand(t, closedHost)
	cmd.Env = append(cmd.Env, "CLOSED_READY="+dir+"/ready", "CLOSED_GO="+dir+"/go")
	out, err := cmd.Output() // the crash text comes out on stderr
	want := []string{"<nil> <nil> wait <nil> <nil>", `"ready\ngoes on\n"`, "again <nil>", "true", "<nil> 0"}
	if got := strings.TrimSpace(string(out)); err != nil || got != strings.Join(want, "\n") {
		t.Errorf("%v\n%s\nwant\n%s", err, out, strings.Join(want, "\n"))
	}
}
