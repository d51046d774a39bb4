package main

import (
	"net/rpc"

	"github.com/hashicorp/go-plugin"
)

// overNetRPC is a worker over net/rpc.
type overNetRPC struct{}

func (overNetRPC) Server(*plugin.MuxBroker) (any, error) { return rpcServer{}, nil }

func (overNetRPC) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return rpcClient{c}, nil }

type rpcServer struct{ actual }

func (s rpcServer) DoSquare(n int, square *int) (err error) {
	*square, err = s.Square(n)
	return err
}

func (s rpcServer) DoEcho(b []byte, back *[]byte) (err error) {
	*back, err = s.Echo(b)
	return err
}

type rpcClient struct{ c *rpc.Client }

func (r rpcClient) Square(n int) (square int, err error) {
	err = r.c.Call("Plugin.DoSquare", n, &square)
	return square, err
}

func (r rpcClient) Echo(b []byte) (back []byte, err error) {
	err = r.c.Call("Plugin.DoEcho", b, &back)
	return back, err
}
