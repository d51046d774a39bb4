package unixsock

import "syscall"

// MaxPath is how many bytes, not characters, the longest path has that a socket
// can be bound to: sun_path of unix(7) less the NUL that ends it. That is 107 on
// Linux and Windows, and 103 on macOS and the BSDs. (Linux itself takes a path
// without the NUL, one byte longer; the packages syscall and net don't, and
// other programs need not.)
//
// An abstract name, with its NUL or "@", may be one byte longer than MaxPath.
const MaxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// IsAbstract reports whether a socket with this address would be no file
// [is_abstract_socket_namespace]: it begins with NUL or, where there are
// abstract names, with the "@" that package net has for that. Elsewhere "@name"
// is a file, which somebody has to remove. The empty address is not abstract:
// it is no address.
func IsAbstract(address string) bool {
	return address != "" && (address[0] == 0 || AbstractSupported && address[0] == '@')
}
