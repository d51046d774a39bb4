package multiproc_test

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"multiproc"
)

// crossBulk returns bytes that tell a part that went astray.
func crossBulk(size int) []byte {
	const block = 1 << 20
	b := make([]byte, size)
	random := make([]byte, block)
	rand.NewChaCha8([32]byte{7}).Read(random)
	for n := 0; n < size; n += block {
		random[0], random[1] = byte(n/block), byte(n/block>>8)
		copy(b[n:], random)
	}
	return b
}

var crossSum = multiproc.NewFunc("cross-sum", func(_ context.Context, data []byte) ([32]byte, error) {
	return sha256.Sum256(data), nil
})

var crossMake = multiproc.NewFunc("cross-make", func(_ context.Context, size int) ([]byte, error) {
	return crossBulk(size), nil
})

// PAINS 35: a large argument arrives, whole.
func TestLargeArgument(t *testing.T) {
	t.Parallel()
	data := crossBulk(crossSize)
	got, err := crossSum.Call(lifeCtx(t), data)
	if want := sha256.Sum256(data); got != want || err != nil {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
}

// PAINS 47: a large result arrives, asked for before or after the end: its
// child does not wait for somebody to read.
func TestLargeResult(t *testing.T) {
	t.Parallel()
	c := lifeStart(t, crossMake, crossSize)
	if err := c.Join(lifeCtx(t)); err != nil {
		t.Fatal(err)
	}
	got, err := c.Result(lifeCtx(t))
	if want := sha256.Sum256(crossBulk(crossSize)); sha256.Sum256(got) != want || err != nil {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// Sizes around those at which the way changes that a value takes.
func TestSizesInBetween(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 32<<10 - 64, 32 << 10, 32<<10 + 1, 64 << 10, 208 << 10, 1 << 20, 1<<20 + 1} {
		data := crossBulk(size)
		got, err := crossSum.Call(lifeCtx(t), data)
		if want := sha256.Sum256(data); got != want || err != nil {
			t.Errorf("an argument of %d bytes: got %x, %v, want %x", size, got, err, want)
		}
		back, err := crossMake.Call(lifeCtx(t), size)
		if string(back) != string(data) || err != nil {
			t.Errorf("a result of %d bytes: got %d, %v", size, len(back), err)
		}
	}
}
