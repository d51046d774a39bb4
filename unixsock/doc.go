// Package unixsock tells what an address of a Unix domain socket may be on this
// system: how long, and whether it may do without a file.
//
// # Length
//
// An address has room for about a hundred bytes, whatever the file system
// allows, and a long TMPDIR fills that quickly. bind(2) says EINVAL then, which
// tells nobody what is wrong: compare with [MaxPath] first. The limit is on the
// path as it is given, so that a relative one may reach where the absolute one
// does not.
//
// # Abstract names
//
// On Linux a socket may have a name that is no file: it goes with the socket, and
// nothing has to be removed. It has no permissions either. Any process in the
// same network namespace, of any user, may connect, and may take the name
// before its owner does. What listens there must look at who is calling
// (SO_PEERCRED, see unix(7)); for private sockets use a file in a directory of
// mode 0700, or a socket pair. CPython used abstract names by default until that
// was a hole in it (CVE-2022-42919).
//
// Nothing here opens, binds or removes anything.
package unixsock
