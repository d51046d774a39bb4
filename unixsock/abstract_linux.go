package unixsock

// AbstractSupported tells whether sockets may have names that are no files
// [abstract_sockets_supported]. Linux has them, Android too, and nobody else.
const AbstractSupported = true
