package multiproc

// Fingerprint is what a parent and its child must agree on.
func Fingerprint() uint64 { return funcs.fingerprint() }
