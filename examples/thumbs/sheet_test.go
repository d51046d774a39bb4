//go:build unix

package main

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"
)

// A sheet that is read row by row is the one that a sheet of its own rows is.
func TestSheetOfManyRows(t *testing.T) {
	names := make([]string, 18*18)
	var loaded []string
	load := func(name string) (image.Image, error) {
		loaded = append(loaded, name)
		return cropped{image.NewUniform(color.RGBA{1, 2, 3, 255}), image.Rect(5, 5, 11, 9)}, nil
	}
	for i := range names {
		names[i] = string(rune('a' + i%26))
	}
	var out bytes.Buffer
	if err := writeSheet(&out, names, 10, load); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(loaded, names) {
		t.Errorf("it loaded %d thumbnails, want each of %d once", len(loaded), len(names))
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	cell := image.Pt(10+2*margin, 10+2*margin+face.Height)
	if want := image.Pt(maxColumns*cell.X, 21*cell.Y); img.Bounds().Max != want {
		t.Fatalf("it is %v large, want %v", img.Bounds().Max, want)
	}
	for i := range 21 * maxColumns {
		at := image.Pt(i%maxColumns*cell.X+cell.X/2, i/maxColumns*cell.Y+margin+5)
		if r, _, _, _ := img.At(at.X, at.Y).RGBA(); (r>>8 == 1) != (i < len(names)) {
			t.Fatalf("cell %d has %d in the middle", i, r>>8)
		}
	}
}

func TestSheetThatCannotLoad(t *testing.T) {
	why := errors.New("why")
	err := writeSheet(&bytes.Buffer{}, []string{"a"}, 10, func(string) (image.Image, error) { return nil, why })
	if !errors.Is(err, why) {
		t.Errorf("%v, want %v", err, why)
	}
}

// samePixels compares two pictures, but for what other processors round.
func samePixels(t *testing.T, a, b string) bool {
	t.Helper()
	_, most := differences(t, a, b)
	return most <= 3
}

// differences are those of two pictures' channels, from 0 to 255: the mean and
// the largest.
func differences(t *testing.T, a, b string) (mean, most float64) {
	t.Helper()
	x, y := decoded(t, a), decoded(t, b)
	if x.Bounds() != y.Bounds() {
		return 255, 255
	}
	var sum float64
	for i := range x.Bounds().Dx() {
		for j := range x.Bounds().Dy() {
			r, g, b, _ := x.At(i, j).RGBA()
			r2, g2, b2, _ := y.At(i, j).RGBA()
			for _, d := range []int64{int64(r) - int64(r2), int64(g) - int64(g2), int64(b) - int64(b2)} {
				off := math.Abs(float64(d)) / 257
				sum, most = sum+off, max(most, off)
			}
		}
	}
	return sum / float64(3*x.Bounds().Dx()*x.Bounds().Dy()), most
}

func decoded(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(path, err)
	}
	return img
}
