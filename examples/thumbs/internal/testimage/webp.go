package testimage

import (
	"encoding/binary"
	"image"
	"slices"
)

// webP encodes img as lossless WebP without any compression: each channel of a
// pixel is a Huffman code of eight bits. Packages that encode it well need C.
// See RFC 9649, section 3.
func webP(img *image.RGBA) []byte {
	var w bits
	w.put(0x2f, 8)
	w.put(img.Rect.Dx()-1, 14)
	w.put(img.Rect.Dy()-1, 14)
	w.put(0, 1+3)   // alpha is not used; version 0
	w.put(0, 1+1+1) // no transform, no colour cache, one set of codes

	w.literals(24) // green, and 24 symbols for lengths of copies, unused
	w.literals(0)  // red
	w.literals(0)  // blue
	w.single(255)  // alpha
	w.single(0)    // distance
	for i := 0; i < len(img.Pix); i += 4 {
		for _, channel := range []uint8{img.Pix[i+1], img.Pix[i], img.Pix[i+2]} {
			w.code(channel)
		}
	}
	return riff(append(w.out, byte(w.acc)))
}

func riff(vp8l []byte) []byte {
	padded := slices.Concat(vp8l, make([]byte, len(vp8l)%2))
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+8+len(padded)))
	out = binary.LittleEndian.AppendUint32(append(out, "WEBPVP8L"...), uint32(len(vp8l)))
	return append(out, padded...)
}

// bits are written from the lowest of each byte.
type bits struct {
	out []byte
	acc uint32
	n   int
}

func (w *bits) put(value, width int) {
	w.acc |= uint32(value) << w.n
	for w.n += width; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// code writes a Huffman code, whose bits begin with the highest.
func (w *bits) code(symbol uint8) {
	for i := 7; i >= 0; i-- {
		w.put(int(symbol>>i)&1, 1)
	}
}

// literals declares a code of 256 symbols of eight bits, and so many without
// one: their lengths, 8 and 0, are written in a code of one bit, 0 for 0.
func (w *bits) literals(unused int) {
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8}
	w.put(0, 1) // not a single symbol
	w.put(len(order)-4, 4)
	for _, length := range order {
		if length == 8 || length == 0 {
			w.put(1, 3)
		} else {
			w.put(0, 3)
		}
	}
	w.put(0, 1) // as many lengths as symbols
	for range 256 {
		w.put(1, 1)
	}
	for range unused {
		w.put(0, 1)
	}
}

// single declares a code of one symbol, which takes no bits at all.
func (w *bits) single(symbol int) {
	w.put(1, 1)
	w.put(0, 1) // one symbol
	w.put(1, 1) // of eight bits
	w.put(symbol, 8)
}
