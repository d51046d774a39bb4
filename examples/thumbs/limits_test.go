//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/bmp"

	"multiproc/examples/thumbs/internal/testimage"
)

// A decoder that reads on can be told that its time is over, one that computes
// can't, and is killed.
func TestTimeout(t *testing.T) {
	t.Parallel()
	slow, err := testimage.Bomb(16_000) // 256 MB
	if err != nil {
		t.Fatal(err)
	}
	dir := plant(t, map[string][]byte{"slow.png": slow, "tall.bmp": good(t)["tall.bmp"]})
	endless(t, filepath.Join(dir, "in", "endless.jpg"))
	got := capture(t, program(t, dir, "-timeout", "100ms", "-memory", "4096", "in"))
	want := result{
		dir + "/thumbs/sheet.png\n",
		"thumbs: in/endless.jpg: timed out after 100ms\nthumbs: in/slow.png: timed out after 100ms\nthumbs: 2 of 3 can't be shown\n",
		1,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A decoder that reads stops when nobody waits for its picture any more.
func TestCancelled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "endless.jpg")
	endless(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := makeThumbnail(ctx, job{Name: path, Side: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// endless makes a JPEG file that takes hours to read and no room: decoders look
// for the next marker among any number of zeros.
func endless(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte("\xff\xd8"), 0o644), os.Truncate(path, 8<<40)); err != nil {
		t.Fatal(err)
	}
}

// What ends the program before its time leaves nothing of it.
func TestStopped(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		dir := plant(t, map[string][]byte{"a.bmp": good(t)["tall.bmp"]})
		endless(t, filepath.Join(dir, "in", "b.jpg"))
		cmd := program(t, dir, "-timeout", "1h", "in")
		cmd.Env = append(cmd.Env, programEnv+"=patient") // so that it is run that ends it
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The first picture has its thumbnail: the workers are there.
		waitFor(t, func() bool {
			found, err := filepath.Glob(filepath.Join(dir, ".thumbs-*", "a.bmp.png"))
			return err == nil && len(found) == 1
		})
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		net := time.AfterFunc(time.Minute, func() { t.Error("it does not end"); _ = cmd.Process.Kill() })
		err := cmd.Wait()
		net.Stop()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != sig {
			t.Errorf("%v: it ended with %v", sig, err)
		}
		waitFor(t, func() bool { // after SIGKILL it is the tracker that removes
			return slices.Equal(entries(t, dir), []string{"in/a.bmp", "in/b.jpg"})
		})
	}
}

// waitFor looks until cond is true.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not come to this in 30 s")
		}
	}
}

// The parent's memory does not grow with the number of pictures.
func TestFlatMemory(t *testing.T) {
	t.Parallel()
	few, many := peakOf(t, 40), peakOf(t, 180)
	// The thumbnails of 140 are 12 MB, and their pixels in the sheet 28.
	if grown := many - few; grown > 16<<20 {
		t.Errorf("%d MiB for 40 pictures, %d MiB for 180", few>>20, many>>20)
	}
}

// peakOf is the most memory that the program had, with so many pictures.
func peakOf(t *testing.T, n int) int64 {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 200))
	rand.NewChaCha8([32]byte{}).Read(img.Pix)
	var file bytes.Buffer
	if err := bmp.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for i := range n {
		files[fmt.Sprintf("%03d.bmp", i)] = file.Bytes()
	}
	dir := plant(t, files)
	cmd := program(t, dir, "-side", "200", "in")
	cmd.Env = append(cmd.Env, programEnv+"=peak")
	got := capture(t, cmd)
	size, err := strconv.ParseInt(strings.TrimSpace(got.stderr), 10, 64)
	if err != nil || got.code != 0 {
		t.Fatalf("%v, %+v", err, got)
	}
	if info, err := os.Stat(filepath.Join(dir, "thumbs/000.bmp.png")); err != nil || info.Size() < 80<<10 {
		t.Fatalf("the thumbnails are too small to count: %v, %v", info.Size(), err)
	}
	return size
}

// peak is the largest size that the heap of this process has had, in bytes.
func peak() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys
}
