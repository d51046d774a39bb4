package boot

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"multiproc/internal/sys"
)

// Variable is the name of the variable with the token. It is removed from the
// environment of the child as soon as this module is initialised.
const Variable = "MULTIPROC_CHILD"

// Token returns the variable for a child that gets the socket end now known
// here as end under the number fd.
func Token(end, fd int) (string, error) {
	id, err := sys.SocketID(end)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s=%d:%x", Variable, fd, id), nil
}

// Errors of Claim, each with the reason why the process must not go on.
var (
	ErrForeign = errors.New("the control socket belongs to another user")
	ErrOrphan  = errors.New("the parent is gone")
)

// Claim takes the token from the environment and returns the descriptor of the
// control socket, -1 if this process is nobody's child. An error means that it
// was started as a child and can't be one.
func Claim() (int, error) {
	token, ok := os.LookupEnv(Variable)
	if !ok {
		return -1, nil
	}
	if err := os.Unsetenv(Variable); err != nil {
		return -1, err
	}
	fd, id, ok := parse(token)
	if !ok {
		return -1, nil
	}
	if got, err := sys.SocketID(fd); err != nil || got != id {
		return -1, nil //nolint:nilerr // a token that was captured and passed on: an ordinary process
	}
	sys.CloseOnExec(fd)
	return fd, checkPeer(fd)
}

func checkPeer(fd int) error {
	pid, uid, err := sys.Peer(fd)
	switch {
	case err != nil:
		return err
	case uid != sys.Getuid():
		return ErrForeign
	case pid != os.Getppid():
		return ErrOrphan
	}
	return nil
}

func parse(token string) (fd int, id uint64, ok bool) {
	number, hex, ok := strings.Cut(token, ":")
	fd, err1 := strconv.Atoi(number)
	id, err2 := strconv.ParseUint(hex, 16, 64)
	return fd, id, ok && err1 == nil && err2 == nil && fd > 2
}
