package sys

import (
	"errors"
	"os"
)

// Pair is not available.
func Pair() (*os.File, int, error) { return nil, -1, errors.ErrUnsupported }

// Close is not available.
func Close(int) error { return errors.ErrUnsupported }

// Duplicate is not available.
func Duplicate(int) (int, error) { return -1, errors.ErrUnsupported }

// CloseInherited does nothing: see CloseOnExec.
func CloseInherited() error { return nil }

// CloseOnExec does nothing: handles are not inherited unless asked for.
func CloseOnExec(int) {}

// Pollable is not available.
func Pollable(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }

// Read is not available.
func Read(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

// RecvNow is not available.
func RecvNow(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

// IsOpen reports nothing open.
func IsOpen(int) bool { return false }

// Getuid is -1.
func Getuid() int { return -1 }

// SocketID is not available.
func SocketID(int) (uint64, error) { return 0, errors.ErrUnsupported }

// Peer is not available.
func Peer(int) (pid, uid int, err error) { return 0, 0, errors.ErrUnsupported }

// SendNow is not available.
func SendNow(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

// OpenNull is not available.
func OpenNull() (int, error) { return -1, errors.ErrUnsupported }

// Readable is false.
func Readable(int) bool { return false }

// MaxRights is that of Linux.
const MaxRights = 253

// SendRights is not available.
func SendRights(int, []byte, []int) (int, error) { return 0, errors.ErrUnsupported }

// RecvRights is not available.
func RecvRights(int, []byte) (int, []int, error) { return 0, nil, errors.ErrUnsupported }

// AwaitRights is not available.
func AwaitRights(int, []byte) (int, []int, error) { return 0, nil, errors.ErrUnsupported }

// Chdir is not available.
func Chdir(int) error { return errors.ErrUnsupported }

// OpenDir is not available.
func OpenDir(string) (int, error) { return -1, errors.ErrUnsupported }

// IsNonblock reports false.
func IsNonblock(int) bool { return false }

// Dup is not available.
func Dup(int) (int, error) { return -1, errors.ErrUnsupported }

// Replace is not available.
func Replace(int, int, bool) error { return errors.ErrUnsupported }
