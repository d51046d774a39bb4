//go:build !unix

package pool_test

func play() {}
