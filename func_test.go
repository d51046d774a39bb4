package multiproc_test

import (
	"context"
	"testing"

	"multiproc"
)

var square = multiproc.NewFunc("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func TestCall(t *testing.T) {
	t.Parallel()
	if got, err := square.Call(t.Context(), 12); got != 144 || err != nil {
		t.Errorf("Call(12) = %d, %v; want 144", got, err)
	}
}
