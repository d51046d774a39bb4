package multiproc

import (
	"context"
	"fmt"

	"multiproc/internal/remote"
)

// preload runs the program's Preload hook, in a process that is not the main
// one.
func (c *childhood) preload(ctx context.Context) error {
	hook := mainOptions.Load().Preload
	if hook == nil {
		return nil
	}
	return contained(func() error {
		if err := hook(ctx); err != nil {
			return fmt.Errorf("multiproc: Preload: %w", err)
		}
		return nil
	}, func() {
		if exit.begin() { // else it was Exit
			c.fail(remote.FromGoexit())
			exit.finish(1)
		}
		select {} // the main goroutine must not end
	})
}
