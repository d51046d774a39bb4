//go:build unix

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Truncate sets the size of a file.
func Truncate(fd int, size int64) error {
	return os.NewSyscallError("ftruncate", unix.Ftruncate(fd, size))
}

// Map maps a part of a file, shared and writable, for the life of the process.
func Map(fd int, offset int64, size int) ([]byte, error) {
	mem, err := unix.Mmap(fd, offset, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return mem, os.NewSyscallError("mmap", err)
}

// ReadAt reads a part of a file.
func ReadAt(fd int, p []byte, offset int64) (int, error) { return unix.Pread(fd, p, offset) }
