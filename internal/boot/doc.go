// Package boot is how a child finds out that it is one, and who it is.
//
// One variable of the environment names the control socket: the number of the
// descriptor and an identity of that end of the socket, which nobody but the
// kernel hands out. A variable that outlived its process (somebody captured the
// environment and gave it to another program) names a socket that is not there,
// or another one, and means nothing. Who made the socket is asked of the kernel
// too: a binary with the set-user-ID bit runs no function for another user.
package boot
