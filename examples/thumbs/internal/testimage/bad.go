package testimage

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"path"
)

// BombSide is the width and height of the bomb of testdata.
const BombSide = 60_000

// Bad returns pictures that can't be shown, but for the bomb: each of good cut
// off, and what was never a picture. The one named crash.png is fine, for whoever
// needs a victim.
func Bad(good map[string][]byte) map[string][]byte {
	files := map[string][]byte{
		"crash.png": good["fractals/mandelbrot.png"],
		"empty.jpg": {},
		"notes.png": []byte("This is a text.\n"),
	}
	for name, data := range good {
		files["truncated"+path.Ext(name)] = data[:len(data)*3/5]
	}
	return files
}

// Bomb returns a PNG file of side × side black pixels, an eight-thousandth of
// what a decoder makes of it: one bit each in the file, one byte in memory.
func Bomb(side int) ([]byte, error) {
	var pixels bytes.Buffer
	z, err := zlib.NewWriterLevel(&pixels, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	row := make([]byte, 1+(side+7)/8) // the row's filter comes first
	for range side {
		if _, err := z.Write(row); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(side))
	header = binary.BigEndian.AppendUint32(header, uint32(side))
	header = append(header, 1, 0, 0, 0, 0) // one bit, grey, and no choices

	out := []byte("\x89PNG\r\n\x1a\n")
	out = chunk(out, "IHDR", header)
	out = chunk(out, "IDAT", pixels.Bytes())
	return chunk(out, "IEND", nil), nil
}

func chunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	body := append([]byte(kind), data...)
	out = append(out, body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}
