package track

import (
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"multiproc/internal/wire"
)

// shortFrames are one of each kind that an owner sends, and what they say.
var shortFrames = []wire.Frame{
	{Kind: kindHello, Payload: hello{7, "name", true, false}.encode()},
	{Kind: kindRegister, Payload: registration{1, claim{"kind", string(make([]byte, 300))}, "here"}.encode()},
	{Kind: kindChild, Payload: childNote{2, 8, true, second}.encode()},
	{Kind: kindLine},
	{Kind: kindBye, Payload: encodeID(300)},
}

func shortBytes() (b []byte) {
	for _, f := range shortFrames {
		b = wire.Append(b, f.Kind, f.Payload)
	}
	return b
}

func shortExpect(t *testing.T, l *link) {
	t.Helper()
	for _, want := range shortFrames {
		got, err := l.receive()
		if err != nil || got.Kind != want.Kind || !slices.Equal(got.Payload, want.Payload) {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	}
}

// A stream has no edges: frames come as they were sent, a byte at a time.
func TestByteByByte(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	l := newLink(ours)
	defer l.close()
	go func() {
		defer theirs.Close()
		for _, b := range shortBytes() {
			if _, err := theirs.Write([]byte{b}); err != nil {
				return // which the other side tells
			}
		}
	}()
	shortExpect(t, l)
	if _, err := l.receive(); !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("at the end: %v", err)
	}
}

// Wherever a stream is torn, it is an error, and not a frame.
func TestTornFrames(t *testing.T) {
	t.Parallel()
	all := shortBytes()
	whole := map[int]bool{}
	end := 0
	for _, f := range shortFrames {
		end += len(wire.Append(nil, f.Kind, f.Payload))
		whole[end] = true
	}
	for n := 1; n < len(all); n++ {
		ours, theirs := net.Pipe()
		l := newLink(ours)
		go func() {
			_, _ = theirs.Write(all[:n])
			theirs.Close()
		}()
		var err error
		for err == nil {
			_, err = l.receive()
		}
		if whole[n] != errors.Is(err, io.EOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
		l.close()
	}
}
