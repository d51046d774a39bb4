// Package remote carries how a function failed from a child process to its
// parent, which is the same program: an error, a panic, or an end of its
// goroutine.
//
//	child:   c.Write(remote.FromError(err).Encode())
//	parent:  f, err := remote.Decode(data); f.Text; f.Chain()
//
// An error arrives as its text and as those parts of its tree that mean the
// same in both processes: errors that were registered with [RegisterErrors],
// the sentinels of context, errors, io, io/fs, os and os/exec, syscall.Errno,
// *fs.PathError, *os.LinkError, *os.SyscallError and *exec.Error. [errors.Is]
// and [errors.As] find those in [Failure.Chain] in the order in which they
// found them in the child. What an Is or As method of a custom type would have
// answered is lost with the type.
//
// No error makes it panic or hang: methods that panic, nil pointers, trees that
// are cyclic, endless or huge are cut where they become so.
package remote
