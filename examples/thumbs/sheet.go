package main

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	margin     = 10 // pixels around each cell's thumbnail
	maxColumns = 16
)

var face = basicfont.Face7x13

// A sheet is a picture of thumbnails in rows, each with its name below it. It
// has one row in memory at a time, so it is to be read from top to bottom.
type sheet struct {
	names   []string
	load    func(name string) (image.Image, error)
	side    int // of the square that a thumbnail fits in
	columns int

	strip *image.RGBA // the row of cells that At was asked for last
	err   error       // of load, the first
}

// writeSheet writes a sheet as PNG.
func writeSheet(w io.Writer, names []string, side int, load func(name string) (image.Image, error)) error {
	columns := min(int(math.Ceil(math.Sqrt(float64(len(names))))), maxColumns)
	s := &sheet{names: names, load: load, side: side, columns: columns}
	if err := png.Encode(w, s); err != nil {
		return err
	}
	return s.err
}

func (s *sheet) cell() image.Point {
	return image.Pt(s.side+2*margin, s.side+2*margin+face.Height)
}

// ColorModel is part of [image.Image].
func (s *sheet) ColorModel() color.Model { return color.RGBAModel }

// Bounds is part of [image.Image].
func (s *sheet) Bounds() image.Rectangle {
	rows := (len(s.names) + s.columns - 1) / s.columns
	return image.Rect(0, 0, s.columns*s.cell().X, rows*s.cell().Y)
}

// Opaque saves the encoder a look at every pixel, from top to bottom.
func (s *sheet) Opaque() bool { return true }

// At is part of [image.Image].
func (s *sheet) At(x, y int) color.Color {
	if s.strip == nil || !(image.Point{x, y}).In(s.strip.Rect) {
		s.paint(y / s.cell().Y)
	}
	return s.strip.RGBAAt(x, y)
}

// paint makes s.strip the row of cells with that number.
func (s *sheet) paint(row int) {
	cell := s.cell()
	rect := image.Rect(0, row*cell.Y, s.columns*cell.X, (row+1)*cell.Y)
	if s.strip == nil {
		s.strip = image.NewRGBA(rect)
	}
	s.strip.Rect = rect
	draw.Draw(s.strip, rect, image.White, image.Point{}, draw.Src)
	for i := row * s.columns; i < min((row+1)*s.columns, len(s.names)); i++ {
		img, err := s.load(s.names[i])
		if err != nil {
			if s.err == nil {
				s.err = err
			}
			continue
		}
		s.place(img, s.names[i], image.Pt(i%s.columns*cell.X, rect.Min.Y))
	}
}

// place draws one cell, whose corner is at.
func (s *sheet) place(img image.Image, name string, at image.Point) {
	size := img.Bounds().Size()
	corner := at.Add(image.Pt(s.cell().X-size.X, s.side+2*margin-size.Y).Div(2))
	draw.Draw(s.strip, image.Rectangle{corner, corner.Add(size)}, img, img.Bounds().Min, draw.Over)

	text := label(name, s.side/face.Advance)
	pen := font.Drawer{Dst: s.strip, Src: image.Black, Face: face}
	pen.Dot = fixed.P(at.X+s.cell().X/2, at.Y+s.side+margin+face.Height)
	pen.Dot.X -= pen.MeasureString(text) / 2
	pen.DrawString(text)
}
