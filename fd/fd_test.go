//go:build unix

package fd_test

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"multiproc/fd"
)

func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }

// bare returns a descriptor that belongs to no os.File.
func bare(t *testing.T) int {
	t.Helper()
	n, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// notOpen is a number that is above every limit.
const notOpen = 1 << 30

func TestCloseTriesAll(t *testing.T) {
	t.Parallel()
	a, b := bare(t), bare(t)
	err := fd.Close(notOpen, a, -3, b, notOpen+1)
	for _, want := range []string{"close 1073741824: ", "close -3: ", "close 1073741825: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if !errors.Is(err, syscall.EBADF) || !errors.Is(err, fd.ErrNegative) {
		t.Errorf("%v", err)
	}
	if e, ok := errors.AsType[*fd.Error](err); !ok || e.FD != notOpen || e.Op != "close" {
		t.Errorf("%+v", e)
	}
	if got := strings.Count(err.Error(), "\n"); got != 2 {
		t.Errorf("%d lines in %q", got+1, err)
	}
}

func TestCloseNothing(t *testing.T) {
	t.Parallel()
	if err := fd.Close(); err != nil {
		t.Error(err)
	}
	if err := fd.Close(bare(t)); err != nil {
		t.Error(err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	n := bare(t)
	list, err := fd.List()
	if err != nil || !slices.Contains(list, n) || !slices.IsSorted(list) {
		t.Errorf("%v, %v, want %d in it", list, err, n)
	}
	if err := fd.Close(n); err != nil {
		t.Error(err)
	}
}
