package multiproc

import (
	"os"
	"slices"

	"multiproc/internal/boot"
	"multiproc/internal/seam"
	"multiproc/internal/settings"
	"multiproc/internal/sys"
)

// A legacy is what a process has of its parent from its birth on, and can't be
// given later. A spare that has another one than a child would have is of no use.
type legacy struct {
	env, restore []string // see settings.Apply
	log          seam.LogState
	kernel       string // see sys.Heredity
}

func (l *legacy) equal(m *legacy) bool {
	return l.log == m.log && l.kernel == m.kernel && slices.Equal(l.env, m.env) && slices.Equal(l.restore, m.restore)
}

// heredity is asked at each warm start.
var heredity sys.Heredity

// legacyNow is what a child would have that is started now.
func legacyNow() (l *legacy, umask int, err error) {
	l = &legacy{log: seam.LogSnapshot()}
	l.env, l.restore = settings.Apply(os.Environ())
	umask, l.kernel, err = heredity.Read()
	return l, umask, err
}

// sees reports whether a child with that environment would see what one with
// this legacy sees.
func (l *legacy) sees(env []string) bool {
	start, restore := settings.Apply(env)
	return slices.Equal(l.env, start) && slices.Equal(l.restore, restore)
}

// warm makes a spare that fits the child, if there is one.
func (c *funcChild) warm(opts *Options, record *boot.Record, files *heritage, arg []byte) bool {
	if c.detached || firstFileRight+len(files.fds) > sys.MaxRights || c.std.inheritsNonblock() || !spares.begin() {
		return false
	}
	now, umask, err := legacyNow()
	if err != nil || opts.Env != nil && !now.sees(opts.Env) {
		return false
	}
	dir, err := sys.OpenDir(opts.dir())
	if err != nil {
		return false // a cold start says what is wrong
	}
	defer func() { _ = sys.Close(dir) }()
	rights := slices.Concat(c.std.fds[:], []int{dir}, files.fds)
	record.Umask, record.Files = umask, files.names
	for range mostTries {
		sp := spares.take(now)
		if sp == nil {
			return false
		}
		if sp.handOut(c, record, arg, rights) {
			spares.given(sp)
			return true
		}
		sp.dismiss()
	}
	return false
}

// mostTries is how many spares may fail a child before it starts cold: what was
// wrong with them may be the child's, or everybody's, and each may have taken its
// time to fail.
const mostTries = 2

// dir is the working directory, as a path.
func (o *Options) dir() string {
	if o.Dir == "" {
		return "."
	}
	return o.Dir
}
