package unixsock_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"multiproc/unixsock"
)

// The system call itself, without package net.
func TestBind(t *testing.T) {
	t.Chdir(t.TempDir())
	for n, want := range map[int]error{unixsock.MaxPath: nil, unixsock.MaxPath + 1: syscall.EINVAL} {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: strings.Repeat("x", n)}); !errors.Is(err, want) {
			t.Errorf("bind to %d bytes: %v, want %v", n, err, want)
		}
		syscall.Close(fd)
	}
}
