// This file lets metrics.go declare a function without a body.
