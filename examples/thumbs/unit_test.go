//go:build unix

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"multiproc/examples/thumbs/internal/testimage"
)

func TestShrink(t *testing.T) {
	for _, c := range []struct{ in, want image.Point }{
		{image.Pt(400, 300), image.Pt(100, 75)},
		{image.Pt(300, 400), image.Pt(75, 100)},
		{image.Pt(100, 100), image.Pt(100, 100)},
		{image.Pt(20, 10), image.Pt(20, 10)}, // never larger
		{image.Pt(9000, 1), image.Pt(100, 1)},
	} {
		in := image.NewUniform(color.RGBA{200, 100, 50, 255})
		out := shrink(cropped{in, image.Rectangle{Max: c.in}.Add(image.Pt(-7, 5))}, 100)
		if out.Rect.Max != c.want {
			t.Errorf("%v becomes %v, want %v", c.in, out.Rect.Max, c.want)
		}
		if got := out.RGBAAt(c.want.X-1, c.want.Y-1); got != in.C {
			t.Errorf("%v: its corner has become %v, want %v", c.in, got, in.C)
		}
	}
}

// cropped is a part of an image, with bounds that need not begin at zero.
type cropped struct {
	image.Image
	rect image.Rectangle
}

func (c cropped) Bounds() image.Rectangle { return c.rect }

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		name string
		room int
		want string
	}{
		{"a/b.png", 10, "b.png"},
		{"a-long-name.png", 15, "a-long-name.png"},
		{"a-long-name.png", 10, "a-lon~.png"},
		{"größere-namen.png", 10, "größe~.png"},
		{"name", 2, "na"},
		{"name", 0, ""},
	} {
		if got := label(c.name, c.room); got != c.want {
			t.Errorf("label(%q, %d) = %q, want %q", c.name, c.room, got, c.want)
		}
	}
}

func TestFailureIsOneQuietLine(t *testing.T) {
	for _, c := range []struct {
		f    failure
		want string
	}{
		{failure{"a b", errors.New("why")}, "a b: why"},
		{failure{"a\x1b[2J", errors.New("why")}, `"a\x1b[2J": why`},
		{failure{"a", errors.New("why\nand how")}, "a: why"},
		{failure{"a", &os.PathError{Op: "open", Path: "a", Err: os.ErrPermission}}, "a: open: permission denied"},
	} {
		if got := c.f.line(options{}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	dir := plant(t, map[string][]byte{
		"a.png": nil, "B.JPG": nil, "a/b.TifF": nil, "a/.c.webp": nil, "no.txt": nil, "png": nil,
		"out/a.png.png": nil, "latin-\xe9.bmp": nil,
	})
	in := filepath.Join(dir, "in")
	if err := os.Symlink("a.png", filepath.Join(in, "link.png")); err != nil {
		t.Fatal(err)
	}
	names, failures := find(in, filepath.Join(in, "a", "..", "out"))
	if want := []string{"B.JPG", "a/.c.webp", "a/b.TifF", "a.png", "latin-\xe9.bmp"}; !slices.Equal(names, want) || len(failures) > 0 {
		t.Errorf("%q, %v, want %q", names, failures, want)
	}
}

// What testdata holds is what gen writes.
func TestTestdata(t *testing.T) {
	t.Parallel()
	bad := testimage.Bad(good(t))
	for name, want := range bad {
		got, err := os.ReadFile(filepath.Join("testdata/bad", name))
		if err != nil || (len(got) == 0) != (len(want) == 0) {
			t.Errorf("testdata/bad/%s: %v, %d bytes, want %d", name, err, len(got), len(want))
		}
	}
	for name, data := range good(t) {
		made := filepath.Join(t.TempDir(), filepath.Base(name))
		if err := os.WriteFile(made, data, 0o644); err != nil {
			t.Fatal(err)
		}
		// At the edge of chaos another processor's rounding is all.
		if mean, _ := differences(t, made, filepath.Join("testdata/good", name)); mean > 2 {
			t.Errorf("testdata/good/%s is not what gen makes: it is %v off", name, mean)
		}
	}
	if got, want := len(entries(t, "testdata")), len(good(t))+len(bad)+len([]string{"bomb.png", "sheet.png"}); got != want {
		t.Errorf("testdata holds %d files, want %d", got, want)
	}
}

// The bomb is a whole picture, of the size that it is said to have.
func TestBomb(t *testing.T) {
	f, err := os.Open("testdata/bad/bomb.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 24)
	if _, err := io.ReadFull(f, head); err != nil {
		t.Fatal(err)
	}
	width, height := binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])
	if width != testimage.BombSide || height != testimage.BombSide {
		t.Errorf("it is %d × %d large, want %d", width, height, testimage.BombSide)
	}
	small, err := testimage.Bomb(100)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(small)); err != nil || img.Bounds().Max != image.Pt(100, 100) {
		t.Errorf("a smaller one: %v, %v", img, err)
	}
}
