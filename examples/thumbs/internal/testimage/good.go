package testimage

import (
	"bytes"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/cmplx"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// Good returns a small picture of each format, by file name.
func Good() (map[string][]byte, error) {
	files := map[string][]byte{}
	var out bytes.Buffer
	for name, encode := range map[string]func() error{
		"coast/sunset.jpg": func() error {
			return jpeg.Encode(&out, paint(240, 160, sunset), &jpeg.Options{Quality: 80})
		},
		"coast/waves.webp": func() error {
			out.Write(webP(paint(80, 60, waves)))
			return nil
		},
		"fractals/julia.tiff": func() error {
			return tiff.Encode(&out, paint(120, 120, julia), &tiff.Options{Compression: tiff.Deflate})
		},
		"fractals/mandelbrot.png": func() error { return png.Encode(&out, paint(200, 150, mandelbrot)) },
		"rings.gif":               func() error { return gif.Encode(&out, dither(paint(120, 90, rings)), nil) },
		"tall.bmp":                func() error { return bmp.Encode(&out, paint(30, 120, waves)) },
	} {
		out.Reset()
		if err := encode(); err != nil {
			return nil, err
		}
		files[name] = bytes.Clone(out.Bytes())
	}
	return files, nil
}

// paint asks f for each pixel; x and y go from 0 to 1.
func paint(width, height int, f func(x, y float64) color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, f((float64(x)+.5)/float64(width), (float64(y)+.5)/float64(height)))
		}
	}
	return img
}

func dither(img image.Image) *image.Paletted {
	out := image.NewPaletted(img.Bounds(), palette.Plan9)
	draw.FloydSteinberg.Draw(out, out.Rect, img, image.Point{})
	return out
}

// shade is a colour of a rainbow without end.
func shade(t float64) color.RGBA {
	wave := func(phase float64) uint8 { return uint8(127.5 + 127.5*math.Cos(2*math.Pi*(t+phase))) }
	return color.RGBA{wave(0.5), wave(0.6), wave(0.7), 255}
}

func mandelbrot(x, y float64) color.RGBA {
	return escape(0, complex(3*x-2.15, 2.25*y-1.125))
}

func julia(x, y float64) color.RGBA {
	return escape(complex(3*x-1.5, 3*y-1.5), complex(-0.79, 0.15))
}

// escape colours a point by how soon z²+c runs away from it.
func escape(z, c complex128) color.RGBA {
	for n := range 80 {
		if z = z*z + c; cmplx.Abs(z) > 4 {
			return shade((float64(n) - math.Log2(math.Log(cmplx.Abs(z)))) / 24)
		}
	}
	return color.RGBA{A: 255}
}

func sunset(x, y float64) color.RGBA {
	glow := math.Exp(-12 * (square(1.5*(x-0.6)) + square(y-0.55)))
	if y > 0.62 { // the sea, with the sun in it
		ripple := 0.5 + 0.5*math.Sin(240*y*y+7*math.Sin(9*x))
		glow = 0.7 * ripple * math.Exp(-30*square(x-0.6))
		return mix(color.RGBA{18, 40, 84, 255}, color.RGBA{255, 190, 110, 255}, glow)
	}
	return mix(mix(color.RGBA{40, 50, 110, 255}, color.RGBA{235, 120, 80, 255}, 1.5*y), color.RGBA{255, 240, 200, 255}, glow)
}

func square(x float64) float64 { return x * x }

func waves(x, y float64) color.RGBA {
	return mix(color.RGBA{0, 60, 110, 255}, color.RGBA{190, 235, 230, 255},
		0.5+0.5*math.Sin(14*y+3*math.Sin(6*x)+2*math.Cos(9*x*y)))
}

func rings(x, y float64) color.RGBA {
	return shade(2 * math.Hypot(x-0.5, 0.75*(y-0.5)))
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	t = min(max(t, 0), 1)
	at := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return color.RGBA{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B), 255}
}
