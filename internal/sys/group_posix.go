//go:build unix && !linux

package sys

const pidfdGroup = 0

// GroupLives is false: a group can't be told from another one here once its
// leader was reaped.
func (p *Proc) GroupLives() bool { return false }
