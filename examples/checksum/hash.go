package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
)

// A batch is what one child is to do. Paths cross byte for byte, whatever
// encoding they are in.
type batch struct {
	Paths []string
	Stop  bool // in the middle of the work, and wait to be killed
}

// A sum is what became of one path: Err is empty, or says why there is no sum.
type sum struct {
	SHA256  []byte
	Op, Err string
}

// hashBatch runs in a child. A file that can't be read is no error: it has its
// place in the result like any other.
func hashBatch(ctx context.Context, b batch) ([]sum, error) {
	sums := make([]sum, len(b.Paths))
	buf := make([]byte, 256<<10)
	for i, path := range b.Paths {
		h := &hasher{ctx: ctx, buf: buf, stop: b.Stop && i == len(b.Paths)/2}
		digest, err := h.file(path)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			sums[i].Op, sums[i].Err = cause(err)
			continue
		}
		sums[i].SHA256 = digest
	}
	if b.Stop { // the file in the middle is empty, or could not be read
		return nil, awaitDeath(ctx)
	}
	return sums, nil
}

type hasher struct {
	ctx  context.Context
	buf  []byte
	stop bool // after the first block
}

func (h *hasher) file(path string) ([]byte, error) {
	// To open a pipe would be to wait for its writer.
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("no longer a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	digest := sha256.New()
	for {
		n, err := f.Read(h.buf)
		digest.Write(h.buf[:n])
		switch {
		case err == io.EOF:
			return digest.Sum(nil), nil
		case err != nil:
			return nil, err
		case h.stop:
			return nil, awaitDeath(h.ctx)
		case h.ctx.Err() != nil: // Ctrl-C, between two blocks of a huge file
			return nil, h.ctx.Err()
		}
	}
}

// awaitDeath says that the work is half done, and then does no more of it.
func awaitDeath(ctx context.Context) error {
	if _, err := os.Stdout.WriteString("half done\n"); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// cause splits err into what was done and why it failed; the path is known.
func cause(err error) (op, text string) {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Op, pe.Err.Error()
	}
	return "read", err.Error()
}
