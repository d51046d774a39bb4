package multiproc_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"multiproc"
)

// warmAsked waits for a spare after two that were asked to end in Preload.
var warmAsked = program("warm-asked", func() {
	multiproc.MainWithOptions(func(ctx context.Context) error {
		pids := multiproc.AwaitSpares(1)
		told, err := warmTell.Call(ctx, struct{}{})
		fmt.Println(slices.Contains(pids, told.PID), told.Cache, err)
		return nil
	}, warmOptions)
})

// A spare that is asked to end before it is ready ends in order, and becomes
// nobody's child.
func TestSparesThatAreAskedToEnd(t *testing.T) {
	t.Parallel()
	cmd, dir := warmCommand(t, warmAsked, "asked")
	stageCommand(t, cmd).end(0).says("true [parsed made fresh] <nil>")
	made, ended := warmTraces(dir, "preloaded"), warmTraces(dir, "finalized")
	if len(made) < 3 || !slices.Equal(made, ended) {
		t.Errorf("made by %v, ended in order by %v", made, ended)
	}
}
