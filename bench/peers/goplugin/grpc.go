package main

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// overGRPC is a worker over gRPC. Its messages are protobuf's own wrappers, so
// that nothing has to be generated.
type overGRPC struct{ plugin.NetRPCUnsupportedPlugin }

var _ plugin.GRPCPlugin = overGRPC{}

func (overGRPC) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&service, actual{})
	return nil
}

func (overGRPC) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return grpcClient{conn}, nil
}

var service = grpc.ServiceDesc{
	ServiceName: "bench.Worker",
	HandlerType: (*worker)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "Square", Handler: handler(func(w worker, in *wrapperspb.Int64Value) (any, error) {
			n, err := w.Square(int(in.GetValue()))
			return wrapperspb.Int64(int64(n)), err
		})},
		{MethodName: "Echo", Handler: handler(func(w worker, in *wrapperspb.BytesValue) (any, error) {
			b, err := w.Echo(in.GetValue())
			return wrapperspb.Bytes(b), err
		})},
	},
}

// A method is what gRPC calls in the server.
type method = func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error)

// handler is what protoc-gen-go-grpc would generate for a method.
func handler[T any](f func(worker, *T) (any, error)) method {
	return func(srv any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(T)
		if err := decode(in); err != nil {
			return nil, err
		}
		return f(srv.(worker), in)
	}
}

type grpcClient struct{ conn *grpc.ClientConn }

func (g grpcClient) Square(n int) (int, error) {
	var out wrapperspb.Int64Value
	err := g.conn.Invoke(context.Background(), "/bench.Worker/Square", wrapperspb.Int64(int64(n)), &out)
	return int(out.GetValue()), err
}

func (g grpcClient) Echo(b []byte) ([]byte, error) {
	var out wrapperspb.BytesValue
	err := g.conn.Invoke(context.Background(), "/bench.Worker/Echo", wrapperspb.Bytes(b), &out)
	return out.GetValue(), err
}
