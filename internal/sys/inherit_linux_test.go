package sys

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"multiproc/internal/leak"
)

func init() {
	// What a child learns about descriptor 3, and an answer through it.
	roles["child's end"] = func() {
		id, err1 := SocketID(3)
		pid, uid, err2 := Peer(3)
		buf := make([]byte, 100)
		n, err3 := Read(3, buf) // which blocks until the parent has written
		fmt.Print(id, pid, uid, err1, err2, string(buf[:n]), err3)
		file, err := Pollable(3, "control")
		if err != nil {
			fmt.Print(err)
			return
		}
		if _, err := file.WriteString("up"); err != nil {
			fmt.Print(err)
		}
		file.Close()
	}
	roles["itself"] = func() {
		path, err := Executable()
		if err != nil {
			fmt.Print(err)
			return
		}
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
		null, err := OpenNull()
		if err != nil {
			fmt.Print(err)
			return
		}
		env := []string{leak.RoleEnv + "=again"} // and no other: of two, the first counts
		for _, key := range []string{"GOCOVERDIR", "GORACE"} {
			env = append(env, key+"="+os.Getenv(key))
		}
		p, err := Start(&Spec{Path: path, Argv: []string{"again"}, Env: env, Files: []int{null, 1, 2}})
		if err != nil {
			fmt.Print(err)
			return
		}
		if exit := p.Wait(); exit.Code != 0 {
			fmt.Printf("%+v", exit)
		}
	}
	roles["again"] = func() { fmt.Print("again") }
}

// The child knows its end by the id that the parent knows it by, and the
// parent by its pid; and both ends carry bytes.
func TestPairInTheChild(t *testing.T) {
	t.Parallel()
	parent, child, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	id, err := SocketID(child)
	if err != nil {
		t.Fatal(err)
	}
	path, err := Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w := pipe(t)
	spec := shell(t, "", w)
	spec.Path, spec.Argv = path, []string{"child"}
	spec.Env = append(os.Environ(), leak.RoleEnv+"=child's end", "GOCOVERDIR="+t.TempDir())
	spec.Files = append(spec.Files, child)
	p, err := Start(spec)
	w.Close()
	Close(child)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parent.WriteString("down"); err != nil {
		t.Error(err)
	}
	answer, err := io.ReadAll(parent) // to its end: nobody else has the other one
	if string(answer) != "up" || err != nil {
		t.Errorf("answer %q, %v", answer, err)
	}
	got, err := io.ReadAll(r)
	if want := fmt.Sprint(id, os.Getpid(), Getuid(), nil, nil, "down", nil); string(got) != want || err != nil {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if exit := p.Wait(); exit.Code != 0 || exit.Lost {
		t.Errorf("%+v", exit)
	}
}

// A running binary starts itself, not what its file became.
func TestExecutableOutlivesItsFile(t *testing.T) {
	t.Parallel()
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(path string) error{
		"deleted": os.Remove,
		"renamed": func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			if err := os.WriteFile(path+".new", []byte("#!/bin/sh\necho another\n"), 0o700); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "program")
			// Written by a process that forks nothing: a child that was just
			// forked would hold it open for writing, and exec says ETXTBSY.
			in, out := pipe(t)
			spec := shell(t, `exec cat >"$0"`, nil)
			spec.Argv = append(spec.Argv, path)
			spec.Files[0] = int(in.Fd())
			p, err := Start(spec)
			in.Close()
			if err != nil {
				t.Fatal(err)
			}
			_, err = out.Write(binary)
			out.Close()
			if exit := p.Wait(); exit.Code != 0 || err != nil {
				t.Fatalf("%+v, %v", exit, err)
			}
			if err := os.Chmod(path, 0o700); err != nil {
				t.Fatal(err)
			}

			stdin, proceed := pipe(t)
			r, w := pipe(t)
			spec = shell(t, "", w)
			spec.Path, spec.Argv = path, []string{path}
			spec.Env = append(os.Environ(), leak.RoleEnv+"=itself", "GOCOVERDIR="+t.TempDir())
			spec.Files[0] = int(stdin.Fd())
			p, err = Start(spec)
			stdin.Close()
			w.Close()
			if err != nil {
				t.Fatal(err)
			}
			ready := make([]byte, len("ready\n"))
			_, err = io.ReadFull(r, ready)
			if err == nil {
				err = change(path)
			}
			proceed.Close()
			got, readErr := io.ReadAll(r)
			if string(got) != "again" || err != nil || readErr != nil {
				t.Errorf("%q, %v, %v", got, err, readErr)
			}
			if exit := p.Wait(); exit.Code != 0 {
				t.Errorf("%+v", exit)
			}
		})
	}
}
