package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// A job is a picture for a worker. Its name crosses byte for byte, whatever
// encoding it is in.
type job struct {
	Dir, Name string
	Side      int // of the thumbnail, the longer one, in pixels
	Harm      harm
}

func (j job) path() string { return filepath.Join(j.Dir, j.Name) }

// makeThumbnail runs in a worker: it returns a small PNG of the picture. It does
// not look at the header first, to refuse what says that it is large. A header
// can lie and memory can be had in other ways; the worker's limits hold for all.
func makeThumbnail(ctx context.Context, j job) ([]byte, error) {
	j.Harm.strike()
	f, err := os.Open(j.path())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := &input{ctx: ctx, file: f}
	img, _, err := image.Decode(in)
	if err != nil {
		return nil, in.explain(err)
	}
	if img.Bounds().Empty() {
		return nil, errors.New("no pixels")
	}
	var out bytes.Buffer
	err = png.Encode(&out, shrink(img, j.Side))
	return out.Bytes(), err
}

// shrink fits img into a square of that side; a smaller one keeps its size.
func shrink(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	scale := min(1, float64(side)/float64(max(b.Dx(), b.Dy())))
	fit := func(n int) int { return max(1, int(math.Round(scale*float64(n)))) }
	out := image.NewRGBA(image.Rect(0, 0, fit(b.Dx()), fit(b.Dy())))
	if out.Rect.Size() == b.Size() {
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(out, out.Rect, img, b, draw.Src, nil)
	}
	return out
}

// An input is a file that knows afterwards why it could not be decoded.
type input struct {
	ctx   context.Context // of the task: a decoder knows none
	file  *os.File
	n     int64 // bytes read
	err   error // of the file
	short bool  // the decoder wanted more than there is
}

func (in *input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := in.file.Read(p)
	in.n += int64(n)
	switch {
	case err == io.EOF:
		in.short = true
	case err != nil:
		in.err = err
	}
	return n, err
}

// explain returns what is behind a decoder's error.
func (in *input) explain(err error) error {
	switch {
	case in.ctx.Err() != nil:
		return context.Cause(in.ctx)
	case in.err != nil:
		return in.err
	case in.short && in.n == 0:
		return errors.New("empty")
	case in.short:
		return fmt.Errorf("truncated: %w", err)
	}
	return err
}
