// Goplugin is hashicorp/go-plugin as a peer: as many plugins as workers, which
// speak net/rpc or, with the argument grpc, gRPC.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/go-plugin"

	"multiproc/bench/internal/serve"
)

// handshake tells a plugin from the peer itself.
var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "BENCH_PLUGIN", MagicCookieValue: "worker"}

// A worker is what a plugin offers.
type worker interface {
	Square(n int) (int, error)
	Echo(b []byte) ([]byte, error)
}

// plugins are the ways to it: go-plugin speaks gRPC if all of a set can.
var plugins = map[string]plugin.PluginSet{
	"netrpc": {"netrpc": overNetRPC{}},
	"grpc":   {"grpc": overGRPC{}},
}

func main() {
	if len(os.Args) != 2 || plugins[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: goplugin netrpc|grpc")
		os.Exit(2)
	}
	if os.Getenv(handshake.MagicCookieKey) != "" {
		config := &plugin.ServeConfig{HandshakeConfig: handshake, Plugins: plugins[os.Args[1]]}
		if os.Args[1] == "grpc" {
			config.GRPCServer = plugin.DefaultGRPCServer
		}
		plugin.Serve(config)
		return
	}
	err := serve.Serve(os.Stdin, os.Stdout, func(n int) (serve.Pool, error) { return open(os.Args[1], n) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "goplugin:", err)
		os.Exit(1)
	}
}

// actual is the worker itself, in the plugin.
type actual struct{}

var _ worker = actual{}

func (actual) Square(n int) (int, error) { return serve.Square(n), nil }

func (actual) Echo(b []byte) ([]byte, error) { return b, nil }
