// Package tempdir makes directories for temporary files that go with their
// process, and places for sockets that can be bound.
//
//	dir, err := tempdir.Get()                  // this process's own, made once
//	scratch, remove, err := tempdir.Make("job-*")
//	defer remove()                             // now; else at exit
//	address, remove, err := tempdir.Socket()   // net.Listen("unix", address) works
//	removed, err := tempdir.Sweep()            // what others had no time to remove
//
// # Promises
//
//   - A directory is its process's own: of mode 0700 whatever the umask, with a
//     name nobody can guess, and never inherited. A file that must outlive a child
//     belongs into a directory that the parent made.
//   - It is removed at exit, by a finalizer of priority -100 (package finalize):
//     after the child processes have ended and after most other finalizers.
//   - It is known to the tracker before it exists. So it also goes when the
//     process is killed, calls [os.Exit] or log.Fatal.
//   - Where there is no tracker (neither Main nor Init of package multiproc has
//     run) it is made all the same; then a process that gets no time to clean up
//     leaves it to the [Sweep] of a later one.
//   - Sweep removes what belongs to dead processes of this user, and nothing else.
//     It goes by a lock that the kernel frees, never by age.
//   - Removing follows no symbolic link, not even one that is put in place
//     meanwhile, and stops at no read-only directory. What can't be removed is
//     named, and can be tried again.
//   - A call that fails leaves nothing behind and is not remembered.
//
// In plain words: ask for a directory and forget it.
//
// # What is in the place for temporary files
//
// Beside the directories multiproc-TOKEN-… of a process there is, while there is
// any, its lock: an empty file multiproc-TOKEN.lock. It is made and locked
// before the first of them and removed after the last, and costs one descriptor
// for all of them, which is close-on-exec. A directory without a lock file is
// nobody's that Sweep would know of. The place is [os.TempDir], made absolute
// when a directory is made; a process that changes TMPDIR has a lock in each.
//
// # Traps
//
//   - What is mounted below a directory is emptied like the rest of it, and then is
//     a leftover, since the mount point is busy.
//   - A directory that the program itself has renamed is no longer known.
//   - C code that forks without exec keeps the lock alive in the copy; the
//     directories then stay until that ends too.
//   - A file system without locks, such as some network ones, gives directories
//     that Sweep leaves alone.
//   - On Windows [Sweep] tells the living from the dead by a file that is open
//     unshared, and does not look at whose it is; modes are what Windows makes of
//     them.
//
// # When not to use it
//
// In a test, use testing.T.TempDir. For one file that is gone on the next line,
// [os.CreateTemp] and a defer are enough.
package tempdir
