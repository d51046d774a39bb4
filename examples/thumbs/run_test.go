//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// thumbnailsOfGood are what the good pictures become.
var thumbnailsOfGood = []string{
	"coast/sunset.jpg.png", "coast/waves.webp.png",
	"fractals/julia.tiff.png", "fractals/mandelbrot.png.png",
	"rings.gif.png", "sheet.png", "tall.bmp.png",
}

func TestGood(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-o", "out", "in"},
		{"-o", "./out/", "-workers", "3", "in/"},
		{"-workers", "1", "-o", "in/out", "in"}, // where it must not be found again
	} {
		dir := plant(t, good(t))
		out := filepath.Join(dir, args[slices.Index(args, "-o")+1])
		for range 2 { // the second time over the first
			got := capture(t, program(t, dir, args...))
			if want := (result{stdout: out + "/sheet.png\n"}); got != want {
				t.Errorf("%q: %+v, want %+v", args, got, want)
			}
		}
		if names := entries(t, out); !slices.Equal(names, thumbnailsOfGood) {
			t.Errorf("%q: %q, want %q", args, names, thumbnailsOfGood)
		}
		same := samePixels(t, filepath.Join(out, "sheet.png"), "testdata/sheet.png")
		if !same {
			t.Errorf("%q: the sheet is not like testdata/sheet.png", args)
		}
	}
}

// endOfBomb is what ends the worker that decodes a huge picture, or at 32 bits
// the decoder.
var endOfBomb = `(out of memory: the worker needed more than 512 MiB|png: unsupported feature: dimension overflow)`

// Each bad picture is told with its true cause, and takes none with it.
func TestBad(t *testing.T) {
	t.Parallel()
	dir := plant(t, good(t))
	if err := os.CopyFS(filepath.Join(dir, "in"), os.DirFS("testdata/bad")); err != nil {
		t.Fatal(err)
	}
	got := capture(t, program(t, dir, "-crash", "crash.png", "-kill", "sunset.jpg", "-timeout", "1m", "in"))
	want := regexp.MustCompile(`^` +
		`thumbs: in/bomb\.png: ` + endOfBomb + `\n` +
		`thumbs: in/coast/sunset\.jpg: the worker died: ended by signal 9 \(killed\)\n` +
		`thumbs: in/crash\.png: the worker died: exited with code 2: panic: asked for by -crash\n` +
		`thumbs: in/empty\.jpg: empty\n` +
		`thumbs: in/notes\.png: image: unknown format\n` +
		`thumbs: in/truncated\.bmp: truncated: unexpected EOF\n` +
		`thumbs: in/truncated\.gif: truncated: gif: .*\n` +
		`thumbs: in/truncated\.jpg: truncated: .*\n` +
		`thumbs: in/truncated\.png: truncated: png: .*\n` +
		`thumbs: in/truncated\.tiff: truncated: unexpected EOF\n` +
		`thumbs: in/truncated\.webp: truncated: unexpected EOF\n` +
		`thumbs: 11 of 16 can't be shown\n$`)
	if !want.MatchString(got.stderr) {
		t.Errorf("stderr\n%s\nwant\n%v", got.stderr, want)
	}
	if got.code != 1 || got.stdout != dir+"/thumbs/sheet.png\n" {
		t.Errorf("code %d, stdout %q, want 1 and the sheet's path", got.code, got.stdout)
	}
	left := entries(t, filepath.Join(dir, "thumbs"))
	if want := thumbnailsOfGood[1:]; !slices.Equal(left, want) {
		t.Errorf("%q, want %q", left, want)
	}
	if names := entries(t, dir); slices.ContainsFunc(names, hidden) {
		t.Errorf("left behind: %q", names)
	}
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// If nothing can be shown there is no sheet.
func TestAllBad(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string][]byte{"a.png": nil})
	got := capture(t, program(t, dir, "in"))
	if want := (result{"", "thumbs: in/a.png: empty\nthumbs: 1 of 1 can't be shown\n", 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if names := entries(t, dir); !slices.Equal(names, []string{"in/a.png"}) {
		t.Errorf("left behind: %q", names)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	files := good(t)
	files["z/in.png"] = nil
	dir := plant(t, files)
	for _, name := range []string{"rings.gif", "z"} {
		path := filepath.Join(dir, "in", name)
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o755) })
	}
	cmd := program(t, dir, "in")
	unprivileged(cmd)
	got := capture(t, cmd)
	want := result{
		dir + "/thumbs/sheet.png\n",
		"thumbs: in/rings.gif: open: permission denied\nthumbs: in/z: open: permission denied\nthumbs: 2 of 7 can't be shown\n",
		1,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// unprivileged makes cmd run as nobody, for whom there are unreadable files.
func unprivileged(cmd *exec.Cmd) {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string][]byte{"notes.txt": nil})
	for _, c := range []struct {
		args []string
		code int
		told string
	}{
		{nil, 2, "usage: thumbs"},
		{[]string{"a", "b"}, 2, "usage: thumbs"},
		{[]string{"-workers", "-1", "in"}, 2, "usage: thumbs"},
		{[]string{"-nonsense", "in"}, 2, "usage: thumbs"},
		{[]string{"-h"}, 0, "usage: thumbs"},
		{[]string{"-o", "./in", "in"}, 2, "another directory"},
		{[]string{"missing"}, 1, "thumbs: missing: lstat: no such file or directory\n"},
		{[]string{"in"}, 1, "no pictures below in\n"},
	} {
		got := capture(t, program(t, dir, c.args...))
		if got.code != c.code || got.stdout != "" || !strings.Contains(got.stderr, c.told) {
			t.Errorf("%q: %+v, want code %d and %q", c.args, got, c.code, c.told)
		}
	}
	if names := entries(t, dir); !slices.Equal(names, []string{"in/notes.txt"}) {
		t.Errorf("left behind: %q", names)
	}
}
