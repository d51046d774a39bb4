package tempdir

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"multiproc/internal/sys"
	"multiproc/unixsock"
)

// leaf is the name of a socket in its directory.
const leaf = "s"

// shortPlaces are where sockets go that TMPDIR is too long for.
var shortPlaces = func() []string {
	if runtime.GOOS == "windows" {
		return nil
	}
	return []string{"/tmp", "/run/user/" + strconv.Itoa(sys.Getuid()), "/dev/shm"}
}

// Socket returns an absolute path that a Unix socket can be bound to, in a
// directory of its own, of mode 0700, that nobody else can reach into. The
// socket is the caller's to make. remove is as that of [Make], and takes the
// socket along, as does the exit.
//
// The path fits into sun_path, counted in bytes, whatever TMPDIR is: for one
// that is too long, the directory is made in the first of /tmp, /run/user/UID
// and /dev/shm that allows it. If none does, the error wraps
// syscall.ENAMETOOLONG and says how long TMPDIR is, how long it may be, and
// what was wrong with the others. A TMPDIR that is short enough and not usable
// is an error as for [Get].
//
// No abstract address is returned: those have no permissions.
func Socket() (address string, remove func() error, err error) {
	wanted, err := place()
	if err != nil {
		return "", nil, err
	}
	if fits(wanted) {
		return socketIn(wanted)
	}
	var errs []error
	for _, place := range shortPlaces() {
		if !fits(place) {
			continue
		}
		if address, remove, err = socketIn(place); err == nil {
			return address, remove, nil
		}
		errs = append(errs, err)
	}
	return "", nil, &tooLong{wanted, errs}
}

func socketIn(place string) (address string, remove func() error, err error) {
	d, err := newDir(place, "", "")
	if err != nil {
		return "", nil, err
	}
	d.log()
	return filepath.Join(d.path, leaf), d.remove, nil
}

// tail is what a socket's path has after its place.
var tail = len(string(filepath.Separator)+prefix) + textLen + len("-") + textLen + len(string(filepath.Separator)+leaf)

func fits(place string) bool {
	return len(strings.TrimSuffix(place, string(filepath.Separator)))+tail <= unixsock.MaxPath
}

// tooLong says that there is no place for a socket.
type tooLong struct {
	place  string
	others []error
}

func (e *tooLong) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "tempdir: TMPDIR is too long for a socket: %q is %d bytes long, of at most %d (a path holds %d, and %d follow)",
		e.place, len(e.place), unixsock.MaxPath-tail, unixsock.MaxPath, tail)
	for _, err := range e.others {
		fmt.Fprintf(&s, "; %v", err)
	}
	return s.String()
}

func (e *tooLong) Unwrap() []error { return append([]error{syscall.ENAMETOOLONG}, e.others...) }
