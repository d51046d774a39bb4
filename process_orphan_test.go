package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"multiproc"
	"multiproc/tracker"
)

// lifeOrphan tells that its parent lives, and then that it is dead.
var lifeOrphan = multiproc.NewFunc("life-orphan", func(ctx context.Context, path string) (int, error) {
	parent := multiproc.ParentProcess()
	early, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	early1 := parent.Join(early)
	if err := lifeTell(path+".alive", fmt.Sprint(parent.Alive(), " ", early1)); err != nil {
		return 0, err
	}
	<-parent.Done()
	<-ctx.Done()
	err := parent.Join(context.Background())
	signal := parent.Kill() // the number may be somebody else's by now
	_, known := parent.ExitCode()
	return 0, lifeTell(path+".dead", fmt.Sprint(parent.Alive(), parent.Status().Lost, known, err, signal,
		errors.Is(context.Cause(ctx), multiproc.ErrOrphaned)))
})

// lifeMiddle has two such children, the second of which could hold what tells
// the first one of the death.
var lifeMiddle = multiproc.NewFunc("life-middle", func(ctx context.Context, dir string) (int, error) {
	for _, name := range []string{"1", "2"} {
		if _, err := lifeOrphan.Start(ctx, filepath.Join(dir, name)); err != nil {
			return 0, err
		}
	}
	// Once the tracker has answered, its copy of the line keeps them alive: else
	// they would be killed with this process, and see nothing.
	if err := errors.Join(tracker.File.Register("none"), tracker.File.Unregister("none")); err != nil {
		return 0, err
	}
	if err := lifeTell(filepath.Join(dir, "settled"), ""); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, nil
})

// TESTS 64: a grandchild sees its parent die, though siblings of it live.
func TestParentsDeathIsSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	middle := lifeStart(t, lifeMiddle, dir)
	for _, name := range []string{"1", "2"} {
		if got, want := lifeHear(t, filepath.Join(dir, name+".alive")), "true context deadline exceeded"; got != want {
			t.Errorf("%s saw %s of a parent that lives, want %s", name, got, want)
		}
	}
	lifeHear(t, filepath.Join(dir, "settled"))
	if err := middle.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1", "2"} {
		if got, want := lifeHear(t, filepath.Join(dir, name+".dead")), fmt.Sprint(false, true, false, nil, nil, true); got != want {
			t.Errorf("%s saw %s of a parent that is dead, want %s", name, got, want)
		}
	}
}
