// Package rpctest is the suite of tests that authrocketgrpc and authrocketconnect pass.
package rpctest
