package multiproc_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multiproc"
	"multiproc/tempdir"
)

// tempdirChild has directories of its own, and one more in its own child.
var tempdirChild = multiproc.NewFunc("tempdir-child", func(ctx context.Context, _ int) (int, error) {
	if err := tempdirAll(); err != nil {
		return 0, err
	}
	<-ctx.Done()
	select {} // and finalizers get no turn, before it is killed
})

func tempdirAll() error {
	for _, make := range []func() (string, error){
		tempdir.Get,
		func() (string, error) { path, _, err := tempdir.Make("x-*"); return path, err },
		func() (string, error) { path, _, err := tempdir.Socket(); return filepath.Dir(path), err },
	} {
		dir, err := make()
		if err == nil {
			err = os.Mkdir(filepath.Join(dir, "sub"), 0o500)
		}
		if err != nil {
			return err
		}
		fmt.Println(dir)
	}
	return nil
}

var tempdirOwner = program("tempdir-owner", func() {
	multiproc.Main(func(ctx context.Context) error {
		if err := tempdirAll(); err != nil {
			return err
		}
		opts := multiproc.Options{Grace: 200 * time.Millisecond}
		if _, err := tempdirChild.With(opts).Start(ctx, 0); err != nil {
			return err
		}
		<-ctx.Done()
		select {}
	})
})

// PAINS 55, TESTS 208: directories go with their process, however it ends, and
// no file of ours stays.
func TestTempDirsOfTheKilled(t *testing.T) {
	t.Parallel()
	place := t.TempDir()
	cmd := programCommand(t, tempdirOwner)
	cmd.Env = append(cmd.Env, "TMPDIR="+place)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	err = startClean(cmd)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	kill := func(cmd *exec.Cmd) { _, _ = cmd.Process.Kill(), cmd.Wait() }
	defer kill(cmd)
	var text strings.Builder
	for strings.Count(text.String(), "\n") < 6 {
		buf := make([]byte, 1000)
		n, err := r.Read(buf)
		if err != nil {
			t.Fatalf("%q, %v", &text, err)
		}
		text.Write(buf[:n])
	}
	kill(cmd)
	for net := time.Now().Add(lifeNet); ; time.Sleep(time.Millisecond) {
		names, err := os.ReadDir(place)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			return
		}
		if time.Now().After(net) {
			t.Fatalf("left: %v", names)
		}
	}
}
